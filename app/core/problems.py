"""Errors over HTTP: RFC 9457 problem documents. The only place where a kind becomes a status."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.core.errors import AppError, Kind
from app.core.telemetry import route_template
from app.core.texts import negotiate, text

MEDIA_TYPE = "application/problem+json"
STATUS = {
    Kind.CONFLICT: 409,
    Kind.FORBIDDEN: 403,
    Kind.GONE: 410,
    Kind.INVALID: 422,
    Kind.NOT_FOUND: 404,
    Kind.RATE_LIMITED: 429,
    Kind.TOO_LARGE: 413,
    Kind.UNAUTHENTICATED: 401,
    Kind.UNAVAILABLE: 503,
    Kind.UNSUPPORTED: 415,
}
_CODE_OF_STATUS = {
    401: "identity.login_needed",
    404: "resource.not_found",
    405: "request.method",
    413: "upload.too_large",
}


class Problem(BaseModel):
    """What a refusal or a failure says (RFC 9457), with the stable `code`."""

    type: str = Field(examples=["/problems/resource.not_found"])
    title: str
    status: int
    code: str
    remedy: str | None = None
    params: dict[str, Any] = {}


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused or failed: a problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""What every route may answer besides what it promises, for OpenAPI; `document` puts its schema there."""

log = structlog.get_logger()
CALLER = "caller"
"""Where `identity` leaves the caller's id in a request's state."""
_TELLING = {Kind.FORBIDDEN, Kind.NOT_FOUND, Kind.RATE_LIMITED, Kind.UNAUTHENTICATED}
"""Refusals of somebody who asked for what is not theirs; a thing outside the caller's scope is answered as one that does not exist."""


def document(schema: dict[str, Any]) -> None:
    """Put the schema problem documents follow into an OpenAPI document."""
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problem_schema


def _denied(request: Request, error: AppError) -> dict[str, str]:
    """What is written down of a refusal: who (an id), from where, what they asked for (never the path, which may hold a code), and why."""
    return {
        "code": error.code,
        "method": request.method,
        "route": route_template(request.scope),
        "caller": str(request.scope.get("state", {}).get(CALLER, "")),
        "address": request.client.host if request.client else "",
    }


def problem(request: Request, status: int, code: str, **params: object) -> JSONResponse:
    """Return the problem document of a code in the caller's language; `params` ride along as extension members."""
    language = negotiate(request.headers.get("accept-language"))
    body = {
        "type": f"/problems/{code}",
        "title": text(code, language, **params),
        "status": status,
        "code": code,
        "remedy": text(f"{code}.remedy", language, **params),
        "params": jsonable_encoder(params, custom_encoder={bytes: lambda _: None}),
    }
    if body["remedy"] == f"{code}.remedy":
        del body["remedy"]
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pakta"'
    if "retry_after" in params:
        headers["Retry-After"] = str(params["retry_after"])
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Map every error a route may raise; an unknown one is logged with its trace and stays opaque outside."""

    @app.exception_handler(AppError)
    async def _known(request: Request, error: AppError) -> JSONResponse:
        if error.kind in _TELLING:
            log.info("request.denied", **_denied(request, error))
        return problem(request, STATUS[error.kind], error.code, **error.params)

    @app.exception_handler(RequestValidationError)
    async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(map(str, e["loc"])), "reason": e["type"], "message": e["msg"]} for e in error.errors()
        ]
        return problem(request, 422, "request.malformed", fields=fields)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(request, error.status_code, _CODE_OF_STATUS.get(error.status_code, "request.refused"))
        answer.headers.update(error.headers or {})  # a 405 names the methods that are served
        return answer

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> JSONResponse:
        # the path itself may hold an activation code
        log.error("request.failed", route=route_template(request.scope), exc_info=error)
        return problem(request, 500, "service.failed")
