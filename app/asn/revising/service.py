"""Revise one employee, correction apart from change, and join two records of one person; everything logged, nothing rewritten."""

import hashlib
import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.asn import nip as nips
from app.asn.applying.queries import lock_state
from app.asn.errors import DifferentPeople, EmployeeInvalid, NipHeld
from app.asn.history.service import get_visible
from app.asn.models import Employee
from app.asn.revising import queries
from app.asn.revising.schemas import EmployeeMerge, EmployeeUpdate
from app.asn.search import indexing
from app.core import jobs
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd import service as opd
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

_ASIDE = {"kind", "reason", "effective_on"}
TELL_JOB = "asn.tell_old_address"
_NO_HISTORY = {"email", "phone"}


async def revise(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    employee_id: UUID,
    body: EmployeeUpdate,
    *,
    now: datetime,
    today: date,
) -> None:
    """Correct or change a person's record; a staged import that was compared with the record before is outdated by it.

    Raises `NotFound`, `EmployeeInvalid`, `NipHeld`. What stands already changes nothing.
    """
    actor.require(Permission.EMPLOYEE_WRITE)
    await get_visible(session, actor, employee_id)
    state = await lock_state(session)
    person = (await queries.get_locked(session, [employee_id]))[employee_id]
    since = _since(body, today)
    wanted = await _checked(session, person, body)
    changes = {name: (getattr(person, name), value) for name, value in wanted.items() if getattr(person, name) != value}
    if not changes:
        return
    if "email" in changes and person.email:
        await jobs.defer(
            session, TELL_JOB, address=person.email
        )  # codes to sign in go to the new one: its owner hears of it
    for name, (_, value) in changes.items():
        setattr(person, name, value)
    person.updated_at = now
    await session.flush()
    if changes.keys() - _NO_HISTORY:
        cause = _cause(body, changes)
        await queries.record(
            session, [person.id], cause=cause, reason=body.reason, since=since, actor=actor.id, now=now
        )
    state.revision += 1
    await indexing.keep_up(session)
    what = {"kind": body.kind, "reason": body.reason, "since": since, "changes": changes}
    await log_fact(session, log, Fact.EMPLOYEE_CHANGED, person.id, what, actor, now)


async def merge(
    session: Session,
    actor: Principal,
    log: LogIdentity,
    employee_id: UUID,
    body: EmployeeMerge,
    *,
    now: datetime,
    today: date,
) -> None:
    """Let another record of the same person go on in this one: it leaves the roster, and both histories are read as one.

    What the person signed under the other record stays signed there, and its obligations in open rounds stay where they were.
    Raises `NotFound`, `DifferentPeople`.
    """
    actor.require(Permission.EMPLOYEE_WRITE)
    for one in (employee_id, body.other_id):
        await get_visible(session, actor, one)
    state = await lock_state(session)
    people = await queries.get_locked(session, [employee_id, body.other_id])
    person, other = people[employee_id], people[body.other_id]
    _require_one_person(person, other)
    stable, other.pns_id = other.pns_id, None
    other.current, other.merged_into, other.updated_at = False, person.id, now
    await session.flush()
    person.pns_id = person.pns_id or stable
    await queries.point_to(session, other.id, person.id)
    await queries.record(session, [other.id], cause="merged", reason=body.reason, since=today, actor=actor.id, now=now)
    state.revision += 1
    await indexing.keep_up(session)
    what = {"into": person.id, "other": other.id, "reason": body.reason}
    await log_fact(session, log, Fact.EMPLOYEE_MERGED, person.id, what, actor, now)


async def log_fact(
    session: Session, log: LogIdentity, fact: Fact, subject: UUID, what: dict[str, Any], actor: Principal, now: datetime
) -> None:
    """Write the digest of what was done into the log; the log itself holds no personal data."""
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).digest()
    await transparency.record(session, log, [transparency.Entry(fact, subject, digest, now, actor.id)])


def _require_one_person(person: Employee, other: Employee) -> None:
    if person.id == other.id:
        raise DifferentPeople(reason="same record")
    if person.merged_into is not None or other.merged_into is not None:
        raise DifferentPeople(reason="merged before")
    if person.pns_id and other.pns_id and person.pns_id != other.pns_id:
        raise DifferentPeople(reason="PNS ID")
    if person.birth_date != other.birth_date:
        raise DifferentPeople(reason="birth_date")


async def _checked(session: Session, person: Employee, body: EmployeeUpdate) -> dict[str, Any]:
    """Return the values to set; raises what is wrong with them."""
    wanted = {name: value for name, value in body.model_dump(exclude=_ASIDE).items() if value is not None}
    if person.merged_into is not None:
        raise DifferentPeople(reason="merged before")
    if body.nip is not None:
        reading = nips.read(body.nip)
        if reading.nip is None:
            raise EmployeeInvalid(field="nip", reason=reading.code or "")
        wanted["nip"] = reading.nip.digits
    if body.name is not None:
        wanted["name"] = " ".join(body.name.split())
        if not wanted["name"] or wanted["name"][0] in "=+-@":
            raise EmployeeInvalid(field="name", reason="name.missing" if not wanted["name"] else "name.formula")
    if body.birth_date is not None and body.birth_date.year < 1900:
        raise EmployeeInvalid(field="birth_date", reason="nip.birth_date")
    if body.unit_id is not None:
        unit = await opd.get_open_unit(session, body.unit_id)
        if unit.parent_id is None:
            raise EmployeeInvalid(field="unit_id", reason="unit.unknown")
    if wanted.get("current", person.current) and await queries.is_held(
        session, wanted.get("nip", person.nip), person.id
    ):
        raise NipHeld
    return wanted


def _since(body: EmployeeUpdate, today: date) -> date:
    since = body.effective_on or today
    if since > today or (body.effective_on is not None and body.kind == "correction"):
        raise EmployeeInvalid(field="effective_on", reason="future" if since > today else "correction")
    return since


def _cause(body: EmployeeUpdate, changes: dict[str, Any]) -> str:
    if body.kind == "correction" or "current" not in changes:
        return body.kind
    return "returned" if changes["current"][1] else "left"
