"""The log as anyone may mirror it: C2SP tlog-tiles below `/log`. Public: it holds no personal data."""

from typing import Annotated

from fastapi import Depends, Request, Response

from app.core.errors import NotFound
from app.core.http import SessionDep, resources
from app.core.routing import Router
from app.merkle.tile import TILE_WIDTH, parse_path
from app.transparency import service
from app.transparency.record import LogIdentity

router = Router(prefix="/log", tags=["log"])


async def get_log(request: Request) -> LogIdentity:
    """Return this log's identity."""
    return resources(request).get(LogIdentity)


LogDep = Annotated[LogIdentity, Depends(get_log)]


@router.get("/checkpoint", response_class=Response)
async def read_checkpoint(session: SessionDep) -> Response:
    """The newest checkpoint: a signed note of the log's origin, size and root."""
    checkpoint = await service.newest_checkpoint(session)
    return Response(checkpoint.note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/key", response_class=Response)
async def read_key(log: LogDep) -> Response:
    """The log's verifier key (`name+hash+base64`)."""
    return Response(log.key.vkey + "\n", media_type="text/plain; charset=utf-8")


@router.get("/tile/entries/{path:path}", response_class=Response)
async def read_entries(path: str, session: SessionDep) -> Response:
    """A bundle of records in the order of the tree; full ones have 256."""
    tile = parse_path(f"tile/0/{path}")
    if tile is None:
        raise NotFound
    return _bytes(await service.entry_bundle(session, tile.number, tile.width), full=tile.width == TILE_WIDTH)


@router.get("/tile/{path:path}", response_class=Response)
async def read_tile(path: str, session: SessionDep) -> Response:
    """A tile of hashes."""
    tile = parse_path(f"tile/{path}")
    if tile is None:
        raise NotFound
    return _bytes(await service.tile_bytes(session, tile), full=tile.width == TILE_WIDTH)


def _bytes(data: bytes, *, full: bool) -> Response:
    lifetime = "public, max-age=31536000, immutable" if full else "public, max-age=60"
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": lifetime})
