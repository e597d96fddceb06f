"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]


def use_data_dir(data_dir: Path | None) -> None:
    """Let settings read in this process and in its children see the option."""
    if data_dir is not None:
        os.environ["PAKTA_DATA_DIR"] = str(data_dir.resolve())


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of everything the service keeps itself.", callback=use_data_dir),
]
