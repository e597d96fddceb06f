"""What every route is given: the session, the caller, the clock, and the process's resources.

Dependencies are coroutines even where they wait for nothing: plain functions would each be sent to a thread.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request, Response, UploadFile

from app.core.clock import Clock, local_day
from app.core.db import Database, Session
from app.core.errors import NotAuthenticated, UploadTooLarge
from app.core.principal import Principal
from app.core.resources import Resources
from app.core.settings import Settings

T = TypeVar("T")
FORM = "multipart/form-data"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator(Protocol):
    """Turns a request into a principal; `identity` provides it, so that nouns below it need not import it."""

    async def __call__(self, request: Request, session: Session) -> Principal | None:
        """Return who is asking, or None; raise `ForeignRequest` when a cookie comes without its CSRF token."""
        ...


def resources(request: Request) -> Resources:
    """Return the process's resources."""
    found: Resources = request.app.state.resources
    return found


async def get_session(request: Request) -> AsyncIterator[Session]:
    """One transaction a request. Scope "function": it commits before the response is sent, so a 200 is a promise kept."""
    async with resources(request).get(Database).transaction() as session:
        session.info["address"] = client_address(request)  # for the record of who did what from where
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


async def get_clock(request: Request) -> Clock:
    """Return the process's clock."""
    return resources(request).get(Clock)  # type: ignore[type-abstract]


async def get_settings(request: Request) -> Settings:
    """Return the settings."""
    return resources(request).get(Settings)


ClockDep = Annotated[Clock, Depends(get_clock)]
SettingsDep = Annotated[Settings, Depends(get_settings)]


async def get_today(clock: ClockDep, settings: SettingsDep) -> date:
    """Return the day it is at the institution."""
    return local_day(clock.now(), settings.service.timezone)


TodayDep = Annotated[date, Depends(get_today)]


async def find_actor(request: Request, session: SessionDep) -> Principal | None:
    """Return the caller, or None for a stranger."""
    authenticate: Authenticator = resources(request).get(Authenticator)  # type: ignore[type-abstract]
    return await authenticate(request, session)


async def get_actor(found: Annotated[Principal | None, Depends(find_actor)]) -> Principal:
    """Return the caller; a stranger is refused."""
    if found is None:
        raise NotAuthenticated
    return found


ActorDep = Annotated[Principal, Depends(get_actor)]
StrangerDep = Annotated[Principal | None, Depends(find_actor)]


def client_address(request: Request) -> str:
    """The peer's address. Forwarded headers are believed only from proxies the server was told of (uvicorn does that)."""
    return request.client.host if request.client else ""


def accepts(request: Request, media_type: str) -> bool:
    """Whether the caller names a media type among what it takes (RFC 9110 section 12.5.1); of ranges and weights nothing is read."""
    return any(one.partition(";")[0].strip() == media_type for one in request.headers.get("accept", "").split(","))


def form(parts: Mapping[str, tuple[str, bytes]], status: int = 200) -> Response:
    """Answer with several things of different kinds at once (RFC 7578): for each name its media type and content."""
    boundary = secrets.token_hex(16)
    body = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, (kind, content) in parts.items()
    ]
    body.append(f"--{boundary}--\r\n".encode())
    return Response(b"".join(body), status, media_type=f"{FORM}; boundary={boundary}")


async def read_upload(file: UploadFile, most_mb: int) -> bytes:
    """Return what was uploaded; raises `UploadTooLarge` above so many MiB, of which no more than a byte is read."""
    data = await file.read((most_mb << 20) + 1)
    if len(data) > most_mb << 20:
        raise UploadTooLarge(most_mb=most_mb)
    return data
