"""Write an event in the transaction of what it tells of, and read events.

An act and its event stand or fall together. Reading one's own things writes nothing. Failed sign-ins are bounded by the locks
themselves: of strangers' wrong PINs fifteen a day are written down, in a known browser five in a row, a wrong birth date only while the
activation lives (five), and somebody who does not exist leaves none, so nobody can fill the table from outside.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.core.db import TOLD, Session
from app.core.errors import NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal
from app.identity.access import queries
from app.identity.access.filters import Filters
from app.identity.access.kinds import AccessKind
from app.identity.models import AccessEvent

ADDRESS = "address"  # where `core/http.py` leaves the caller's address in a session


def record(
    session: Session,
    kind: AccessKind,
    actor: Principal | None,
    *,
    now: datetime,
    subject_id: UUID | None = None,
    **data: Any,
) -> None:
    """Write that `actor` (None: somebody unknown) did something; `data` are plain JSON values and never a secret."""
    event = AccessEvent(
        id=new_id(),
        at=now,
        kind=kind.value,
        actor_id=actor.id if actor else None,
        role=actor.role.value if actor else "",
        subject_id=subject_id,
        address=session.info.get(ADDRESS, ""),
        data=data,
    )
    session.add(event)
    _tell(session, event)


def record_own(session: Session, kind: AccessKind, employee_id: UUID, *, now: datetime, **data: Any) -> None:
    """Write that a person did something with their own account."""
    event = _own(session, kind, employee_id, now, data)
    session.add(event)
    _tell(session, event)


async def write_own(session: Session, kind: AccessKind, employee_id: UUID, *, now: datetime, **data: Any) -> None:
    """Do the same at once, where a flush of the session would cost more than the act."""
    event = _own(session, kind, employee_id, now, data)
    _tell(session, event)
    await queries.insert_event(session, event)


async def record_many(
    session: Session,
    kind: AccessKind,
    actor: Principal,
    subjects: Sequence[UUID],
    *,
    now: datetime,
    **data: Any,
) -> None:
    """Write the same event about many people in one statement."""
    if subjects:
        rows = [
            {
                "id": new_id(),
                "at": now,
                "kind": kind.value,
                "actor_id": actor.id,
                "role": actor.role.value,
                "subject_id": subject,
                "address": session.info.get(ADDRESS, ""),
                "data": data,
            }
            for subject in subjects
        ]
        await queries.insert_events(session, rows)
        for row in rows:
            _tell(session, AccessEvent(**row))


def _tell(session: Session, event: AccessEvent) -> None:
    """Leave what is said on standard output as well, once it is committed: ids, and no data that could name anybody."""
    told = {
        "kind": event.kind,
        "event_id": str(event.id),
        "actor": str(event.actor_id or ""),
        "role": event.role,
        "subject": str(event.subject_id or ""),
        "address": event.address,
    }
    session.info.setdefault(TOLD, []).append(told)


def looked_at(
    session: Session, kind: AccessKind, actor: Principal, subject_id: UUID | None, *, now: datetime, **data: Any
) -> None:
    """Write that somebody looked at another's data; a look at one's own is nobody's business."""
    if actor.employee_id is None or actor.employee_id != subject_id:
        record(session, kind, actor, now=now, subject_id=subject_id, **data)


async def count_about(session: Session, employee_id: UUID, kind: AccessKind, since: datetime) -> int:
    """Count what of a kind happened about a person after an instant, for limits by day."""
    return await queries.count_about(session, employee_id, kind.value, since)


async def list_events(
    session: Session, actor: Principal, filters: Filters, after: UUID | None, limit: int
) -> list[AccessEvent]:
    """Return events, newest first; only for whoever sees the whole service."""
    actor.require(Permission.ACCESS_READ)
    if not actor.scope.everything:
        raise NotPermitted(permission=Permission.ACCESS_READ.value)
    return await queries.list_events(session, filters, after, limit)


async def names_of(session: Session, actor: Principal, events: Sequence[AccessEvent]) -> dict[UUID, str]:
    """Return the names of the accounts, tokens and people some events tell of, by id; only for whoever may read them."""
    actor.require(Permission.ACCESS_READ)
    ids = {one for event in events for one in (event.actor_id, event.subject_id) if one is not None}
    ids |= {UUID(event.data["account"]) for event in events if event.data.get("account")}
    return await queries.names_of(session, ids)


async def names_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of accounts and tokens by id, as far as the caller's transaction sees them; whose list it is has asked for leave."""
    return await queries.names_of(session, ids) if ids else {}


async def list_own(session: Session, actor: Principal, after: UUID | None, limit: int) -> list[AccessEvent]:
    """Return what was done and seen about the caller, newest first."""
    return await queries.list_about(session, actor.require_employee(), after, limit)


def _own(session: Session, kind: AccessKind, employee_id: UUID, now: datetime, data: dict[str, Any]) -> AccessEvent:
    return AccessEvent(
        id=new_id(),
        at=now,
        kind=kind.value,
        actor_id=employee_id,
        role=Role.ASN.value,
        subject_id=employee_id,
        address=session.info.get(ADDRESS, ""),
        data=data,
    )


async def unmask(session: Session, actor: Principal, employee_id: UUID, reason: str, *, now: datetime) -> str:
    """Return a person's whole NIP and write down who asked for it and why. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.NIP_UNMASK)
    await asn.require_visible(session, actor.scope, [employee_id])
    employee = await asn.get_employee(session, employee_id)
    record(session, AccessKind.NIP_UNMASKED, actor, now=now, subject_id=employee_id, reason=reason)
    return employee.nip
