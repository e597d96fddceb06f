"""Row-level security: what a transaction may see, held by the database even where a query forgets to ask.

Two database roles, neither of which owns anything or can pass a policy by (PostgreSQL, "Row Security Policies"):

* `pakta_service` is what every connection of the service runs as. Its policies are `USING (true)`, which the planner drops, so that
  searches over the whole agency keep their indexes.
* `pakta_scoped` is what a transaction becomes as soon as its caller is known to be limited: to agencies (an OPD's administrator), to one
  person (an ASN), or to figures (a dashboard). It sees the rows its policies let through; with nothing set it sees none.

The role and the two settings below end with the transaction, so a pooled connection carries nothing over. Whom a policy lets through is
written as sub-selects without a link to the row, which PostgreSQL evaluates once a statement.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case, cast, func, literal, text

from app.core.db import SCOPED_ROLE, SERVICE_ROLE, Session, confine_by
from app.core.permission import Permission
from app.core.principal import Principal

_CONFINE = text(
    f"SELECT set_config('role', '{SCOPED_ROLE}', true), "
    "set_config('pakta.agencies', :agencies, true), set_config('pakta.person', :person, true), "
    "set_config('pakta.account', :account, true)"
)

AGENCIES = "(SELECT string_to_array(current_setting('pakta.agencies', true), ',')::uuid[])::uuid[]"
PERSON = "(SELECT nullif(current_setting('pakta.person', true), '')::uuid)"
ACCOUNT = "(SELECT nullif(current_setting('pakta.account', true), '')::uuid)"
OFFICES = f"(SELECT array_agg(c.agency_id) FROM countersigner c WHERE c.employee_id = {PERSON})::uuid[]"  # noqa: S608 - constants
"""SQL of the caller's agencies, of the caller as a person, of the caller's account, and of the agencies the caller takes note for: none is NULL or empty."""


async def confine(session: Session, principal: Principal) -> None:
    """Let the session see no more than the caller may from here on; a caller who sees everything is not confined."""
    if principal.scope.everything and principal.may(Permission.OBLIGATION_READ):
        return
    agencies = ",".join(str(agency) for agency in principal.scope.agencies or ())
    who = {"person": str(principal.employee_id or ""), "account": str(principal.account_id or "")}
    await confine_by(session, _CONFINE, {"agencies": agencies, **who})


def confined_to(person: SQLColumnExpression[UUID], when: ColumnElement[bool]) -> ColumnElement[Any]:
    """The same for one person as an expression of a statement that finds them, for requests that must not cost one more."""
    settings = (("role", literal(SCOPED_ROLE)), ("pakta.agencies", literal("")), ("pakta.person", cast(person, String)))
    return case((when, func.concat(*(func.set_config(name, value, literal(True)) for name, value in settings))))


def policies(table: str, visible: str | None) -> list[str]:
    """SQL that puts a table under row-level security; `visible` is what the scoped role sees of it, None for nothing."""
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY service ON {table} TO {SERVICE_ROLE} USING (true)",
    ]
    if visible is not None:
        statements.append(f"CREATE POLICY scoped ON {table} TO {SCOPED_ROLE} USING ({visible})")
    return statements


def no_policies(table: str) -> list[str]:
    """SQL that takes `policies` back."""
    return [
        f"DROP POLICY IF EXISTS scoped ON {table}",
        f"DROP POLICY service ON {table}",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
