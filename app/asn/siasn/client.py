"""The calls to SIASN: two tokens a request, pages of changed persons, and what may go wrong on the way.

The gateway wants `Authorization: Bearer` of its own (OAuth 2.0 client credentials, RFC 6749 §4.4) and `Auth: bearer` of the single
sign-on. Either expires at any time with a 401; under load the gateway answers 500, HTML pages with status 200, or nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import httpx

from app.asn.siasn.errors import SiasnRefused, SiasnUnavailable
from app.core.settings import SiasnSettings

TRIES = 4
Pause = Callable[[float], Awaitable[None]]


class SiasnClient:
    """One refresh's conversation; holds both tokens while they last."""

    def __init__(self, settings: SiasnSettings, http: httpx.AsyncClient, pause: Pause = asyncio.sleep) -> None:
        self._settings, self._http, self._pause = settings, http, pause
        self._tokens: dict[str, str] | None = None

    async def changed_since(self, since: date) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the persons who changed since a day, page by page.

        Raises `SiasnRefused` when the credentials are not accepted, `SiasnUnavailable` when the service does not answer as it should.
        """
        offset, size = 0, self._settings.page_size
        url = f"{self._settings.base_url.rstrip('/')}{self._settings.changes_path}"
        while True:
            query = {"since": since.isoformat(), "limit": size, "offset": offset}
            page = (await self._get(url, query)).get("data")
            if not isinstance(page, list) or not all(isinstance(person, dict) for person in page):
                raise SiasnUnavailable(reason="shape")
            if page:
                yield page
            if len(page) < size:
                return
            offset += size

    async def _get(self, url: str, query: dict[str, Any]) -> dict[str, Any]:
        """Return a reply's JSON; tokens are renewed once after a 401, everything else waits and tries again."""
        renewed, reason = False, ""
        for tried in range(TRIES):
            if tried:
                await self._pause(2.0**tried)
            tokens = self._tokens or await self._sign_in()
            status, reply = await self._send("GET", url, headers=tokens, params=query)
            if status == httpx.codes.OK and reply is not None:
                return reply
            if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                if renewed:
                    raise SiasnRefused(what="token")
                self._tokens, renewed = None, True
            reason = "html" if status == httpx.codes.OK else str(status)
        raise SiasnUnavailable(reason=reason)

    async def _sign_in(self) -> dict[str, str]:
        s = self._settings
        gateway = await self._token(
            s.token_url, {"grant_type": "client_credentials"}, (s.client_id, s.client_secret.get_secret_value())
        )
        form = {"grant_type": "client_credentials", "client_id": s.sso_client_id}
        if s.sso_username:
            form = {"grant_type": "password", "client_id": s.sso_client_id, "username": s.sso_username}
            form["password"] = s.sso_secret.get_secret_value()
        else:
            form["client_secret"] = s.sso_secret.get_secret_value()
        person = await self._token(s.sso_url, form, None)
        self._tokens = {"Authorization": f"Bearer {gateway}", "Auth": f"bearer {person}"}
        return self._tokens

    async def _token(self, url: str, form: dict[str, str], basic: tuple[str, str] | None) -> str:
        reason = ""
        for tried in range(TRIES):
            if tried:
                await self._pause(2.0**tried)
            status, reply = await self._send("POST", url, data=form, **({"auth": basic} if basic else {}))
            if status == httpx.codes.OK and reply is not None and isinstance(reply.get("access_token"), str):
                return str(reply["access_token"])
            if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                raise SiasnRefused(what="gateway" if basic else "sso")
            reason = "html" if status == httpx.codes.OK else str(status)
        raise SiasnUnavailable(reason=reason)

    async def _send(self, method: str, url: str, **given: Any) -> tuple[int, dict[str, Any] | None]:
        """Return the status and the JSON object, None when the body is something else; 0 when nobody answered in time."""
        try:
            async with asyncio.timeout(self._settings.seconds):
                reply = await self._http.request(method, url, **given)
        except (httpx.TransportError, TimeoutError):
            return 0, None
        try:
            body = reply.json()
        except ValueError:
            return reply.status_code, None
        return reply.status_code, body if isinstance(body, dict) else None
