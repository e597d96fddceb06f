"""One message to one endpoint over HTTP: within a total time, to an address that was judged, reading little of the answer.

Redirects are not followed, proxies of the environment are not used, answers are not unpacked. Any status but 2xx is a failure.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from app.core.webhook_settings import WebhookSettings
from app.webhook.addresses import AddressRefused, Resolve, Target, locate, parse

KEPT = 1024
_LOOKED_UP_SECONDS = 30.0
_AGENT = "Pakta-Webhook/1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the status of the answer, or in a word why there was none."""

    status: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: float = 0.0
    milliseconds: int = 0

    @property
    def taken(self) -> bool:
        """Whether the endpoint has taken the message."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Connections to endpoints, kept open while there is something to send; one client an endpoint, so that none is lent its TLS name."""

    def __init__(self, settings: WebhookSettings, resolve: Resolve) -> None:
        self._settings, self._resolve = settings, resolve
        self._stack = AsyncExitStack()
        self._clients: dict[Target, httpx.AsyncClient] = {}
        self._located: dict[Target, tuple[float, str]] = {}
        self._trust: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._stack.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a message and say what came of it; raises nothing an endpoint can cause."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.seconds):
                found = await self._exchange(parse(url, self._settings), headers, body)
        except AddressRefused as refused:
            found = Outcome(error=str(refused))
        except (TimeoutError, httpx.TimeoutException):
            found = Outcome(error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            found = Outcome(error=_word(error))
        taken = round((time.perf_counter() - began) * 1000)
        return Outcome(found.status, found.error, found.answer, found.retry_after, taken)

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Outcome:
        address = await self._locate(target)
        host = f"[{address}]" if ":" in address else address
        client = await self._client(target)
        request = client.build_request(
            "POST",
            f"{target.scheme}://{host}:{target.port}{target.path}",
            headers={**headers, "Host": target.authority},
            content=body,
            extensions={"sni_hostname": target.host} if target.scheme == "https" else None,
        )
        reply = await client.send(request, stream=True)
        try:
            answer = b""
            async for part in reply.aiter_raw():
                answer += part
                if len(answer) >= KEPT:
                    break
        finally:
            await reply.aclose()
        asked = reply.headers.get("retry-after", "")
        return Outcome(
            status=reply.status_code,
            answer=answer[:KEPT].decode("utf-8", "replace").replace("\0", ""),
            retry_after=float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0.0,
        )

    async def _locate(self, target: Target) -> str:
        """Look a name up and judge it, or take what was judged a moment ago."""
        at, address = self._located.get(target, (0.0, ""))
        if not address or time.monotonic() - at > _LOOKED_UP_SECONDS:
            try:
                address = await locate(target, self._settings, self._resolve)
            except OSError as error:
                raise httpx.ConnectError("dns") from error
            self._located[target] = (time.monotonic(), address)
        return address

    async def _client(self, target: Target) -> httpx.AsyncClient:
        if target not in self._clients:
            if self._trust is None:
                self._trust = ssl.create_default_context()
                if self._settings.tls_ca is not None:
                    self._trust.load_verify_locations(self._settings.tls_ca)
            client = httpx.AsyncClient(
                verify=self._trust,
                trust_env=False,
                follow_redirects=False,
                timeout=self._settings.seconds,
                headers={"Content-Type": "application/json", "User-Agent": _AGENT, "Accept-Encoding": "identity"},
            )
            self._clients[target] = await self._stack.enter_async_context(client)
        return self._clients[target]


def _word(error: BaseException) -> str:
    """Return a word for why there was no answer; what the other side wrote is not repeated."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return "tls"
        if str(seen) == "dns":
            return "dns"
        seen = seen.__cause__ or seen.__context__
    return "connect" if isinstance(error, httpx.ConnectError | OSError) else "protocol"
