"""`pakta serve` and `pakta worker`."""

import asyncio
import os
from typing import Annotated

import typer
import uvicorn

from app.cli.options import DataDir
from app.core.memory import settle
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.worker import run

STOP_WITHIN = 5  # seconds for answers under way; an open stream of events would hold a stop up for minutes


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
        "app.cli.served:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_WITHIN,
        server_header=False,
    )


def worker(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Run jobs: sealing, publishing the log, opening rounds."""
    settings = Settings()
    configure_logs(settings.service)
    settle()
    asyncio.run(run(settings))
