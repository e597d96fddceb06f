"""The tablet's own cookie."""

from datetime import timedelta

from fastapi import Request, Response

from app.core.http import resources
from app.core.settings import ServiceSettings, Settings

LIFE = timedelta(days=180)


def cookie_name(settings: ServiceSettings) -> str:
    """`__Host-` binds the cookie to this host and TLS (RFC 6265bis)."""
    return "__Host-pakta-kiosk" if settings.secure else "pakta-kiosk"


def token_of(request: Request) -> str | None:
    """Return what the tablet's cookie holds."""
    return request.cookies.get(cookie_name(resources(request).get(Settings).service))


def set_cookie(response: Response, settings: ServiceSettings, token: str) -> None:
    """Make the tablet a kiosk."""
    response.set_cookie(
        cookie_name(settings),
        token,
        httponly=True,
        secure=settings.secure,
        samesite="strict",
        path="/",
        max_age=int(LIFE.total_seconds()),
    )


def delete_cookie(response: Response, settings: ServiceSettings) -> None:
    """Let the tablet be a browser like any other."""
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="strict")
