"""Documents over the API: facts, bytes, pictures of pages, inclusion proof."""

import base64
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Header, Path, Request, Response
from pydantic import BaseModel

from app.core.blobs import BlobStore
from app.core.clock import Clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.principal import Principal
from app.core.routing import Router
from app.document import service
from app.document.compiled import TemplateShelf
from app.document.errors import NotSignedYet
from app.document.models import Document
from app.document.previews import PreviewShelf
from app.document.ranges import RangeNotSatisfiable, wanted_range
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.transparency import service as transparency
from app.transparency.record import LogIdentity

router = Router(prefix="/documents", tags=["documents"])
_previews = PreviewShelf()  # of the whole process: its keys are digests


class DocumentRead(BaseModel):
    """A document's facts."""

    id: UUID
    code: str
    round_id: UUID
    pledge: str
    state: str
    assurance: str
    sha256: str | None
    size: int | None
    prepared_at: datetime
    signed_at: datetime | None
    countersigned_at: datetime | None
    sealed_at: datetime | None
    seal_refused: Literal["no_changes", "field_lock", "form"] | None
    voided_at: datetime | None
    void_ground: str | None


class ProofRead(BaseModel):
    """Inclusion proof of the signature's record in the transparency log; hashes are hex, deepest first (RFC 6962 §2.1.1)."""

    kind: str
    index: int
    size: int
    record: str
    leaf_hash: str
    hashes: list[str]
    root: str
    checkpoint: str


@router.get("/{document_id}")
async def read_document(document_id: UUID, session: SessionDep, actor: ActorDep) -> DocumentRead:
    """Read a document's facts."""
    found = await service.get_visible(session, actor, document_id)
    fields = {name: getattr(found, name) for name in DocumentRead.model_fields if name != "sha256"}
    return DocumentRead(**fields, sha256=found.sha256.hex() if found.sha256 else None)


@router.get(
    "/{document_id}/file",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, 206: {"description": "The part asked for."}, 416: {}},
)
async def read_file(
    document_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    range_: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Response:
    """The PDF in its newest revision, byte for byte as it was signed and sealed; single byte ranges are served."""
    held = resources(request)
    found = await service.get_visible(session, actor, document_id)
    headers = _file_headers(found)
    data = await service.file_bytes(session, held.get(TemplateShelf), held.get(BlobStore), found)  # type: ignore[type-abstract]
    try:
        wanted = wanted_range(range_, if_range, etag=headers["ETag"], size=len(data))
    except RangeNotSatisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{len(data)}"})
    if wanted is None or wanted[0] == 0:  # a reader that asks for part after part opens it once
        _note_look(session, actor, found, clock)
    if wanted is None:
        return Response(data, media_type="application/pdf", headers=headers)
    first, last = wanted
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], status_code=206, media_type="application/pdf", headers=headers)


@router.head("/{document_id}/file", response_class=Response, include_in_schema=False)
async def read_file_head(document_id: UUID, session: SessionDep, actor: ActorDep) -> Response:
    """What a GET would say of the file, without its bytes being read; a Range is ignored (RFC 9110 section 14.2)."""
    found = await service.get_visible(session, actor, document_id)
    if found.sha256 is None:
        raise NotSignedYet
    headers = _file_headers(found) | {"Content-Length": str(found.size)}
    return Response(media_type="application/pdf", headers=headers)


def _note_look(session: Session, actor: Principal, document: Document, clock: Clock) -> None:
    access.looked_at(
        session,
        AccessKind.DOCUMENT_OPENED,
        actor,
        document.employee_id,
        now=clock.now(),
        document=str(document.id),
        pledge=document.pledge,
    )


def _file_headers(document: Document) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{document.pledge}-{document.code}.pdf"',
        "Cache-Control": "private, no-store",
        "ETag": f'"{document.sha256.hex() if document.sha256 else ""}"',
    }


@router.get("/{document_id}/pages/{page}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def read_page(
    document_id: UUID,
    page: Annotated[int, Path(ge=1, le=50)],
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
) -> Response:
    """A picture of a page, drawn from the exact bytes."""
    held = resources(request)
    found = await service.get_visible(session, actor, document_id)

    async def load() -> bytes:
        return await service.displayed_bytes(session, held.get(TemplateShelf), held.get(BlobStore), found)  # type: ignore[type-abstract]

    if found.state == "abandoned":
        raise NotFound
    try:
        picture = await _previews.picture(found.sha256 or found.digest, page, load)
    except IndexError:
        raise NotFound from None
    if page == 1:
        _note_look(session, actor, found, clock)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})


@router.get("/{document_id}/proof")
async def read_proof(
    document_id: UUID, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> ProofRead:
    """Prove that the document's newest fact (voided, else sealed, countersigned, signed) is in the log."""
    found = await service.get_visible(session, actor, document_id)
    if found.signed_at is None:
        raise NotSignedYet
    kind = service.newest_fact(found)
    proof = await transparency.prove(session, resources(request).get(LogIdentity), kind, document_id, now=clock.now())
    return ProofRead(
        kind=kind.value,
        index=proof.index,
        size=proof.size,
        record=base64.b64encode(proof.record).decode(),
        leaf_hash=proof.leaf_hash.hex(),
        hashes=[h.hex() for h in proof.hashes],
        root=proof.root.hex(),
        checkpoint=proof.checkpoint,
    )
