"""Security headers of every answer (W3C CSP level 3, Trusted Types; RFC 6797; Fetch's cross-origin policies)."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import Settings

CSP = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' blob: data:; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
PERMISSIONS = (
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)"
)


def harden(headers: MutableHeaders, *, secure: bool) -> None:
    """Add the headers to an answer; `secure` when people reach the service over TLS."""
    headers.setdefault("Content-Security-Policy", CSP)  # a page that is kept as a file brings a stricter one of its own
    if "etag" not in headers:
        headers.setdefault("Cache-Control", "no-store")  # personal data stays in no cache unless a route says what may
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Permissions-Policy", PERMISSIONS)  # a kiosk may use its camera
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """Adds the headers to whatever the application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secure = scope["app"].state.resources.get(Settings).service.secure

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                harden(MutableHeaders(scope=message), secure=secure)
            await send(message)

        await self.app(scope, receive, complete)
