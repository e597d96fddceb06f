"""The web application: wiring only."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI

from app import api
from app.core import problems
from app.core.clock import Clock
from app.core.limits import LimitHeaders
from app.core.memory import settle
from app.core.settings import Settings
from app.core.telemetry import Measure, configure_logs
from app.identity.idempotency.middleware import IdempotentPosts
from app.pki.errors import TimestampUnavailable, TokenFault
from app.probes import keys_unavailable
from app.probes import router as probes
from app.transparency.routes import router as log
from app.web.application import install as install_web
from app.wiring import running
from app.worker import beside


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, begun: Callable[[], None] = lambda: None
) -> FastAPI:
    """Return the application; it starts its database and opens its keys when it is started itself, and then calls `begun`."""
    settings = settings or Settings()
    configure_logs(settings.service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.resources = await stack.enter_async_context(running(settings, clock=clock))
            if settings.service.jobs:
                await stack.enter_async_context(beside(app.state.resources))
            begun()
            yield

    app = FastAPI(
        title="Pakta",
        version="1",
        description="Pledges of a whole civil service: rosters, rounds, signing, verification, compliance.",
        lifespan=lifespan,
        responses=problems.DOCUMENTED,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would send people to whatever host their request names
        telemetry={"tracing": False, "metrics": False, "logs": False},  # a failing import on every request otherwise
    )
    app.add_middleware(IdempotentPosts)
    app.add_middleware(LimitHeaders)
    app.add_middleware(Measure)
    problems.install(app)
    app.add_exception_handler(TokenFault, keys_unavailable)
    app.add_exception_handler(TimestampUnavailable, keys_unavailable)
    app.openapi = partial(_described, app, app.openapi)  # type: ignore[method-assign]
    api.install(app)
    app.include_router(log)
    app.include_router(probes)
    install_web(app)
    return app


def _described(app: FastAPI, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if app.openapi_schema is None:
        problems.document(describe())
    return describe()


def create_served_app() -> FastAPI:
    """Return the application of a process that does nothing else."""
    return create_app(begun=settle)
