"""SQL of who has not signed: the partial index of pending people, walked in its own order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select, tuple_

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.identity.models import Passkey, Pin
from app.obligation.models import Participant

Place = tuple[UUID, str, UUID]
"""Agency, name, employee: the order of the list, which is that of the index."""


_PASSKEY = select(Passkey.credential_id).where(Passkey.employee_id == Participant.employee_id).exists()
_PIN = select(Pin.employee_id).where(Pin.employee_id == Participant.employee_id).exists()
_MAIL, _PHONE = Employee.email != "", Employee.phone != ""
_COLUMNS = (
    Participant.employee_id,
    Participant.name,
    Participant.nip,
    Participant.agency_id,
    Participant.unit_id,
    Participant.employment,
    Participant.printed,
    _PASSKEY.label("passkey"),
    and_(_PIN, _MAIL).label("pin"),
    _MAIL.label("email"),
    _PHONE.label("phone"),
)


async def list_outstanding(
    session: Session,
    round_id: UUID,
    scope: Scope,
    *,
    agency_id: UUID | None,
    unit_id: UUID | None,
    search: str | None,
    reachable: bool | None,
    after: Place | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return people of a round who have not signed, by agency and name, with their ways to sign."""
    place = tuple_(Participant.agency_id, Participant.name, Participant.employee_id)
    statement = (
        select(*_COLUMNS)
        .join(Employee, Employee.id == Participant.employee_id)
        .where(Participant.round_id == round_id, Participant.state == "pending")
        .order_by(Participant.agency_id, Participant.name, Participant.employee_id)
        .limit(limit)
    )
    if scope.agencies is not None:
        statement = statement.where(Participant.agency_id.in_(scope.agencies))
    if agency_id is not None:
        statement = statement.where(Participant.agency_id == agency_id)
    if unit_id is not None:
        statement = statement.where(Participant.unit_id == unit_id)
    if search:
        pattern = search.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(func.lower(Participant.name).like(f"%{pattern}%"))
    if reachable is not None:
        way = or_(_PASSKEY, and_(_PIN, _MAIL))
        statement = statement.where(way if reachable else ~way)
    if after is not None:
        statement = statement.where(place > after)
    return (await session.execute(statement)).all()
