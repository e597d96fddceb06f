"""Templates over the API: upload the files an officer edits, get a report in the own language, see the page."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import File, Path, Query, Request, Response, UploadFile

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, read_upload
from app.core.paging import CursorInvalid, CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next
from app.core.routing import Router
from app.core.texts import negotiate
from app.pdf.emblem import MOST_BYTES
from app.pledge import service, templates
from app.pledge.models import TemplateVersion
from app.pledge.report import Examined, Files
from app.pledge.schemas import TemplateRead, TemplateVersionDetail, TemplateVersionRead, TemplateVersionReport

router = Router(tags=["templates"])
_MOST_MB = 1  # of text

TemplateFile = Annotated[UploadFile, File(description="template.toml")]
LayoutFile = Annotated[UploadFile | None, File(description="tata_letak.toml; without it the layout stays as it was")]
EmblemFile = Annotated[UploadFile | None, File(description="PNG; without it the emblem stays as it was")]
Paper = Annotated[Literal["F4", "A4"], Query()]


@router.get("/templates")
async def list_templates(session: SessionDep, actor: ActorDep) -> list[TemplateRead]:
    """List templates with their newest versions."""
    return [
        TemplateRead(id=t.id, code=t.code, title=t.title, version_id=v.id, version=v.number, sha256=v.sha256)
        for t, v in await service.list_templates(session, actor)
    ]


@router.post("/templates", status_code=201)
async def add_template(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    template: TemplateFile,
    layout: LayoutFile = None,
    emblem: EmblemFile = None,
) -> TemplateVersionReport:
    """Hand in a new template; on any fault nothing is kept and the answer lists every fault with its place and remedy."""
    language = negotiate(request.headers.get("accept-language"))
    files = await _files(template, layout, emblem)
    version, examined = await templates.add_template(
        session, actor, files, settings.service, language=language, now=clock.now()
    )
    return _report(version, examined)


@router.post("/templates/{template_id}/versions", status_code=201)
async def add_version(
    template_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    template: TemplateFile,
    layout: LayoutFile = None,
    emblem: EmblemFile = None,
) -> TemplateVersionReport:
    """Hand in the next version; 200 and the version that is there when the content is not new."""
    language = negotiate(request.headers.get("accept-language"))
    files = await _files(template, layout, emblem)
    version, examined, new = await templates.add_version(
        session, actor, template_id, files, settings.service, language=language, now=clock.now()
    )
    response.status_code = 201 if new else 200
    return _report(version, examined)


@router.get("/templates/{template_id}/versions")
async def list_versions(
    template_id: UUID,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> list[TemplateVersionRead]:
    """List versions of a template, newest first."""
    parts = decode_cursor(cursor, 1)
    found = await templates.list_versions(session, actor, template_id, limit + 1, _number(parts))
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].number))
    return [_read(version) for version in found]


VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/templates/{template_id}/versions/{version}")
async def get_version(
    template_id: UUID, version: VersionNumber, session: SessionDep, actor: ActorDep
) -> TemplateVersionDetail:
    """Read a version with its whole content."""
    found = await templates.get_version(session, actor, template_id, version)
    return TemplateVersionDetail(**_read(found).model_dump(), source=found.source)


@router.get("/templates/{template_id}/versions/{version}/preview.pdf", response_class=Response)
async def preview(
    template_id: UUID,
    version: VersionNumber,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    settings: SettingsDep,
    paper: Paper = "F4",
) -> Response:
    """See a version as a PDF marked CONTOH, for an invented person with a long name."""
    data = await templates.preview(session, actor, template_id, version, paper, settings.service, now=clock.now())
    name = f'inline; filename="contoh-{template_id}-{version}-{paper}.pdf"'
    return Response(data, media_type="application/pdf", headers={"Content-Disposition": name})


async def _files(template: UploadFile, layout: UploadFile | None, emblem: UploadFile | None) -> Files:
    return Files(
        content=await read_upload(template, _MOST_MB),
        layout=None if layout is None else await read_upload(layout, _MOST_MB),
        emblem=None if emblem is None else await read_upload(emblem, MOST_BYTES >> 20),
        kept={},
    )


def _number(parts: list[str] | None) -> int | None:
    if parts is None:
        return None
    if not parts[0].isascii() or not parts[0].isdigit() or len(parts[0]) > 9:
        raise CursorInvalid
    return int(parts[0])


def _read(version: TemplateVersion) -> TemplateVersionRead:
    return TemplateVersionRead(
        id=version.id,
        template_id=version.template_id,
        code=version.source["kode"],
        version=version.number,
        sha256=version.sha256,
        created_at=version.created_at,
    )


def _report(version: TemplateVersion, examined: Examined) -> TemplateVersionReport:
    return TemplateVersionReport(**_read(version).model_dump(), findings=examined.findings, papers=examined.papers)
