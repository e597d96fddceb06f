"""Rounds and templates: create, freeze, close."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import ServiceSettings
from app.opd import service as opd
from app.pdf.compiler import compile_template
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.source import TemplateSource, load_source, source_from
from app.pledge import queries
from app.pledge.errors import AgencyUnknown, RoundDates, RoundNotDraft, RoundNotOpen, TemplateUnknown
from app.pledge.models import Openness, PledgeRound, RoundPledge, Template, TemplateVersion
from app.pledge.schemas import ASN, Population, RoundCreate, RoundUpdate
from app.transparency import service as transparency
from app.transparency.record import Fact, LogIdentity

ZONES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


AUDIENCES = {
    "asn": {"pegawai": "Pegawai ASN", "pegawai_lengkap": "Pegawai Aparatur Sipil Negara"},
    "asn_non_asn": {
        "pegawai": "Pegawai ASN dan Non ASN",
        "pegawai_lengkap": "Pegawai Aparatur Sipil Negara dan Non Aparatur Sipil Negara",
    },
}
"""Whom a round's texts speak of."""


def letterhead(settings: ServiceSettings) -> tuple[str, ...]:
    """Return the institution's letterhead."""
    return (settings.institution.upper(), settings.office.upper(), settings.address)


def prefix_blob(sha256: str) -> str:
    """Return the blob name of a compiled prefix."""
    return f"prefix/{sha256}"


async def keep_bundled_templates(session: Session, folder: Path, *, now: datetime) -> None:
    """Register the templates that lie in a folder; a wording the register does not know becomes a new version."""
    for source in await asyncio.to_thread(_load_sources, folder):
        template = await queries.find_template(session, source.code)
        if template is None:
            template = Template(id=new_id(), code=source.code, title=source.name)
            session.add(template)
            await session.flush()
        if await queries.find_version(session, template.id, source.sha256) is None:
            session.add(
                TemplateVersion(
                    id=new_id(),
                    template_id=template.id,
                    number=await queries.count_versions(session, template.id) + 1,
                    sha256=source.sha256,
                    source=dict(source.content),
                    created_at=now,
                )
            )
        await session.flush()


def _load_sources(folder: Path) -> list[TemplateSource]:
    return [load_source(path.parent) for path in sorted(folder.glob("*/template.toml"))]


async def list_templates(session: Session, actor: Principal) -> list[tuple[Template, TemplateVersion]]:
    """Return every template with its newest version."""
    actor.require(Permission.ROUND_READ)
    return await queries.list_templates(session)


async def create_round(session: Session, actor: Principal, wanted: RoundCreate, *, now: datetime) -> PledgeRound:
    """Make a draft with the newest version of each text, or the one that was asked for."""
    actor.require(Permission.ROUND_WRITE)
    if wanted.closes_at <= wanted.opens_at or wanted.closes_at <= now:
        raise RoundDates
    newest = {template.code: version for template, version in await queries.list_templates(session)}
    chosen = await queries.list_chosen_versions(session, wanted.template_version_ids)
    if missing := set(wanted.template_version_ids) - {v.id for t, v in chosen if t.code in wanted.pledges}:
        raise TemplateUnknown(template=str(min(missing)))
    newest |= {template.code: version for template, version in chosen}
    fields = wanted.model_dump(exclude={"pledges", "template_version_ids", "population"})
    population = await _population(session, wanted.population, wanted.audience)
    pledge_round = PledgeRound(id=new_id(), status="draft", created_at=now, population=population, **fields)
    session.add(pledge_round)
    await session.flush()
    for place, pledge in enumerate(dict.fromkeys(wanted.pledges)):
        if pledge not in newest:
            raise TemplateUnknown(template=pledge)
        session.add(
            RoundPledge(round_id=pledge_round.id, pledge=pledge, place=place, template_version_id=newest[pledge].id)
        )
    await session.flush()
    return pledge_round


async def update_round(
    session: Session, actor: Principal, round_id: UUID, wanted: RoundUpdate, *, now: datetime
) -> PledgeRound:
    """Change a draft; raises `NotFound`, `RoundNotDraft`, `RoundDates`, `AgencyUnknown`."""
    actor.require(Permission.ROUND_WRITE)
    pledge_round = await get_round(session, round_id, lock=True)
    if pledge_round.status != "draft":
        raise RoundNotDraft(title=pledge_round.title)
    for name, value in wanted.model_dump(exclude={"population"}, exclude_none=True).items():
        setattr(pledge_round, name, value)
    if pledge_round.closes_at <= pledge_round.opens_at or pledge_round.closes_at <= now:
        raise RoundDates
    if wanted.population is not None:
        pledge_round.population = await _population(session, wanted.population, pledge_round.audience)
    await session.flush()
    return pledge_round


