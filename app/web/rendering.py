"""From a template to an answer: words of the reader's language, the institution's name, and nothing kept by caches."""

from datetime import datetime
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.http import resources
from app.core.settings import Settings
from app.core.texts import negotiate, text
from app.web import assets
from app.web.browser_name import browser_name
from app.web.moment import day, moment
from app.web.number import exact, grouped, percent
from app.web.person import group_nip
from app.web.visitor import Visitor

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Return the one Jinja environment: everything is escaped, and a name that is not given is a mistake."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["asset"] = assets.url
    found.filters["browser"] = browser_name
    found.filters["nip"] = group_nip
    return found


def language_of(request: Request) -> str:
    """Return the reader's language: Indonesian unless the browser asks for English first."""
    return negotiate(request.headers.get("accept-language"))


def render(
    request: Request, template: str, /, *, visitor: Visitor | None = None, status: int = 200, **context: object
) -> HTMLResponse:
    """Return a page. Templates get `t(key)` for words, `moment(at)`, `day(at)`, `count(n)`, `percent(n)`, `service`, `visitor`, `csrf`, and the context."""
    service = resources(request).get(Settings).service
    language = language_of(request)

    def translate(key: str, /, **params: object) -> str:
        return text(f"page.{key}", language, **params)

    def told(at: datetime) -> str:
        return moment(at, service.timezone, language)

    body = (
        environment()
        .get_template(template)
        .render(
            {"csrf": visitor.csrf if visitor else ""}
            | context
            | {
                "t": translate,
                "moment": told,
                "day": lambda at: day(at, service.timezone, language),
                "language": language,
                "service": service,
                "count": lambda number: grouped(number, language),
                "percent": lambda number: percent(number, language),
                "exact": lambda number: exact(number, language),
                "visitor": visitor,
            }
        )
    )
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(body, status, headers)
