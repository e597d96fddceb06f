"""From what a provider gave to the bytes that are kept, re-opened and examined before they count: one way for all providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.pdf.errors import PdfFault
from app.pdf.returned import ReturnedFacts, ReturnedRefused, examine_returned
from app.pdf.revision import embed
from app.signing.providers.base import Cms, Made, ScannedPage, Sheet

Hole = tuple[int, int]


class Unfit(Exception):
    """What was made does not hold; `reason` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Finished:
    """A whole file, and what its signature says; a scan says nothing."""

    data: bytes
    facts: ReturnedFacts | None


def finish(made: Made, sheet: Sheet, hole: Hole | None, roots: Sequence[bytes], *, now: datetime) -> Finished:
    """Return the finished file. `hole` is where a CMS goes; `roots` (DER) may stand behind signer and time stamp. Raises `Unfit`."""
    if isinstance(made, ScannedPage):
        return Finished(made.data, None)
    try:
        if not isinstance(made, Cms):
            return Finished(made.data, examine_returned(made.data, sent=sheet.data, trust_roots=roots, now=now))
        if hole is None:
            raise Unfit("no_hole")
        data = embed(sheet.data, hole=hole, prefix_length=0, cms=made.der)
        return Finished(data, examine_returned(data, sent=None, trust_roots=roots, now=now))
    except ReturnedRefused as refused:
        raise Unfit(refused.code) from refused
    except PdfFault as fault:
        raise Unfit(fault.code if hasattr(fault, "code") else "layout") from fault