async def _population(session: Session, wanted: Population, audience: str) -> dict[str, Any]:
    """Return the rule as it is stored, its kinds of employment named; raises `AgencyUnknown`."""
    known = {agency.id for agency in await opd.list_all_agencies(session)} if wanted.agencies else set()
    if unknown := set(wanted.agencies) - known:
        raise AgencyUnknown(agency=str(min(unknown)))
    usual = {*ASN, "non_asn"} if audience == "asn_non_asn" else set(ASN)
    return {**wanted.model_dump(mode="json"), "employments": sorted(set(wanted.employments) or usual)}


async def get_round(session: Session, round_id: UUID, *, lock: bool = False) -> PledgeRound:
    """Return a round; raises `NotFound`."""
    found = await queries.find_round(session, round_id, lock=lock)
    if found is None:
        raise NotFound
    return found


async def read_round(session: Session, actor: Principal, round_id: UUID) -> PledgeRound:
    """Return a round to a caller who may read rounds."""
    actor.require(Permission.ROUND_READ)
    return await get_round(session, round_id)


async def list_rounds(session: Session, actor: Principal, limit: int, before: UUID | None) -> list[PledgeRound]:
    """Return rounds, newest first."""
    actor.require(Permission.ROUND_READ)
    return await queries.list_rounds(session, limit, before)


async def pledges_of(session: Session, round_ids: Sequence[UUID]) -> list[RoundPledge]:
    """Return the texts of rounds in reading order."""
    return await queries.list_round_pledges(session, round_ids)


async def begin_opening(session: Session, actor: Principal, round_id: UUID) -> PledgeRound:
    """Take a draft to `opening`; from here on nothing about it can be changed."""
    actor.require(Permission.ROUND_OPEN)
    pledge_round = await get_round(session, round_id, lock=True)
    if pledge_round.status != "draft":
        raise RoundNotDraft(title=pledge_round.title)
    pledge_round.status = "opening"
    return pledge_round


async def freeze_templates(
    session: Session,
    pledge_round: PledgeRound,
    *,
    settings: ServiceSettings,
    trust: TrustMaterial,
    blobs: BlobStore,
) -> list[RoundPledge]:
    """Compile every text of the round once and keep what it was compiled from: what people sign may not change under them."""
    pledges = await queries.list_round_pledges(session, [pledge_round.id])
    for pledge in pledges:
        version = await queries.get_version(session, pledge.template_version_id)
        inputs = CompileInputs(
            source=source_from(version.source),
            round_values={
                "jenis_pemilihan": pledge_round.election,
                "tahun": str(pledge_round.year),
                "instansi": settings.institution,
                **AUDIENCES[pledge_round.audience],
            },
            letterhead=letterhead(settings),
            place=settings.place,
            verify_url=f"{settings.base_url}/v/",
            paper=pledge_round.paper,
            zone=ZONES[settings.timezone],
            countersign=pledge_round.countersign,
            trust=trust,
        )
        compiled = await asyncio.to_thread(compile_template, inputs)
        for variant in compiled.variants:
            await blobs.put(prefix_blob(variant.prefix_sha256), variant.prefix)
        pledge.compile_inputs = json.loads(inputs.to_json())
        pledge.prefixes = [variant.prefix_sha256 for variant in compiled.variants]
    await session.flush()
    return pledges


async def close_round(
    session: Session, actor: Principal, log: LogIdentity, round_id: UUID, *, now: datetime
) -> PledgeRound:
    """Close an open round: nothing more is signed in it, and its figures stay."""
    actor.require(Permission.ROUND_OPEN)
    pledge_round = await get_round(session, round_id, lock=True)
    if pledge_round.status != "open":
        raise RoundNotOpen(title=pledge_round.title)
    pledge_round.status, pledge_round.closed_at = "closed", now
    closed = json.dumps({"closed_at": now.isoformat(), "round": str(round_id)}, sort_keys=True)
    digest = hashlib.sha256(closed.encode()).digest()
    await transparency.record(session, log, [transparency.Entry(Fact.ROUND_CLOSED, round_id, digest, now, actor.id)])
    return pledge_round


def require_open(pledge_round: PledgeRound | Openness, now: datetime) -> None:
    """Raise `RoundNotOpen` unless people may sign in the round at this instant."""
    if pledge_round.status != "open" or not pledge_round.opens_at <= now < pledge_round.closes_at:
        raise RoundNotOpen(title=pledge_round.title)


async def hold_running(session: Session, round_id: UUID) -> PledgeRound:
    """Return a round that stays open until this transaction has ended, whether people may sign at this instant or not."""
    pledge_round = await queries.hold_round(session, round_id)
    if pledge_round is None:
        raise NotFound
    if pledge_round.status != "open":
        raise RoundNotOpen(title=pledge_round.title)
    return pledge_round


async def hold_all_running(session: Session) -> list[PledgeRound]:
    """Return every open round, held open until this transaction has ended, in the order in which rounds are locked."""
    return await queries.hold_running(session)


async def hold_open(session: Session, round_ids: Collection[UUID], *, now: datetime) -> None:
    """Raise `RoundNotOpen` unless people may sign in all the rounds; they stay open until this transaction has ended."""
    for pledge_round in await queries.hold_rounds(session, round_ids):
        require_open(pledge_round, now)
