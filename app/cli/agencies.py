"""Agencies by the names somebody types."""

from collections.abc import Sequence
from uuid import UUID

from app.core.db import Session
from app.core.errors import CannotStart
from app.opd import service as opd


async def agencies_named(session: Session, names: Sequence[str] | None) -> list[UUID] | None:
    """Return the ids of agencies by name, None when none is named; raises `CannotStart` with the names nobody knows."""
    if not names:
        return None
    known = {unit.name.casefold(): unit.id for unit in await opd.list_all_agencies(session)}
    if missing := [wanted for wanted in names if wanted.casefold() not in known]:
        raise CannotStart(f"OPD tidak dikenal: {', '.join(missing)}")
    return [known[wanted.casefold()] for wanted in names]
