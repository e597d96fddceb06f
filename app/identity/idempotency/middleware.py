"""`Idempotency-Key` on every POST of the API (draft-ietf-httpapi-idempotency-key-header): done once, answered as often as asked.

The key belongs to the credential it comes with, for a day. It is claimed in a transaction of its own before the request is carried out;
of two requests at once one is carried out and the other refused (409). The same key with another method, path or body is refused
(422). What changed nothing (401, 403, 404, 409, 422, 429, 5xx …: any refusal) is not kept, so that it can be tried again with the key.
Where the process dies between its commit and keeping the answer, the key stays claimed: asked again it says 409 and does nothing twice.
"""

import hashlib
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import AppError, UploadTooLarge
from app.core.http import resources
from app.core.problems import STATUS, problem
from app.core.settings import Settings
from app.identity.accounts.cookie import account_cookie
from app.identity.edge import is_live, session_cookie
from app.identity.errors import (
    IdempotencyKept,
    IdempotencyKeyInvalid,
    IdempotencyMismatch,
    IdempotencyUnfinished,
)
from app.identity.idempotency import queries
from app.identity.idempotency.sealing import Answer, seal, unseal
from app.identity.tokens.form import is_well_formed

LIFE = timedelta(hours=24)
MOST_KEPT = 4 << 20  # bytes of an answer
_CHUNK = 1 << 16
_PATHS = "/api/v1/"


class IdempotentPosts:
    """ASGI middleware; requests without the header, or without a credential that is alive, pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a request out, or answer as it was answered."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        key, credential = request.headers.get("idempotency-key"), _credential(request)
        if key is None or credential is None:
            await self._app(scope, receive, send)
            return
        try:
            if not await _opens_something(request):
                await self._app(scope, receive, send)
                return
            if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
                raise IdempotencyKeyInvalid
            with SpooledTemporaryFile(max_size=1 << 20) as body:
                await self._once(_Ticket(request, key, credential, await _read(request, body)), body, receive, send)
        except AppError as refused:
            answer = problem(request, STATUS[refused.kind], refused.code, **refused.params)
            await answer(scope, receive, send)

    async def _once(self, ticket: "_Ticket", body: IO[bytes], receive: Receive, send: Send) -> None:
        if (kept := await ticket.claim()) is not None:
            await kept(ticket.request.scope, receive, send)
            return
        told = _Held(send)
        try:
            await self._app(ticket.request.scope, _again(body, receive), told)
        except BaseException:
            if told.status == 0 or told.status >= 400:
                await ticket.release()
            raise
        if 200 <= told.status < 400:
            await ticket.keep(told)
        else:
            await ticket.release()
        await told.let_go()


class _Ticket:
    """One request with its key."""

    def __init__(self, request: Request, key: str, credential: bytes, digest: bytes) -> None:
        held = resources(request)
        self.request, self._key, self._credential, self._digest = request, key, credential, digest
        self._caller = hashlib.sha256(b"pakta.idempotency " + credential).digest()
        self._database = held.get(Database)
        self._clock: Clock = held.get(Clock)  # type: ignore[type-abstract]

    async def claim(self) -> Response | None:
        """Take the key, or return the answer that is kept under it; raises the refusals of this module."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            if await queries.claim(session, self._caller, self._key, self._digest, now, now + LIFE):
                return None
            found = await queries.find(session, self._caller, self._key)
        if found is None or (found.request == self._digest and found.status is None):
            raise IdempotencyUnfinished
        if found.request != self._digest:
            raise IdempotencyMismatch
        if found.sealed is None:
            raise IdempotencyKept
        answer = unseal(self._credential, found.sealed)
        response = Response(answer.body, found.status or 200)
        response.raw_headers.extend(answer.headers)
        response.headers["Idempotency-Replayed"] = "true"
        return response

    async def keep(self, told: "_Held") -> None:
        """Keep the answer; one that is too large is only remembered as given."""
        sealed = None if told.body is None else seal(self._credential, Answer.of(told.headers, bytes(told.body)))
        async with self._database.transaction() as session:
            await queries.keep(session, self._caller, self._key, told.status, sealed)
            await queries.forget(session, self._clock.now())

    async def release(self) -> None:
        """Give the key back."""
        async with self._database.transaction() as session:
            await queries.release(session, self._caller, self._key)


class _Held:
    """Holds an answer back until it is kept, so that whoever has it may ask again at once; one too large goes on its way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: bytearray | None = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body" and self.body is not None:
            self.body += message.get("body", b"")
            if len(self.body) > MOST_KEPT:
                self.body = None
        self._messages.append(message)
        if self.body is None:
            await self.let_go()

    async def let_go(self) -> None:
        """Send what was held back."""
        waiting, self._messages = self._messages, []
        for message in waiting:
            await self._send(message)


def _credential(request: Request) -> bytes | None:
    """The secret a request comes with; what cannot be one of ours is not worth a row."""
    header = request.headers.get("authorization", "")
    if header:
        token = header.partition(" ")[2].strip()
        return token.encode() if is_well_formed(token) else None
    cookie = session_cookie(request) or account_cookie(request)
    return cookie.encode("latin-1", "replace") if cookie else None


async def _opens_something(request: Request) -> bool:
    """A stranger writes no rows here, and a credential that is over is shown no answer it once got.

    In a transaction of its own: finding a person confines what the transaction sees.
    """
    async with resources(request).get(Database).transaction() as session:
        return await is_live(request, session)


async def _read(request: Request, body: IO[bytes]) -> bytes:
    """Copy the request's body to a file, and return the digest of method, target and body."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    most, size, tail = 2 * resources(request).get(Settings).limits.upload_mb, 0, b""  # a form may hold two files
    boundary = _boundary(request)
    async for chunk in request.stream():
        size += len(chunk)
        if size > most << 20:
            raise UploadTooLarge(most_mb=most)
        body.write(chunk)
        told = (tail + chunk).replace(boundary, b"") if boundary else chunk
        keep = len(boundary) - 1 if boundary else 0  # the beginning of a boundary that the next chunk ends
        tail = told[len(told) - keep :] if keep else b""
        digest.update(told[: len(told) - keep])
    digest.update(tail)
    body.seek(0)
    return digest.digest()


def _boundary(request: Request) -> bytes:
    """What a form's parts are divided by (RFC 2046 §5.1.1): drawn anew for each request, so it is left out of the digest."""
    _, _, found = request.headers.get("content-type", "").partition("boundary=")
    return found.partition(";")[0].strip().strip('"').encode("latin-1", "replace")


def _again(body: IO[bytes], receive: Receive) -> Receive:
    """Give the application the body from the file, then whatever the client does."""
    done = False

    async def read() -> Message:
        nonlocal done
        if done:
            return await receive()
        chunk = body.read(_CHUNK)
        done = len(chunk) < _CHUNK
        return {"type": "http.request", "body": chunk, "more_body": not done}

    return read
