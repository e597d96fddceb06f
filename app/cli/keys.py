"""`pakta keys …`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import typer
from rich.console import Console

from app.cli.options import AsJson, DataDir
from app.core.errors import CannotStart
from app.core.secrets import master_key
from app.core.settings import Settings
from app.pki.errors import PkiFault
from app.pki.keycheck import check_keys
from app.pki.keyring import init_keys, renew_crl
from app.wiring import key_folder

cli = typer.Typer(help="Keys and certificates.", no_args_is_help=True)


@cli.callback()
def keys() -> None:
    """Keys and certificates."""


@cli.command()
def init(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Make root, issuing CA, TSA, e-seal and log key; refuses when there are keys."""
    settings = Settings()
    try:
        init_keys(
            key_folder(settings.storage),
            master_key(settings.storage),
            institution=settings.service.institution,
            now=datetime.now(UTC),
            crl_base=f"{settings.service.base_url}/ca" if settings.service.secure else None,
        )
    except PkiFault as fault:
        raise CannotStart(f"{fault} ({fault.code})") from fault
    typer.echo(str(key_folder(settings.storage)))


@cli.command()
def check(
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Say in words what is wrong with the keys: 0 nothing, 1 something."""
    storage = Settings().storage
    findings = check_keys(key_folder(storage), master_key(storage), datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([asdict(f) for f in findings], ensure_ascii=False))
    else:
        console = Console()
        for found in findings:
            console.print(f"{found.level}: {found.detail} ({found.code})")
        if not findings:
            console.print("Semua kunci dan sertifikat baik.")
    raise typer.Exit(1 if any(f.level == "error" for f in findings) else 0)


@cli.command()
def crl(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Sign the CRLs anew: the root's only where its key is present."""
    storage = Settings().storage
    try:
        renewed = renew_crl(key_folder(storage), master_key(storage), datetime.now(UTC))
    except PkiFault as fault:
        raise CannotStart(f"{fault} ({fault.code})") from fault
    typer.echo("\n".join(renewed))
