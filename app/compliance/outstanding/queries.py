"""SQL of who has not signed: the partial index of pending people, walked in its own order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, tuple_

from app.asn.models import Employee
from app.core.db import Session
from app.core.principal import Scope
from app.identity.models import Passkey, Pin
from app.obligation.models import Participant

Place = tuple[UUID, str, UUID]
"""Agency, name, employee: the order of the list, which is that of the index."""


_PENDING: ColumnElement[str] = literal_column(
    "'pending'"
)  # a parameter would keep a prepared plan from the partial indexes
_WALK = select(func.set_config("random_page_cost", "1.1", True))
"""A rare name tempts the planner to read all people there are instead of the index of those who have not signed: 400 ms, not 100."""
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
    """Return people of a round who have not signed, by agency and name, with their ways to sign.

    Who is on the page is found in the partial index alone, which holds all that is compared; only they are looked up. A part of a name
    is looked for along the index: no page reads more of it than the agency, the unit or the round it asks for.
    """
    if search:
        await session.execute(_WALK)
    page = _page(round_id, scope, agency_id, unit_id, search, reachable, after).limit(limit)
    found = page.cte("page").prefix_with("MATERIALIZED")
    statement = (
        select(*_COLUMNS)
        .select_from(found)
        .join(
            Participant, and_(Participant.round_id == found.c.round_id, Participant.employee_id == found.c.employee_id)
        )
        .join(Employee, Employee.id == Participant.employee_id)
        .order_by(Participant.agency_id, Participant.name, Participant.employee_id)
    )
    return (await session.execute(statement)).all()


def _page(
    round_id: UUID,
    scope: Scope,
    agency_id: UUID | None,
    unit_id: UUID | None,
    search: str | None,
    reachable: bool | None,
    after: Place | None,
) -> Select[UUID, UUID, str, UUID]:
    place = tuple_(Participant.agency_id, Participant.name, Participant.employee_id)
    page = (
        select(Participant.round_id, Participant.agency_id, Participant.name, Participant.employee_id)
        .where(Participant.round_id == round_id, Participant.state == _PENDING)
        .order_by(Participant.agency_id, Participant.name, Participant.employee_id)
    )
    if scope.agencies is not None:
        page = page.where(Participant.agency_id.in_(scope.agencies))
    if agency_id is not None:
        page = page.where(Participant.agency_id == agency_id)
    if unit_id is not None:
        page = page.where(Participant.unit_id == unit_id)
    if search:
        pattern = search.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        page = page.where(func.lower(Participant.name).like(f"%{pattern}%"))
    if reachable is not None:
        way = or_(_PASSKEY, and_(_PIN, _MAIL))
        page = page.join(Employee, Employee.id == Participant.employee_id).where(way if reachable else ~way)
    if after is not None:
        page = page.where(place > after)
    return page
