"""SQL of recovered accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.asn.models import Employee
from app.core.db import Session
from app.core.prepared import Prepared, Statement
from app.core.principal import Scope
from app.identity.browser.models import KnownBrowser
from app.identity.models import AccountHold, Activation, LoginSession, Passkey, Pin
from app.opd.models import Unit

_BY_PERSON = select(AccountHold).where(AccountHold.employee_id == bindparam("employee_id"))
_HOLD, _HOLD_LOCKED = Prepared(_BY_PERSON), Prepared(_BY_PERSON.with_for_update())
_THIS, _EARLIER = aliased(Activation), aliased(Activation)
_IS_RECOVERY = Statement(  # asked for everybody who is new
    select(
        exists().where(
            _THIS.id == bindparam("activation_id"),
            _EARLIER.employee_id == _THIS.employee_id,
            _EARLIER.id != _THIS.id,
            _EARLIER.settled_at <= _THIS.settled_at,
        )
    )
)


async def find_hold(session: Session, employee_id: UUID, *, lock: bool = False) -> AccountHold | None:
    """Return a person's newest hold, live or over."""
    found = await (_HOLD_LOCKED if lock else _HOLD).first(session, employee_id=employee_id)
    return found[0] if found else None


async def keep_hold(
    session: Session, activation: Activation, since: datetime, until: datetime | None, *, cause: str
) -> None:
    """Hold the account of an activation, without an end where `until` is None; a hold before this one is over."""
    values = {
        "cause": cause,
        "activation_id": activation.id,
        "issued_by": activation.issued_by,
        "since": since,
        "until": until,
        "approved_by": None,
        "approved_at": None,
    }
    statement = insert(AccountHold).values(employee_id=activation.employee_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[AccountHold.employee_id], set_=values))


async def end_other_ways(
    session: Session, employee_id: UUID, *, passkey: bytes | None, login_id: UUID, at: datetime
) -> None:
    """Remove every way to sign in but the new one (a passkey; the PIN where it is None), end every other login, know no browser."""
    others = delete(Passkey).where(Passkey.employee_id == employee_id)
    if passkey is not None:
        others = others.where(Passkey.credential_id != passkey)
        await session.execute(delete(Pin).where(Pin.employee_id == employee_id))
    await session.execute(others)
    await session.execute(delete(KnownBrowser).where(KnownBrowser.employee_id == employee_id))
    await session.execute(
        update(LoginSession)
        .where(LoginSession.employee_id == employee_id, LoginSession.id != login_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def list_held(
    session: Session, scope: Scope, now: datetime, after: UUID | None, limit: int
) -> Sequence[tuple[AccountHold, str, str]]:
    """Return live holds that nobody has approved, with the names of people and units, in the order of ids."""
    statement = (
        select(AccountHold, Employee.name, Unit.name)
        .join(Employee, Employee.id == AccountHold.employee_id)
        .join(Unit, Unit.id == Employee.unit_id)
        .where(or_(AccountHold.until.is_(None), AccountHold.until > now), AccountHold.approved_at.is_(None))
        .order_by(AccountHold.employee_id)
        .limit(limit)
    )
    if scope.agencies is not None:
        statement = statement.where(Unit.agency_id.in_(scope.agencies))
    if after is not None:
        statement = statement.where(AccountHold.employee_id > after)
    return [(hold, name, unit) for hold, name, unit in await session.execute(statement)]


async def clear_contest(session: Session, employee_id: UUID) -> None:
    """A second administrator has looked: nothing of this person is contested any more."""
    await session.execute(
        update(Activation)
        .where(Activation.employee_id == employee_id, Activation.contested_at.is_not(None))
        .values(contested_at=None)
    )


async def has_pin(session: Session, employee_id: UUID) -> bool:
    """Whether a person has a PIN."""
    return bool((await session.execute(select(exists().where(Pin.employee_id == employee_id)))).scalar_one())


async def is_recovery(session: Session, activation_id: UUID) -> bool:
    """Whether an activation was not its person's first."""
    ((found,),) = await _IS_RECOVERY.rows(session, activation_id=activation_id)
    return bool(found)


async def end_sessions(session: Session, employee_id: UUID, at: datetime) -> None:
    """End every session of a person, and let no browser be known to them."""
    await session.execute(delete(KnownBrowser).where(KnownBrowser.employee_id == employee_id))
    await session.execute(
        update(LoginSession)
        .where(LoginSession.employee_id == employee_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )
