"""Search people, best match first: whole words, then beginnings, then parts, then slips of the pen, then people of units so named."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.asn.models import Employee
from app.asn.search import matching, queries
from app.asn.search.matching import IN_UNIT, SLIP_IN_UNIT, UNIT, WHOLE
from app.asn.search.queries import Agencies
from app.asn.search.wanted import any_way, local_number, tidy
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.opd.models import Unit

_NOBODY = UUID(int=0)
_UNITS_AT_ONCE = 10
_NIP_LENGTH = 18
_FEW_STAFF = 500  # read one by one; where more stand in the units the index is read in its order until the page is full


@dataclass(frozen=True, slots=True)
class Mark:
    """Where somebody stands in the results: the kind of match, then the order within it."""

    step: int
    word: str
    name: str
    employee_id: UUID
    unit_id: UUID = _NOBODY


@dataclass(frozen=True, slots=True)
class Filters:
    """What else must hold of the people found."""

    agency_id: UUID | None = None
    unit_id: UUID | None = None
    employment: str | None = None

    def conditions(self, of: str) -> tuple[list[str], dict[str, Any]]:
        """Return the conditions and their values, on the person whose id the SQL text names."""
        found, values = [], {}
        for name, value in (("unit_id", self.unit_id), ("employment", self.employment)):
            if value is not None:
                found.append(queries.ONLY[name].format(of=of))
                values[f"only_{name}"] = value
        return found, values


async def search(
    session: Session, actor: Principal, q: str, filters: Filters, *, after: Mark | None, limit: int
) -> tuple[list[tuple[Employee, Unit]], Mark | None]:
    """Return a page of current people inside the caller's scope, and the mark of its end when there are more.

    Only the caller's agencies are read, also to find spellings: neither results nor time tell of others.
    """
    actor.require(Permission.EMPLOYEE_READ)
    agencies: Agencies = None if actor.scope.agencies is None else sorted(actor.scope.agencies)
    if filters.agency_id is not None:
        agencies = [filters.agency_id] if agencies is None or filters.agency_id in agencies else []
    number = local_number(q)
    words = [number] if number else list(dict.fromkeys((await queries.fold(session, tidy(q))).split()))
    if not words or agencies == [] or not _may_ask(actor, words):
        return [], None
    marks: list[Mark] = []
    async for mark in _matches(session, agencies, words, filters, after, limit + 1):
        marks.append(mark)
        if len(marks) > limit:
            break
    page = marks[:limit]
    people = await queries.get_people(session, agencies, [mark.employee_id for mark in page])
    found = [people[mark.employee_id] for mark in page if mark.employee_id in people]
    return found, page[-1] if len(marks) > limit else None


def _may_ask(actor: Principal, words: Sequence[str]) -> bool:
    """Whoever sees numbers masked may not find out their hidden digits by asking for parts."""
    digits = [word for word in words if any(letter.isdigit() for letter in word)]
    return actor.may(Permission.NIP_READ) or all(w.isdigit() and len(w) == _NIP_LENGTH for w in digits)


async def _matches(
    session: Session, agencies: Agencies, words: list[str], filters: Filters, after: Mark | None, limit: int
) -> AsyncIterator[Mark]:
    """Yield matches from a mark on, best first."""
    wanted = await matching.lead_of(session, agencies, words)
    conditions, values = filters.conditions("t.employee_id")
    for step in range(after.step if after else WHOLE, IN_UNIT):
        run = matching.matches(session, agencies, wanted, step, conditions, values, _place(after, step), limit)
        async for word, name, employee_id in run:
            yield Mark(step, word, name, employee_id)
    of_units = await queries.list_unit_words(session, agencies, [word for word in words if not word.isdigit()])
    personal = [word for word in words if word not in of_units]
    # Who is found by the name alone was listed before.
    ways = [any_way(word, wanted.near.get(word, []), f"all{number}") for number, word in enumerate(words)]
    listed = " AND ".join(condition for condition, _ in ways)
    for _, given in ways:
        values |= given
    if of_units and personal:
        async for mark in _named_in_units(
            session, agencies, of_units, personal, [*conditions, f"AND NOT ({listed})"], values, after, limit
        ):
            yield mark
    elif of_units:
        conditions, _ = filters.conditions("e.id")
        conditions.append(queries.UNLISTED.format(listed=listed))
        async for mark in _staff(session, agencies, of_units, conditions, values, after, limit):
            yield mark


async def _named_in_units(
    session: Session,
    agencies: Agencies,
    of_units: list[str],
    personal: list[str],
    conditions: list[str],
    values: dict[str, Any],
    after: Mark | None,
    limit: int,
) -> AsyncIterator[Mark]:
    """Yield who has the personal words in the name and is in a unit that has the others."""
    patterns = [_begun(word) for word in of_units]
    staff = await queries.list_few_staff(session, agencies, patterns, _FEW_STAFF)
    if len(staff) < _FEW_STAFF:
        values = {**values, "staff": staff}
    else:
        conditions = [queries.IN_UNITS, *conditions]
        values = {**values, **queries.named(agencies, patterns)}
    wanted = await matching.lead_of(session, agencies, personal)
    for step in (IN_UNIT, SLIP_IN_UNIT):
        if after is None or after.step <= step:
            run = matching.matches(session, agencies, wanted, step, conditions, values, _place(after, step), limit)
            async for word, name, employee_id in run:
                yield Mark(step, word, name, employee_id)


async def _staff(
    session: Session,
    agencies: Agencies,
    of_units: list[str],
    conditions: list[str],
    values: dict[str, Any],
    after: Mark | None,
    limit: int,
) -> AsyncIterator[Mark]:
    """Yield who is in the units so named, unit by unit."""
    start = ("", _NOBODY)
    if after is not None and after.step == UNIT:
        start = (after.word, after.unit_id)
        conditions = [*conditions, queries.STAFF_AFTER]
        values = {**values, "after_unit": after.word, "after_unit_id": after.unit_id}
        values |= {"after_name": after.name, "after_id": after.employee_id}
    patterns = [_begun(word) for word in of_units]
    while units := await queries.list_units(session, agencies, patterns, after=start, most=_UNITS_AT_ONCE):
        found = await queries.list_staff(
            session, [unit for unit, _ in units], filters=conditions, values=values, limit=limit
        )
        for folded, unit_id, name, employee_id in found:
            yield Mark(UNIT, folded, name, employee_id, unit_id)
        start = (units[-1][1], UUID(int=units[-1][0].int + 1))


def _begun(word: str) -> str:
    return f"% {word}%"


def _place(after: Mark | None, step: int) -> tuple[str, str, UUID] | None:
    return (after.word, after.name, after.employee_id) if after is not None and after.step == step else None
