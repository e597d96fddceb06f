"""The ways a name or a NIP is matched, each an ordered run through the index, so that a page costs what it shows."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypedDict
from uuid import UUID

from app.asn.search import queries
from app.asn.search.queries import Agencies
from app.asn.search.wanted import Wanted, every, exactly, may_slip, slips
from app.core.db import Session

WHOLE, WHOLE_LEAD, BEGIN, PART, SLIP, IN_UNIT, SLIP_IN_UNIT, UNIT = range(8)
"""How somebody is matched, best first; in the last three some words name the unit."""


class Asked(TypedDict):
    """What is the same for every run of a way."""

    prefix: str
    after: tuple[str, str, UUID] | None
    conditions: dict[str, Any]
    filters: list[str]
    limit: int


_WORDS_AT_ONCE = 50
_FEW, _FEW_EACH = 2_000, 100  # people, in all and of an agency: counting further does not make a better lead
_ONCE_NUMBERED = (
    "AND NOT EXISTS (SELECT FROM employee_term x WHERE x.employee_id = t.employee_id "
    "AND x.word >= :low AND x.word < :high AND x.word < t.word)"
)
_NOT_BEGUN = "AND strpos(' ' || t.name, ' ' || :lead) = 0 "
_NOT_IN = "AND strpos(t.name, :lead) = 0 "
_FIRST_PART = (
    "AND t.word = (SELECT min(x COLLATE \"C\") FROM unnest(string_to_array(t.name, ' ')) x WHERE strpos(x, :lead) > 0)"
)
_FIRST_SLIP = (
    "AND t.word = (SELECT min(x COLLATE \"C\") FROM unnest(string_to_array(t.name, ' ')) x WHERE x = ANY(:words))"
)


async def lead_of(session: Session, agencies: Agencies, words: list[str]) -> Wanted:
    """Let the rarest word lead; find what the others may be misspelled as."""
    if len(words) == 1:
        return Wanted(words[0])
    most = _FEW if agencies is None else max(_FEW // len(agencies), _FEW_EACH)
    counts = await queries.count_words(session, agencies, words, most)
    lead = min(words, key=lambda word: (counts[word], -len(word)))
    others = [word for word in words if word != lead]
    near = {w: await queries.list_keyed(session, agencies, "near", slips(w)) for w in others if may_slip(w)}
    return Wanted(lead, tuple(others), near)


async def matches(
    session: Session,
    agencies: Agencies,
    wanted: Wanted,
    step: int,
    conditions: list[str],
    values: dict[str, Any],
    after: tuple[str, str, UUID] | None,
    limit: int,
) -> AsyncIterator[tuple[str, str, UUID]]:
    """Yield (word, folded name, employee) of who is matched in one way, in that order, from a mark on.

    `conditions` on the row `t` are kept beside what the way itself asks for.
    """
    way = _way(wanted, step)
    if way is None:
        return
    others, given = (exactly if step == WHOLE else every)(wanted)
    conditions = [*conditions, *way, *([f"AND {others}"] if others else [])]
    values = {**values, **given}
    if step == WHOLE_LEAD:
        same, given = exactly(wanted)
        conditions.append(f"AND NOT ({same})")
        values |= given
    if step in {PART, SLIP, SLIP_IN_UNIT}:
        values["lead"] = wanted.lead
    asked: Asked = {"prefix": wanted.lead, "after": after, "conditions": values, "filters": conditions, "limit": limit}
    async for words in _runs(session, agencies, wanted.lead, step, after[0] if after else ""):
        for row in await queries.list_found(session, agencies, words=words, **asked):
            yield row


def _way(wanted: Wanted, step: int) -> list[str] | None:
    """Return what a way of matching asks of a row beside its word; None when the words cannot be matched so."""
    if step in {BEGIN, IN_UNIT}:
        if wanted.lead_is_number:
            return [_ONCE_NUMBERED]
        return ["AND t.word <> :low"] if step == BEGIN else []
    if step in {WHOLE, WHOLE_LEAD}:
        asked = not wanted.lead_is_number and (step == WHOLE or wanted.others)
        return [] if asked else None
    if step == PART:
        return [_NOT_BEGUN, _FIRST_PART] if wanted.has_parts else None
    return [_NOT_IN, _FIRST_SLIP] if wanted.has_slips else None


async def _runs(
    session: Session, agencies: Agencies, lead: str, step: int, after: str
) -> AsyncIterator[Sequence[str] | None]:
    """Yield the words to run through, some at a time; None for every word that begins as the leading one."""
    if step in {BEGIN, IN_UNIT}:
        yield None
    elif step in {WHOLE, WHOLE_LEAD}:
        yield [lead]
    elif step == PART:
        while words := await queries.list_holding(session, agencies, lead, after, _WORDS_AT_ONCE):
            yield words
            after = words[-1] + " "  # behind that word, before any other
    elif words := await queries.list_keyed(session, agencies, "near", slips(lead)):
        yield words
