"""`pakta demo`: the bundled city, from an empty folder to a served page, or the whole main job once."""

import asyncio
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli import demo_once, demo_serve
from app.cli.options import AsJson, DataDir
from app.core.settings import Settings

SHARE = 0.6


def demo(
    people: Annotated[int, typer.Option(help="People on the synthetic roster.", min=500, max=1_000_000)] = 10_500,
    sign: Annotated[float, typer.Option(help="Share of them that sign.", min=0, max=1)] = SHARE,
    port: Annotated[int, typer.Option(help="Port to serve on.")] = 8000,
    once: Annotated[bool, typer.Option("--once", help="Do the whole main job, print the recap, exit.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="With --once: the first 20 sealed PDFs and root.pem go to this folder.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Load the bundled Kota Malang roster, open a round, let people sign, and serve it (or with --once: recap and exit)."""
    os.environ.setdefault("PAKTA_BASE_URL", f"http://localhost:{port}")
    os.environ.setdefault("PAKTA_MODE", "demo")
    folder = Settings().storage.data_dir.resolve()
    os.environ["PAKTA_DATA_DIR"] = str(folder)
    os.environ.setdefault("PAKTA_SMTP_URL", f"dir://{folder}/mail")
    console = Console(stderr=True)
    if once:
        with redirect_stdout(sys.stderr):  # the service's log: standard output holds the result
            result = asyncio.run(demo_once.run(console, people=people, share=sign, export=export))
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))
        raise typer.Exit(demo_once.show(console if as_json else Console(), result))
    asyncio.run(demo_serve.run(console, people=people, share=sign, port=port))
