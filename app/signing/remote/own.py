"""What a person does about the unknown outcome of an own act: ask the service again, or hand in the signed file.

Both only ever find out what is so, the file by its signature; that nothing was signed is for the administration to say.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.core.clock import Clock
from app.core.db import Database, Session
from app.core.principal import Principal
from app.core.resources import Resources
from app.signing.models import RemoteCall, SigningSession
from app.signing.remote import acts, queries
from app.signing.remote.errors import CallSettled, FileUnfit
from app.signing.remote.unknown import look_again, take_file

PAUSE = timedelta(seconds=15)
"""A person at a button asks a stranger's service about the same call no more often."""
WORDS = "Diserahkan oleh penanda tangannya sendiri."
"""What stands where an administrator says how they know."""


class HeldBack(NamedTuple):
    """An obligation that is being signed elsewhere, or may have been, and by which act."""

    obligation_id: UUID
    act_id: UUID


async def list_held_back(session: Session, actor: Principal) -> list[HeldBack]:
    """Return which obligations of the caller cannot be signed now, for an act whose end is not known yet."""
    return [HeldBack(*row) for row in await queries.list_held_back(session, actor.require_employee())]


async def last_checked(session: Session, signing: SigningSession) -> datetime | None:
    """Return when the service was asked about an act's unknown calls last."""
    calls = await queries.list_calls(session, signing.id)
    return max((c.checked_at for c in calls if c.checked_at is not None and c.state == "unknown"), default=None)


async def check_own(held: Resources, actor: Principal, act_id: UUID) -> None:
    """Look again at every unknown call of the caller's act; opens its own transactions, none while the service is asked.

    Raises `CallSettled` when nothing is unknown, and `ProviderUnavailable`.
    """
    now = held.get(Clock).now()  # type: ignore[type-abstract]
    async with held.get(Database).transaction() as session:
        calls = await _unknown(session, actor, act_id)
    for call in calls:
        if call.checked_at is None or call.checked_at + PAUSE <= now:
            await look_again(held, call.id)


async def hand_in_own(held: Resources, actor: Principal, act_id: UUID, data: bytes) -> None:
    """Keep the signed file of whichever document of the caller's act it is; opens its own transactions.

    Raises `CallSettled`, and `FileUnfit` if it is none of them.
    """
    async with held.get(Database).transaction() as session:
        calls = await _unknown(session, actor, act_id)
    unfit = FileUnfit(reason="no_file")
    for call in calls:
        try:
            await take_file(held, actor, call.id, data, WORDS)
        except FileUnfit as found:
            unfit = found
        else:
            return
    raise unfit


async def _unknown(session: Session, actor: Principal, act_id: UUID) -> list[RemoteCall]:
    signing = await acts.get_own(session, actor, act_id, lock=False)
    found = [call for call in await queries.list_calls(session, signing.id) if call.state == "unknown"]
    if not found:
        raise CallSettled(state=signing.state)
    return found
