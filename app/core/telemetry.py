"""Logs (structlog) and metrics (Prometheus). Secrets and personal data are never handed to either."""

import logging
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import ServiceSettings

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
REGISTRY = CollectorRegistry()
REQUESTS = Counter("pakta_http_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram("pakta_http_seconds", "Seconds to the end of the answer", ["route"], registry=REGISTRY)
SIGNED = Counter("pakta_documents_signed", "Documents signed by this process", registry=REGISTRY)
SEALED = Counter("pakta_documents_sealed", "Documents sealed by this process", registry=REGISTRY)
UNSEALED = Gauge(
    "pakta_documents_waiting_for_seal", "Signed documents not sealed yet, at the last look", registry=REGISTRY
)
CERTIFICATE_ENDS = Gauge(
    "pakta_certificate_expiry_timestamp_seconds", "When a certificate of the service ends", ["name"], registry=REGISTRY
)
STAMPS_FAIL = Gauge(
    "pakta_timestamp_authority_failing",
    "1 for a time-stamping authority of others that gave no good token when it was asked last",
    ["url"],
    registry=REGISTRY,
)


def configure_logs(settings: ServiceSettings, *, level: int = logging.INFO) -> None:
    """One line an event: for people on a terminal, or JSON."""
    renderer = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("procrastinate").setLevel(logging.WARNING)


def route_template(scope: Scope) -> str:
    """Return the path of the route that took a request, with its `{parameters}`; "unmatched" when none did.

    A route of an included router knows its own part only; FastAPI keeps the whole beside it.
    """
    whole = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(whole or scope.get("route"), "path", "unmatched"))


class Measure:
    """Counts and times requests by route template, so that ids in paths make no new series."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its status."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = route_template(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            REQUESTS.labels(method, route, status).inc()
            SECONDS.labels(route).observe(time.perf_counter() - started)
