"""Which time-stamping authorities of others give no good token, and why: kept where every process that is asked can read it.

The sealing job asks them; the API process that shows what is stuck does not.
"""

from collections.abc import Collection
from datetime import datetime

from app.core.db import Session
from app.document import queries
from app.document.models import StampFault
from app.pki.keycheck import Finding
from app.pki.timestamp import OtherStamps

LONGEST = 200
"""Characters of a reason that are kept: part of it is what the authority itself said."""


async def note(session: Session, stamps: OtherStamps | None, *, now: datetime) -> None:
    """Write down who fails since when, and forget who answered or is asked no more."""
    standing = stamps.standing() if stamps else {}
    await queries.forget_stamp_faults(session, [url for url, why in standing.items() if why != ""])
    for url, why in standing.items():
        if why:
            await queries.keep_stamp_fault(session, url, why.replace("\0", "")[:LONGEST], now)


async def list_faults(session: Session) -> list[StampFault]:
    """Return who fails, by address."""
    return await queries.list_stamp_faults(session)


async def why_waiting(session: Session, asked: Collection[str]) -> str | None:
    """Why no archive time stamp can be had now; None while one of those asked (addresses as shown) is not known to fail."""
    faults = {fault.url: fault.reason for fault in await list_faults(session)}
    if not asked or not set(asked) <= set(faults):
        return None
    return "; ".join(f"{url}: {faults[url]}" for url in asked)


async def findings(session: Session) -> list[Finding]:
    """Return the same as warnings of `pakta keys check`."""
    return [finding(fault) for fault in await list_faults(session)]


def finding(fault: StampFault) -> Finding:
    """One of them as a warning."""
    since = f"{fault.since:%Y-%m-%d %H:%M} UTC"
    detail = f"{fault.url} tidak memberi stempel waktu yang sah sejak {since}: {fault.reason}."
    return Finding("timestamp.unavailable", "warning", detail)
