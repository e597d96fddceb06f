"""Permissions and the roles that carry them (interfaces.md, "Roles")."""

from enum import StrEnum


class Permission(StrEnum):
    """Everything a caller may be allowed to do, in alphabetical order."""

    ACCESS_READ = "access.read"
    ACCOUNT_END = "account.end"
    ACCOUNT_READ = "account.read"
    ACCOUNT_SELF = "account.self"
    ACTIVATION_CONTEST = "activation.contest"
    ACTIVATION_ISSUE = "activation.issue"
    ACTIVATION_READ = "activation.read"
    APPROVAL_DECIDE = "approval.decide"
    COMPLIANCE_READ = "compliance.read"
    COUNTERSIGNER_WRITE = "countersigner.write"
    DOCUMENT_PRINT = "document.print"
    DOCUMENT_READ = "document.read"
    DOCUMENT_VOID = "document.void"
    EMPLOYEE_READ = "employee.read"
    EMPLOYEE_WRITE = "employee.write"
    EXEMPTION_DECIDE = "exemption.decide"
    EXEMPTION_READ = "exemption.read"
    EXEMPTION_REQUEST = "exemption.request"
    KEY_READ = "key.read"
    KIOSK_WRITE = "kiosk.write"
    LIST_EXPORT = "list.export"
    NIP_READ = "nip.read"
    NIP_UNMASK = "nip.unmask"
    OBLIGATION_READ = "obligation.read"
    PASSKEY_ADD = "passkey.add"
    PERSONAL_DATA = "personal.data"
    RECOVERY_APPROVE = "recovery.approve"
    REMINDER_WRITE = "reminder.write"
    REMOTE_DECIDE = "remote.decide"
    ROLE_GRANT = "role.grant"
    ROSTER_APPLY = "roster.apply"
    ROSTER_IMPORT = "roster.import"
    ROUND_OPEN = "round.open"
    ROUND_READ = "round.read"
    ROUND_WRITE = "round.write"
    SCAN_WRITE = "scan.write"
    SELF_SIGN = "self.sign"
    TOKEN_CREATE = "token.create"  # noqa: S105 - the name of a permission
    TOKEN_READ = "token.read"  # noqa: S105 - the name of a permission
    UNIT_READ = "unit.read"
    UNIT_WRITE = "unit.write"
    WEBHOOK_WRITE = "webhook.write"


class Role(StrEnum):
    """Who somebody is to the service."""

    ASN = "asn"
    AUDITOR = "auditor"
    BKPSDM_ADMIN = "bkpsdm_admin"
    DASHBOARD = "dashboard"
    HEAD = "head"
    OPD_ADMIN = "opd_admin"


_OWN = {Permission.ACCOUNT_SELF, Permission.PASSKEY_ADD}  # an account's own sessions and passkeys; a token has none
_READ = {Permission.ROUND_READ, Permission.UNIT_READ, Permission.COMPLIANCE_READ}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ASN: frozenset({Permission.SELF_SIGN}),
    Role.AUDITOR: frozenset(
        _OWN
        | _READ
        | {
            Permission.ACCESS_READ,
            Permission.ACTIVATION_CONTEST,
            Permission.ACTIVATION_READ,
            Permission.LIST_EXPORT,
            Permission.OBLIGATION_READ,
            Permission.EMPLOYEE_READ,
            Permission.DOCUMENT_READ,
            Permission.EXEMPTION_READ,
            Permission.NIP_UNMASK,
        }
    ),
    Role.BKPSDM_ADMIN: frozenset(set(Permission) - {Permission.SELF_SIGN}),
    Role.DASHBOARD: frozenset(_OWN | {Permission.COMPLIANCE_READ, Permission.ROUND_READ}),
    Role.HEAD: frozenset(
        _OWN
        | _READ
        | {
            Permission.ACTIVATION_CONTEST,
            Permission.ACTIVATION_READ,
            Permission.LIST_EXPORT,
            Permission.SELF_SIGN,
            Permission.OBLIGATION_READ,
        }
    ),
    Role.OPD_ADMIN: frozenset(
        _OWN
        | _READ
        | {
            Permission.COUNTERSIGNER_WRITE,
            Permission.EXEMPTION_READ,
            Permission.EXEMPTION_REQUEST,
            Permission.KIOSK_WRITE,
            Permission.LIST_EXPORT,
            Permission.NIP_READ,
            Permission.OBLIGATION_READ,
            Permission.EMPLOYEE_READ,
            Permission.DOCUMENT_PRINT,
            Permission.DOCUMENT_READ,
            Permission.ACTIVATION_CONTEST,
            Permission.ACTIVATION_ISSUE,
            Permission.ACTIVATION_READ,
            Permission.RECOVERY_APPROVE,
            Permission.SCAN_WRITE,
        }
    ),
}

CONFIRMED: frozenset[Permission] = frozenset(
    {
        Permission.ACCOUNT_END,
        Permission.DOCUMENT_VOID,
        Permission.EMPLOYEE_WRITE,
        Permission.EXEMPTION_DECIDE,
        Permission.LIST_EXPORT,
        Permission.PASSKEY_ADD,
        Permission.ROLE_GRANT,
        Permission.ROSTER_APPLY,
        Permission.ROUND_OPEN,
        Permission.TOKEN_CREATE,
    }
)
"""What an account's session may do only within minutes of its passkey: a browser left open does none of it.

API tokens are exempt: one was made for exactly what it does and carries its scope, and no person stands behind it who could confirm.
"""

FOUR_EYES: frozenset[Permission] = frozenset({Permission.ROLE_GRANT, Permission.ROUND_OPEN})
"""What needs a second administrator where `PAKTA_FOUR_EYES` is on (app/core/approval.py)."""
