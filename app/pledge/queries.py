"""SQL of rounds and templates."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select

from app.core.db import Session
from app.core.prepared import Prepared, among
from app.pledge.models import Openness, PledgeRound, RoundPledge, Template, TemplateVersion

_BY_ID = select(PledgeRound).where(PledgeRound.id == bindparam("round_id"))
_ROUND, _ROUND_LOCKED = Prepared(_BY_ID), Prepared(_BY_ID.with_for_update())
_ROUNDS_HELD = Prepared(
    select(PledgeRound.title, PledgeRound.status, PledgeRound.opens_at, PledgeRound.closes_at)
    .where(among(PledgeRound.id, "round_ids"))
    .order_by(PledgeRound.id)
    .with_for_update(read=True)
)


async def find_template(session: Session, code: str) -> Template | None:
    """Return a template by its code."""
    return (await session.execute(select(Template).where(Template.code == code))).scalar_one_or_none()


async def list_templates(session: Session) -> list[tuple[Template, TemplateVersion]]:
    """Return every template with its newest version."""
    newest = (
        select(func.max(TemplateVersion.number))
        .where(TemplateVersion.template_id == Template.id)
        .correlate(Template)
        .scalar_subquery()
    )
    statement = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, TemplateVersion.template_id == Template.id)
        .where(TemplateVersion.number == newest)
        .order_by(Template.code)
    )
    return [(template, version) for template, version in await session.execute(statement)]


async def find_version(session: Session, template_id: UUID, sha256: str) -> TemplateVersion | None:
    """Return the version with this hash."""
    statement = select(TemplateVersion).where(
        TemplateVersion.template_id == template_id, TemplateVersion.sha256 == sha256
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def count_versions(session: Session, template_id: UUID) -> int:
    """Return how many versions a template has."""
    statement = select(func.count()).select_from(TemplateVersion).where(TemplateVersion.template_id == template_id)
    return (await session.execute(statement)).scalar_one()


async def get_template(session: Session, template_id: UUID, *, lock: bool = False) -> Template | None:
    """Return a template by its id; under a lock, so that versions are numbered one after the other."""
    statement = select(Template).where(Template.id == template_id)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def find_numbered_version(session: Session, template_id: UUID, number: int) -> TemplateVersion | None:
    """Return the version of a template with this number."""
    statement = select(TemplateVersion).where(
        TemplateVersion.template_id == template_id, TemplateVersion.number == number
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_versions(session: Session, template_id: UUID, limit: int, before: int | None) -> list[TemplateVersion]:
    """Return versions of a template, newest first."""
    statement = (
        select(TemplateVersion)
        .where(TemplateVersion.template_id == template_id)
        .order_by(TemplateVersion.number.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(TemplateVersion.number < before)
    return list((await session.execute(statement)).scalars())


async def list_chosen_versions(
    session: Session, version_ids: Collection[UUID]
) -> list[tuple[Template, TemplateVersion]]:
    """Return versions with their templates."""
    statement = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, TemplateVersion.template_id == Template.id)
        .where(TemplateVersion.id.in_(version_ids))
    )
    return [(template, version) for template, version in await session.execute(statement)]


async def get_version(session: Session, version_id: UUID) -> TemplateVersion:
    """Return a version that is known to exist."""
    return (await session.execute(select(TemplateVersion).where(TemplateVersion.id == version_id))).scalar_one()


async def find_round(session: Session, round_id: UUID, *, lock: bool = False) -> PledgeRound | None:
    """Return a round."""
    found = await (_ROUND_LOCKED if lock else _ROUND).first(session, round_id=round_id)
    return found[0] if found else None


async def hold_rounds(session: Session, round_ids: Collection[UUID]) -> list[Openness]:
    """Return when rounds are open, under a shared lock: many may sign at once, and closing waits for them and they for it."""
    return [Openness(*held) for held in await _ROUNDS_HELD.all(session, round_ids=list(round_ids))]


async def hold_round(session: Session, round_id: UUID) -> PledgeRound | None:
    """Return a round under the same shared lock, with all of its row."""
    statement = select(PledgeRound).where(PledgeRound.id == round_id).with_for_update(read=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def hold_running(session: Session) -> list[PledgeRound]:
    """Return the open rounds under a shared lock."""
    statement = select(PledgeRound).where(PledgeRound.status == "open").order_by(PledgeRound.id)
    return list((await session.execute(statement.with_for_update(read=True))).scalars())


async def list_rounds(session: Session, limit: int, before: UUID | None) -> list[PledgeRound]:
    """Return rounds, newest first."""
    statement = select(PledgeRound).order_by(PledgeRound.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(PledgeRound.id < before)
    return list((await session.execute(statement)).scalars())


async def list_round_pledges(session: Session, round_ids: Sequence[UUID]) -> list[RoundPledge]:
    """Return the texts of rounds in reading order."""
    statement = (
        select(RoundPledge).where(RoundPledge.round_id.in_(round_ids)).order_by(RoundPledge.round_id, RoundPledge.place)
    )
    return list((await session.execute(statement)).scalars())
