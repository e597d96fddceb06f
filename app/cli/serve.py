"""`pakta serve` and `pakta worker`."""

import asyncio
import os
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.cli.options import DataDir
from app.core.memory import settle
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.main import create_app
from app.worker import run


def application() -> FastAPI:
    """Return the application of a server process."""
    app = create_app()
    settle()
    return app


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
    workers: Annotated[int, typer.Option(help="Server processes.", min=1)] = 1,
    no_jobs: Annotated[bool, typer.Option("--no-jobs", help="Leave jobs to `pakta worker`.")] = False,
    proxy: Annotated[str, typer.Option(help="Addresses of proxies whose forwarded headers are believed.")] = "",
) -> None:
    """Serve the API and the web client."""
    if no_jobs:
        os.environ["PAKTA_JOBS"] = "false"
    os.environ.setdefault("PAKTA_BASE_URL", f"http://localhost:{port}")
    Settings()
    uvicorn.run(
        "app.cli.serve:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        log_level="warning",
        access_log=False,
        server_header=False,
    )


def worker(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Run jobs: sealing, publishing the log, opening rounds."""
    settings = Settings()
    configure_logs(settings.service)
    settle()
    asyncio.run(run(settings))
