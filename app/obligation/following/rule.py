"""What a record that changed means for an open round: pure, so that every case can be read and tested.

The agency of the cut-off keeps the obligation whatever happens. Who retired, died or was dismissed leaves the denominator unless they
have signed; who comes back is asked again. A code that would defer or exempt is recorded and moves nobody: after the cut-off that
takes an approved exemption.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.obligation.legal_status import reason_of, state_of

_GONE = {"left": "roster:left", "transferred": "roster:transferred"}


@dataclass(frozen=True, slots=True)
class Situation:
    """A participant as the round has them, and as the roster does now."""

    employee_id: UUID
    agency_id: UUID
    state: str
    has_left: bool
    current: bool
    merged: bool
    survivor_takes_part: bool
    legal_status: str
    unit_id: UUID | None
    unit_agency: UUID | None
    known_unit: UUID
    known_agency: UUID | None
    known_kind: str
    known_reason: str
    since: date | None
    cause: str


@dataclass(frozen=True, slots=True)
class Move:
    """Unsigned pledges in one of the states `origins` go to `state`; those an exemption holds stay, but for pending ones."""

    state: str
    reason: str
    origins: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to be recorded, with a move or without; `quiet` is recorded only when the move moved something."""

    kind: str
    reason: str
    unit_before: UUID | None = None
    unit_after: UUID | None = None
    move: Move | None = None
    quiet: bool = False


def happenings(now: Situation, meanings: Mapping[str, str]) -> list[Happening]:
    """Return what to record about a participant."""
    if now.merged and not now.survivor_takes_part:
        return []  # the same person goes on under another record; what this one owes stays where it is
    code_state = state_of(meanings, now.legal_status)
    if now.merged or not now.current or code_state == "left":
        return [_left(now)]
    presence = _presence(now, code_state, meanings)
    return [found for found in (_transfer(now), presence) if found is not None]


def _left(now: Situation) -> Happening:
    if now.merged:
        reason = "roster:merged"
    elif not now.current:
        reason = _GONE.get(now.cause, "roster:left")
    else:
        reason = reason_of(now.legal_status)
    move = Move("left", reason, "pending,deferred,exempt")
    return Happening("left", reason, move=move, quiet=_was_away(now))


def _was_away(now: Situation) -> bool:
    return now.known_kind == "left" or (not now.known_kind and now.has_left)


def _transfer(now: Situation) -> Happening | None:
    if now.unit_id is None or now.unit_id == now.known_unit:
        return None
    kind = "moved" if now.unit_agency == now.known_agency else "transferred"
    return Happening(kind, f"roster:{now.cause or 'change'}", now.known_unit, now.unit_id)


def _presence(now: Situation, code_state: str, meanings: Mapping[str, str]) -> Happening | None:
    """Who is here: returned, or under another code than was known."""
    reason = reason_of(now.legal_status)
    if _was_away(now):
        origins = "left" if code_state != "pending" else "left,deferred,exempt"
        return Happening("returned", reason, move=Move(code_state, reason, origins))
    if code_state == "pending":
        if now.known_kind == "status_changed" and now.known_reason != reason:
            return Happening("status_changed", reason, move=Move("pending", reason, "deferred,exempt"))
        return Happening("returned", reason, move=Move("pending", reason, "deferred,exempt"), quiet=True)
    suspended = now.state in {"pending", "signed"} and meanings.get(now.legal_status) != "optional"
    known = now.known_kind == "status_changed" and now.known_reason == reason
    return Happening("status_changed", reason) if suspended and not known else None
