"""A server that behaves as SIASN's gateway does: two tokens, expiry, pages, and its bad days. For tests and for trying the adapter."""

import asyncio
import base64
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

CLIENT, SECRET, SSO_CLIENT, SSO_SECRET = "pakta", "rahasia", "pakta-sso", "rahasia-sso"
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Gateway:
    """Who is known, and how the next requests for persons go wrong: `expired`, `error`, `html`, `slow`, in that order."""

    persons: list[dict[str, Any]]
    faults: list[str] = field(default_factory=list)
    slow_seconds: float = 60.0
    gateway_tokens: set[str] = field(default_factory=set)
    sso_tokens: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)


def build(gateway: Gateway) -> FastAPI:
    """Return the simulated service: `/oauth2/token`, `/sso/token`, `/persons/changed`."""
    app = FastAPI(title="SIASN (simulator)")

    @app.post("/oauth2/token")
    async def token(authorization: Annotated[str, Header()] = "") -> Response:
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": _issue(gateway.gateway_tokens), "expires_in": 3600})

    @app.post("/sso/token")
    async def sso(request: Request) -> Response:
        form = await request.form()
        if (form.get("client_id"), form.get("client_secret")) != (SSO_CLIENT, SSO_SECRET):
            return JSONResponse({"error": "unauthorized_client"}, 401)
        return JSONResponse({"access_token": _issue(gateway.sso_tokens), "expires_in": 43200})

    @app.get("/persons/changed")
    async def changed(
        request: Request,
        since: str,
        limit: int,
        offset: int,
        authorization: Annotated[str, Header()] = "",
        auth: Annotated[str, Header()] = "",
    ) -> Response:
        gateway.asked.append(dict(request.query_params))
        if bad := await _bad_day(gateway):
            return bad
        known = authorization.removeprefix("Bearer ") in gateway.gateway_tokens
        if not known or auth.removeprefix("bearer ") not in gateway.sso_tokens:
            return JSONResponse({"code": 0, "message": "invalid token"}, 401)
        found = [person for person in gateway.persons if str(person.get("updatedAt", "9999")) >= since]
        return JSONResponse({"code": 1, "count": len(found), "data": found[offset : offset + limit]})

    return app


def _issue(tokens: set[str]) -> str:
    token = secrets.token_urlsafe(16)
    tokens.add(token)
    return token


async def _bad_day(gateway: Gateway) -> Response | None:
    fault = gateway.faults.pop(0) if gateway.faults else ""
    if fault == "expired":
        gateway.gateway_tokens.clear()
    elif fault == "error":
        return JSONResponse({"code": 0, "message": "internal"}, 500)
    elif fault == "html":
        return HTMLResponse(HTML)
    elif fault == "slow":
        await asyncio.sleep(gateway.slow_seconds)
    return None
