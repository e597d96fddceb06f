"""A server that behaves as gateways for SMS and WhatsApp Business do: it takes messages, has its bad days, and calls back.

For tests and for trying a gateway's settings. `POST /messages` answers 202 with an id; 400 for a number that is none or begins with the
prefix of those it does not know; faults first, in order: 429 with Retry-After, 500, 503, slow, hangup (the message is taken, the answer lost).
The same Idempotency-Key is one message, whatever the number of requests.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from fastapi import Body, FastAPI, Header, Response
from fastapi.responses import JSONResponse

FAULTS = ("busy", "error", "unavailable", "slow", "hangup")
UNKNOWN_PREFIX = "62899"
RETRY_AFTER = 120


@dataclass
class Gateway:
    """What was taken, by id, and how the next requests go wrong. `recipient` is where the number stands in a body."""

    secret: str = "rahasia-gerbang"  # noqa: S105 - of the simulator
    recipient: str = "to"
    faults: list[str] = field(default_factory=list)
    slow_seconds: float = 60.0
    requests: int = 0
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)


def build(gateway: Gateway) -> FastAPI:
    """Return the simulated gateway: `POST /messages`, and `GET /messages` to look at what it took."""
    app = FastAPI(title="Message gateway (simulator)")

    @app.post("/messages")
    async def take(
        body: Annotated[dict[str, Any], Body()],
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header()] = "",
    ) -> Response:
        gateway.requests += 1
        if authorization != f"Bearer {gateway.secret}":
            return JSONResponse({"error": "unauthorized"}, 401)
        fault = gateway.faults.pop(0) if gateway.faults else ""
        if refused := await _bad_day(gateway, fault):
            return refused
        number = str(body.get(gateway.recipient, ""))
        if not number.isdigit() or not 8 <= len(number) <= 15 or number.startswith(UNKNOWN_PREFIX):
            return JSONResponse({"error": "unknown number"}, 400)
        taken = _take(gateway, idempotency_key, body)
        if fault == "hangup":
            return JSONResponse({"error": "lost"}, 500)
        return JSONResponse({"id": taken, "messages": [{"id": taken}]}, 202)

    @app.get("/messages")
    async def look() -> dict[str, Any]:
        return {"requests": gateway.requests, "taken": gateway.taken}

    return app


async def call_back(
    http: httpx.AsyncClient, url: str, secret: str, gateway_id: str, status: str, reason: str = ""
) -> int:
    """Tell the service what became of a message, as gateways do; return the status it answers."""
    body = {"id": gateway_id, "status": status, "reason": reason}
    reply = await http.post(url, json=body, headers={"Authorization": f"Bearer {secret}"})
    return reply.status_code


def _take(gateway: Gateway, key: str, body: dict[str, Any]) -> str:
    if key and key in gateway.by_key:
        return gateway.by_key[key]
    taken = f"msg-{len(gateway.taken) + 1}"
    gateway.taken[taken] = body
    if key:
        gateway.by_key[key] = taken
    return taken


async def _bad_day(gateway: Gateway, fault: str) -> Response | None:
    if fault == "busy":
        return JSONResponse({"error": "too many"}, 429, {"Retry-After": str(RETRY_AFTER)})
    if fault == "error":
        return JSONResponse({"error": "internal"}, 500)
    if fault == "unavailable":
        return JSONResponse({"error": "maintenance"}, 503)
    if fault == "slow":
        await asyncio.sleep(gateway.slow_seconds)
    return None
