"""Errors as pages: what happened, that nothing was lost, what to do next, and the code in small print.

The mapping of errors to statuses and words is `core/problems.py`'s alone; a browser asking for a page gets its answer dressed.
"""

import json
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from app.core.errors import AppError, ConfirmationNeeded, NotAuthenticated
from app.core.http import SAFE_METHODS, resources
from app.core.settings import Settings
from app.core.texts import catalogue, text
from app.identity.kiosk import edge as kiosk
from app.web.headers import harden
from app.web.rendering import render

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]
OFFICE_PATHS = ("/dashboard", "/kantor", "/layar")
MACHINE_PATHS = ("/api/", "/log/", "/openapi.json")


def install(app: FastAPI) -> None:
    """Put a page before each handler of problem documents, for browsers that ask for one."""
    for kind in (AppError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _dressed(app.exception_handlers[kind]))


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, not a script or a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(MACHINE_PATHS)


def told(error: AppError, language: str) -> str:
    """Return what a refusal says and its remedy, for the page it happened on; a `reason` in the reader's words where there are some."""
    params, known = dict(error.params), catalogue(language)
    if (words := f"why.{params.get('reason', '')}") in known:
        params["reason"] = known[words]
    sentences = [text(error.code, language, **params)]
    if f"{error.code}.remedy" in known:
        sentences.append(text(f"{error.code}.remedy", language, **params))
    return " ".join(sentences)


def _dressed(inner: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, NotAuthenticated) and wants_page(request):
            return RedirectResponse(_way_in(request), 303, {"Cache-Control": "no-store"})
        if isinstance(error, ConfirmationNeeded) and wants_page(request):
            return RedirectResponse(_confirmation(request), 303, {"Cache-Control": "no-store"})
        answer = inner(request, error)
        problem = await answer if isawaitable(answer) else answer
        if not wants_page(request) or not isinstance(problem, JSONResponse):
            return problem
        return _page(request, problem)

    return handle


def _page(request: Request, problem: JSONResponse) -> Response:
    facts = json.loads(bytes(problem.body))
    page = render(
        request,
        "refusal.html",
        status=problem.status_code,
        code=facts["code"],
        sentence=facts["title"],
        remedy=facts.get("remedy", ""),
    )
    # An unforeseen error is answered outside all middleware, so the page brings its own headers.
    harden(page.headers, secure=resources(request).get(Settings).service.secure)
    return page


def _way_in(request: Request) -> str:
    path = request.url.path
    if kiosk.token_of(request) is not None:
        return "/kiosk"
    way = "/dashboard/masuk" if path.startswith(OFFICE_PATHS) else "/masuk"
    return way if request.method not in SAFE_METHODS else f"{way}?lanjut={quote(path)}"


def _confirmation(request: Request) -> str:
    """Where the passkey is asked for again; after a form one goes back to the page it stood on."""
    path = request.url.path
    if request.method not in SAFE_METHODS:
        path = "/".join(path.split("/")[:3])
    elif request.url.query:
        path = f"{path}?{request.url.query}"
    return f"/kantor/konfirmasi?lanjut={quote(path)}"
