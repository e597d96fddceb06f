"""Templates as an officer keeps them: hand in a version, look at it, list what there was. No version is ever changed."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.settings import ServiceSettings
from app.pdf.compiler import compile_template
from app.pdf.source import TemplateSource, source_from
from app.pledge import queries, report
from app.pledge.errors import PaperUnknown, TemplateRefused, TemplateTaken
from app.pledge.models import Template, TemplateVersion
from app.pledge.report import Examined, Files
from app.pledge.service import ZONES


async def add_template(
    session: Session, actor: Principal, files: Files, settings: ServiceSettings, *, language: str, now: datetime
) -> tuple[TemplateVersion, Examined]:
    """Keep a new template with its first version. Raises `TemplateRefused` with all findings, and `TemplateTaken`.

    Without a layout of its own it takes the layout of a template that is there.
    """
    actor.require(Permission.ROUND_WRITE)
    layout: dict[str, Any] = next((v.source["tata_letak"] for _, v in await queries.list_templates(session)), {})
    given = Files(files.content, files.layout, files.emblem, {"tata_letak": layout})
    source, examined = await _examine(given, settings, language)
    if await queries.find_template(session, source.code) is not None:
        raise TemplateTaken(template=source.code)
    template = Template(id=new_id(), code=source.code, title=source.name)
    session.add(template)
    await session.flush()
    return await _keep(session, actor, template, source, now), examined


async def add_version(
    session: Session,
    actor: Principal,
    template_id: UUID,
    files: Files,
    settings: ServiceSettings,
    *,
    language: str,
    now: datetime,
) -> tuple[TemplateVersion, Examined, bool]:
    """Keep the next version of a template; (version, findings, whether it is new): what is there already is not kept twice.

    A layout or an emblem that is not given is that of the version before. Raises `TemplateRefused` with all findings.
    """
    actor.require(Permission.ROUND_WRITE)
    template = await queries.get_template(session, template_id, lock=True)
    if template is None:
        raise NotFound
    newest = (await queries.list_versions(session, template_id, 1, None))[0]
    given = Files(files.content, files.layout, files.emblem, newest.source)
    source, examined = await _examine(given, settings, language, code=template.code)
    found = await queries.find_version(session, template_id, source.sha256)
    if found is not None:
        return found, examined, False
    return await _keep(session, actor, template, source, now), examined, True


async def _examine(
    files: Files, settings: ServiceSettings, language: str, code: str | None = None
) -> tuple[TemplateSource, Examined]:
    zone = ZONES[settings.timezone]
    examined = await asyncio.to_thread(report.inspect_files, files, settings, zone, language)
    findings = list(examined.findings)
    if code is not None and examined.source is not None and examined.source.code not in {code, ""}:
        findings.append(report.other_code(examined.source.code, code, files, language))
    if examined.source is None or any(finding.severity == "error" for finding in findings):
        raise TemplateRefused(
            count=sum(finding.severity == "error" for finding in findings),
            findings=[finding.model_dump() for finding in findings],
        )
    return examined.source, examined


async def _keep(
    session: Session, actor: Principal, template: Template, source: TemplateSource, now: datetime
) -> TemplateVersion:
    version = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=await queries.count_versions(session, template.id) + 1,
        sha256=source.sha256,
        source=dict(source.content),
        created_at=now,
        created_by=actor.id,
    )
    session.add(version)
    await session.flush()
    return version


async def get_template(session: Session, actor: Principal, template_id: UUID) -> Template:
    """Return a template; raises `NotFound`."""
    actor.require(Permission.ROUND_READ)
    found = await queries.get_template(session, template_id)
    if found is None:
        raise NotFound
    return found


async def get_version(session: Session, actor: Principal, template_id: UUID, number: int) -> TemplateVersion:
    """Return a version by its number; raises `NotFound`."""
    actor.require(Permission.ROUND_READ)
    found = await queries.find_numbered_version(session, template_id, number)
    if found is None:
        raise NotFound
    return found


async def list_versions(
    session: Session, actor: Principal, template_id: UUID, limit: int, before: int | None
) -> list[TemplateVersion]:
    """Return versions of a template, newest first."""
    await get_template(session, actor, template_id)
    return await queries.list_versions(session, template_id, limit, before)


async def preview(
    session: Session,
    actor: Principal,
    template_id: UUID,
    number: int,
    paper: str,
    settings: ServiceSettings,
    *,
    now: datetime,
) -> bytes:
    """Return a version as a PDF that says "CONTOH", for an invented person with a long name, unsigned."""
    version = await get_version(session, actor, template_id, number)
    source = source_from(version.source)
    if paper not in source.layout.papers:
        raise PaperUnknown(paper=paper)
    inputs = report.specimen_inputs(source, paper, settings, ZONES[settings.timezone])

    def draw() -> bytes:
        return report.print_specimen(compile_template(inputs), at=now)

    return await asyncio.to_thread(draw)
