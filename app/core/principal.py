"""Who is asking: made at the edge by `identity`, passed down, never looked up."""

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import ApprovalNeeded, ConfirmationNeeded, NotPermitted
from app.core.permission import CONFIRMED, FOUR_EYES, PERMISSIONS, Permission, Role


@dataclass(frozen=True, slots=True)
class Scope:
    """Which agencies (OPD) the caller may see: all of them, or the named ones. Every list query takes one."""

    agencies: frozenset[UUID] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden from the caller."""
        return self.agencies is None


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: an employee or an administrator's account with a session, or a token with a role.

    `confirmed` is false for an account's session whose passkey was used too long ago for dangerous acts; `four_eyes` is true where a
    second administrator has to approve what `FOUR_EYES` names and has not yet.
    """

    id: UUID
    role: Role
    scope: Scope
    employee_id: UUID | None = None
    session_id: UUID | None = None
    account_id: UUID | None = None
    confirmed: bool = True
    four_eyes: bool = False
    kiosk_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role carries the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless the caller's role carries the permission.

        The one place that asks for a passkey (`ConfirmationNeeded`) or a second administrator (`ApprovalNeeded`) where one is due.
        """
        if not self.may(permission):
            raise NotPermitted(permission=permission.value)
        if permission in CONFIRMED and not self.confirmed:
            raise ConfirmationNeeded(permission=permission.value)
        if permission in FOUR_EYES and self.four_eyes:
            raise ApprovalNeeded(permission=permission.value)

    def require_account(self) -> UUID:
        """Return the caller's account id; a token or a person has none and is refused."""
        self.require(Permission.ACCOUNT_SELF)
        if self.account_id is None:
            raise NotPermitted(permission=Permission.ACCOUNT_SELF.value)
        return self.account_id

    def require_employee(self) -> UUID:
        """Return the caller's employee id; a token is nobody's person and is refused."""
        self.require(Permission.SELF_SIGN)
        if self.employee_id is None:
            raise NotPermitted(permission=Permission.SELF_SIGN.value)
        return self.employee_id
