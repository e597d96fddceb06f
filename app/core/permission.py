"""Permissions and the roles that carry them (interfaces.md, "Roles")."""

from enum import StrEnum


class Permission(StrEnum):
    """Everything a caller may be allowed to do, in alphabetical order."""

    ACCESS_READ = "access.read"
    ACTIVATION_ISSUE = "activation.issue"
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
    NIP_READ = "nip.read"
    NIP_UNMASK = "nip.unmask"
    OBLIGATION_READ = "obligation.read"
    PERSONAL_DATA = "personal.data"
    RECOVERY_APPROVE = "recovery.approve"
    REMINDER_WRITE = "reminder.write"
    REMOTE_DECIDE = "remote.decide"
    ROSTER_IMPORT = "roster.import"
    ROUND_OPEN = "round.open"
    ROUND_READ = "round.read"
    ROUND_WRITE = "round.write"
    SCAN_WRITE = "scan.write"
    SELF_SIGN = "self.sign"
    TOKEN_CREATE = "token.create"  # noqa: S105 - the name of a permission
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


_READ = {Permission.ROUND_READ, Permission.UNIT_READ, Permission.COMPLIANCE_READ}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ASN: frozenset({Permission.SELF_SIGN}),
    Role.AUDITOR: frozenset(
        _READ
        | {
            Permission.ACCESS_READ,
            Permission.OBLIGATION_READ,
            Permission.EMPLOYEE_READ,
            Permission.DOCUMENT_READ,
            Permission.EXEMPTION_READ,
            Permission.NIP_UNMASK,
        }
    ),
    Role.BKPSDM_ADMIN: frozenset(set(Permission) - {Permission.SELF_SIGN}),
    Role.DASHBOARD: frozenset({Permission.COMPLIANCE_READ, Permission.ROUND_READ}),
    Role.HEAD: frozenset(_READ | {Permission.SELF_SIGN, Permission.OBLIGATION_READ}),
    Role.OPD_ADMIN: frozenset(
        _READ
        | {
            Permission.COUNTERSIGNER_WRITE,
            Permission.EXEMPTION_READ,
            Permission.EXEMPTION_REQUEST,
            Permission.KIOSK_WRITE,
            Permission.NIP_READ,
            Permission.OBLIGATION_READ,
            Permission.EMPLOYEE_READ,
            Permission.DOCUMENT_PRINT,
            Permission.DOCUMENT_READ,
            Permission.ACTIVATION_ISSUE,
            Permission.RECOVERY_APPROVE,
            Permission.SCAN_WRITE,
        }
    ),
}
