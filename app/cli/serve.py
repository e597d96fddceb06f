"""`pakta serve` and `pakta worker`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.worker import run

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of everything the service keeps itself.")]


def use_data_dir(data_dir: Path | None) -> None:
    """Let settings read in this process and in its children see the option."""
    if data_dir is not None:
        os.environ["PAKTA_DATA_DIR"] = str(data_dir.resolve())


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1)] = 1,
    no_jobs: Annotated[bool, typer.Option("--no-jobs", help="Leave jobs to `pakta worker`.")] = False,
    proxy: Annotated[str, typer.Option(help="Addresses of proxies whose forwarded headers are believed.")] = "",
) -> None:
    """Serve the API and the web client."""
    use_data_dir(data_dir)
    if no_jobs:
        os.environ["PAKTA_JOBS"] = "false"
    os.environ.setdefault("PAKTA_BASE_URL", f"http://localhost:{port}")
    Settings()
    uvicorn.run(
        "app.main:create_app",
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


def worker(data_dir: DataDir = None) -> None:
    """Run jobs: sealing, publishing the log, opening rounds."""
    use_data_dir(data_dir)
    settings = Settings()
    configure_logs(settings.service)
    asyncio.run(run(settings))
