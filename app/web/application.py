"""Mounts the thin web client."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Response

from app.core.errors import NotFound
from app.web import assets, refusals
from app.web.headers import SecurityHeaders
from app.web.pages import (
    access,
    account,
    accounts,
    activation,
    approvals,
    audit,
    ceremony,
    checking,
    dashboard,
    declining,
    home,
    keys,
    kiosk,
    login,
    noting,
    office,
    origin,
    recap_check,
    reference,
    register,
    remote,
    scan_review,
    scan_upload,
    scanning,
    screen,
    sso,
    start,
    uncertain,
)

static = APIRouter(include_in_schema=False)


@static.get("/static/{version}/{name}")
async def read_asset(version: str, name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """A static file, good for ever: another content has another address."""
    found = assets.assets().get(name)
    if found is None or version != assets.version():
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in accept_encoding:
        return Response(found.packed, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.data, media_type=found.media_type, headers=headers)


def install(app: FastAPI) -> None:
    """Add pages, static files, error pages and security headers."""
    app.add_middleware(SecurityHeaders)
    refusals.install(app)
    app.include_router(static)
    for pages in (
        start,
        activation,
        login,
        sso,
        home,
        kiosk,
        access,
        ceremony,
        declining,
        remote,
        scanning,
        noting,
        checking,
        register,
        reference,
        office,
        origin,
        account,
        accounts,
        approvals,
        audit,
        dashboard,
        screen,
        uncertain,
        scan_upload,
        scan_review,
        keys,
        recap_check,
    ):
        app.include_router(pages.router, include_in_schema=False)
