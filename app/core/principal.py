"""Who is asking: made at the edge by `identity`, passed down, never looked up."""

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import NotPermitted
from app.core.permission import PERMISSIONS, Permission, Role


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
    """The caller: an employee with a session, or a token with a role."""

    id: UUID
    role: Role
    scope: Scope
    employee_id: UUID | None = None
    session_id: UUID | None = None
    kiosk_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role carries the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless the caller's role carries the permission."""
        if not self.may(permission):
            raise NotPermitted(permission=permission.value)

    def require_employee(self) -> UUID:
        """Return the caller's employee id; a token is nobody's person and is refused."""
        self.require(Permission.SELF_SIGN)
        if self.employee_id is None:
            raise NotPermitted(permission=Permission.SELF_SIGN.value)
        return self.employee_id
