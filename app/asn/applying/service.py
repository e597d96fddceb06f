"""Apply a staged import, all of it or nothing; take the last one back while nothing depends on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.asn import importing
from app.asn import queries as imports
from app.asn.applying import queries
from app.asn.errors import ImportApplied, ImportOutdated, UndoDepended, UndoNotLast
from app.asn.models import RosterImport
from app.asn.nik import roster as niks
from app.asn.search import indexing
from app.core.clock import local_day
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import Settings
from app.opd import service as opd
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

BUILT_ON = (Fact.ROUND_OPENED, Fact.DOCUMENT_SIGNED)


async def apply(
    session: Session, actor: Principal, log: LogIdentity, import_id: UUID, settings: Settings, *, now: datetime
) -> RosterImport:
    """Bring the roster to what the import says. People missing from the file stay as they are unless it was decided otherwise."""
    actor.require(Permission.ROSTER_APPLY)
    await importing.get_import(session, actor, import_id)
    state = await queries.lock_state(session)
    staged = await importing.get_import(session, actor, import_id, lock=True)
    if staged.status in {"applied", "undone"}:
        raise ImportApplied
    importing.require_status(staged, "staged")
    if staged.base_revision != state.revision:
        raise ImportOutdated(**await _what_changed(session))
    today = local_day(now, settings.service.timezone)
    tree = importing.tree_of(staged)
    before = await opd.apply_tree(session, tree, today=today, now=now, import_id=import_id) if tree else []
    effective = min(staged.effective_on or today, today)
    await queries.apply_rows(session, import_id, actor.id, effective=effective, now=now)
    await niks.apply(session, settings, import_id, now=now)
    if tree:
        in_use = await imports.units_in_use(session)
        before += await opd.close_vanished(session, tree, in_use, today=today, now=now, import_id=import_id)
    await indexing.keep_up(session)
    # Everything the session held is stale now: the rows were written past it.
    session.expunge_all()
    state = await queries.lock_state(session)
    staged = await importing.get_import(session, actor, import_id, lock=True)
    state.revision += 1
    staged.status, staged.applied_at = "applied", now
    staged.applied_revision, staged.units_before = state.revision, before
    await _record(session, log, Fact.ROSTER_APPLIED, staged, actor, now)
    return staged


async def undo(
    session: Session, actor: Principal, log: LogIdentity, import_id: UUID, settings: Settings, *, now: datetime
) -> RosterImport:
    """Take the newest change of the roster back, if it is this import and nothing was built on it since."""
    actor.require(Permission.ROSTER_APPLY)
    await importing.get_import(session, actor, import_id)
    state = await queries.lock_state(session)
    applied = await importing.get_import(session, actor, import_id, lock=True)
    importing.require_status(applied, "applied")
    if applied.applied_revision != state.revision:
        raise UndoNotLast(**await _what_changed(session))
    if fact := await queries.find_dependent(session, import_id, BUILT_ON):
        raise UndoDepended(on=fact)
    before: list[dict[str, Any]] = applied.units_before or []
    try:
        await queries.undo_rows(session, import_id, actor.id, now=now)
        await opd.restore(
            session, before, today=local_day(now, settings.service.timezone), now=now, import_id=import_id
        )
    except IntegrityError as error:
        # What refers to a person or a unit that would go: an activation link, a passkey, a draft of anything.
        table = getattr(getattr(error.orig, "diag", None), "table_name", None)
        raise UndoDepended(on=table or "") from error
    await indexing.keep_up(session)
    session.expunge_all()
    state = await queries.lock_state(session)
    applied = await importing.get_import(session, actor, import_id, lock=True)
    state.revision += 1
    applied.status, applied.undone_at = "undone", now
    await _record(session, log, Fact.ROSTER_UNDONE, applied, actor, now)
    return applied


async def _what_changed(session: Session) -> dict[str, Any]:
    """Return what changed the roster last, for who lost the race."""
    newest = await imports.find_newest_change(session)
    if newest is None:
        return {"applied_at": None, "file_name": "", "import_id": None, "counts": {}, "state": ""}
    return {
        "applied_at": newest.undone_at or newest.applied_at,
        "file_name": newest.file_name,
        "import_id": newest.id,
        "counts": newest.counts,
        "state": newest.status,
    }


async def _record(
    session: Session, log: LogIdentity, fact: Fact, what: RosterImport, actor: Principal, now: datetime
) -> None:
    entry = transparency.Entry(fact, what.id, bytes.fromhex(what.sha256), now, actor.id)
    await session.flush()
    await transparency.record(session, log, [entry])
