"""Reminders through a gateway that takes one message a POST: WhatsApp Business, SMS, and what else speaks JSON.

The body is a JSON template of the settings. It is parsed first and filled after, in its texts only: no value can change its shape.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.core.errors import CannotStart
from app.core.handing import Handing, NotHanded
from app.core.reminder_settings import GatewaySettings
from app.reminder.channels.base import Letter, Line, Receipt

PLACEHOLDERS = frozenset({"to", "text", "reference", "name", "round", "deadline", "link"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LONGEST_WAIT = 3600.0


class HttpGatewayChannel:
    """A gateway by its settings; raises `CannotStart` for a template that is none."""

    def __init__(self, name: str, settings: GatewaySettings) -> None:
        self.name, self._settings = name, settings
        self.available = self.delivers = bool(settings.url)
        self._headers = _json_object(name, "HEADERS", settings.headers.get_secret_value())
        self._body = _json_object(name, "BODY", settings.body)
        unknown = set(_PLACEHOLDER.findall(settings.body)) - PLACEHOLDERS
        if unknown:
            raise CannotStart(f"PAKTA_{name.upper()}_BODY: unknown placeholders {', '.join(sorted(unknown))}.")

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Return a line over one client, which keeps its connection."""
        async with httpx.AsyncClient(timeout=self._settings.seconds, headers=self._headers) as http:
            yield _Line(http, self._settings, self._body)


class _Line:
    def __init__(self, http: httpx.AsyncClient, settings: GatewaySettings, body: Mapping[str, Any]) -> None:
        self._http, self._settings, self._body = http, settings, body
        self._loaded: tuple[str, Any] = ("", None)

    async def begin(self, address: str) -> None:
        """Refuse a number that is none; gateways have nothing to ask before the message."""
        international(address, self._settings.country)

    async def load(self, address: str, letter: Letter) -> None:
        """Fill the template."""
        reference = str(letter.reference)
        values = {
            **letter.fields,
            "to": international(address, self._settings.country),
            "text": letter.short,
            "reference": reference,
        }
        self._loaded = reference, filled(self._body, values)

    def hand(self) -> None:
        """A POST has no last word that could be kept back."""

    async def finish(self) -> Receipt:
        """POST the message. An answer says what became of it; without one, or with a 5xx, nobody knows, unless the gateway is idempotent."""
        lost = Handing.LATER if self._settings.idempotent else Handing.UNKNOWN
        reference, body = self._loaded
        try:
            reply = await self._http.post(self._settings.url, json=body, headers={"Idempotency-Key": reference})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NotHanded(Handing.AWAY, type(error).__name__) from error
        except httpx.HTTPError as error:
            raise NotHanded(lost, type(error).__name__) from error
        if reply.is_success:
            return Receipt(gateway_id=_gateway_id(reply, self._settings.id_path))
        raise _refusal(reply, lost)

    async def abandon(self) -> None:
        """Nothing was begun on the other side."""


def international(number: str, country: str) -> str:
    """Return a phone number as digits with its country code (ITU-T E.164, without the plus); raises `NotHanded` for one that is none."""
    digits = re.sub(r"[\s().\-]", "", number)
    if digits.startswith("+"):
        digits = digits[1:]
    elif digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = country + digits[1:]
    if not re.fullmatch(r"[1-9][0-9]{7,14}", digits, re.ASCII):
        raise NotHanded(Handing.ADDRESS, "number")
    return digits


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON template with the placeholders in its texts filled; a value is never looked into again."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), ""), template)
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return template


def at_path(data: Any, path: str) -> str:
    """Return what stands at a path such as `messages.0.id` as text; empty when there is nothing."""
    for step in path.split("."):
        if isinstance(data, list):
            data = data[int(step)] if step.isdigit() and int(step) < len(data) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    return str(data)[:200] if isinstance(data, str | int) else ""


def _refusal(reply: httpx.Response, lost: Handing) -> NotHanded:
    """429 and 503 promise that nothing was taken; other 4xx are for good; 400, 404 and 422 speak of the number."""
    reason = f"HTTP {reply.status_code} {reply.text[:120]}".strip()
    if reply.status_code in {429, 503}:
        asked = reply.headers.get("retry-after", "")
        seconds = min(float(asked), _LONGEST_WAIT) if asked.isdigit() else 0.0
        return NotHanded(Handing.LATER, reason, retry_after=seconds)
    if reply.status_code in {400, 404, 422}:
        return NotHanded(Handing.ADDRESS, reason)
    return NotHanded(Handing.REFUSED if reply.status_code < 500 else lost, reason)


def _gateway_id(reply: httpx.Response, path: str) -> str:
    try:
        return at_path(reply.json(), path)
    except ValueError:
        return ""


def _json_object(name: str, field: str, raw: str) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CannotStart(f"PAKTA_{name.upper()}_{field}: a JSON object is expected.")
    return found
