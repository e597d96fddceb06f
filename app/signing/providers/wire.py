"""One HTTP call to a signing service: what was seen of its end, told apart by whether anything can have been signed.

It speaks to the transport itself and not through a client: a client logs addresses, and one of BSrE's has a NIK in it. Every call has
a connection of its own, for a reused one that the other side had closed looks like a cut in the middle.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.core.errors import CannotStart
from app.signing.providers.errors import OutcomeUnknown, ProviderUnavailable

MOST_BYTES = 256 << 20
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_GATEWAYS = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Reply:
    """An answer; `data` is its JSON object, None when the body is something else."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    data: dict[str, Any] | None = field(repr=False)

    @property
    def kind(self) -> str:
        """The media type without parameters."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def code(self) -> str:
        """The service's own code in the body, as text."""
        found = (
            next((self.data[k] for k in ("status_code", "code", "error_code") if k in self.data), "")
            if self.data
            else ""
        )
        return str(found)


class Wire:
    """Where a service is and how long it is waited for."""

    def __init__(
        self,
        base_url: str,
        *,
        connect_seconds: float,
        seconds: float,
        tls_verify: bool = True,
        tls_ca: Path | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._seconds = seconds
        self._timeout = {"connect": connect_seconds, "pool": connect_seconds, "read": seconds, "write": seconds}
        self._tls = _tls(tls_ca) if tls_verify else False

    async def ask(self, method: str, path: str, **given: Any) -> Reply:
        """A call that signs nothing; whatever goes wrong is `ProviderUnavailable`."""
        try:
            return await self._send(method, path, given)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderUnavailable(reason=_reason(error)) from None

    async def commission(self, method: str, path: str, **given: Any) -> Reply:
        """A call that may sign: `ProviderUnavailable` while nothing was sent, `OutcomeUnknown` for any end that was not seen."""
        try:
            reply = await self._send(method, path, given)
        except (*_NEVER_SENT, httpx.InvalidURL) as error:
            raise ProviderUnavailable(reason=_reason(error)) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(reason=_reason(error)) from None
        if reply.status in _GATEWAYS:  # a proxy speaks: the service behind it may have signed
            raise OutcomeUnknown(reason=f"http_{reply.status}")
        return reply

    async def _send(self, method: str, path: str, given: dict[str, Any]) -> Reply:
        basic = given.pop("basic", None)
        request = httpx.Request(method, f"{self._base_url}{path}", extensions={"timeout": self._timeout}, **given)
        request.headers["connection"] = "close"
        request.headers["accept"] = "application/pdf, application/json"
        if basic:
            request = next(httpx.BasicAuth(*basic).auth_flow(request))
        async with asyncio.timeout(self._seconds), httpx.AsyncHTTPTransport(verify=self._tls) as transport:
            answer = await transport.handle_async_request(request)
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    raise httpx.ReadError("more than any signed document")
            return Reply(answer.status_code, answer.headers, bytes(body), _json(bytes(body)))


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _reason(error: Exception) -> str:
    """A word for what was seen; never the exception's own text, which may quote the request."""
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "timeout"
    return "not_connected" if isinstance(error, _NEVER_SENT) else "cut"


def _tls(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        raise CannotStart(f"{ca} is not a readable PEM file of certificates.") from error
