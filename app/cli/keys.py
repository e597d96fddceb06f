"""`pakta keys …`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

import typer
from rich.console import Console

from app.cli import keys_succession
from app.cli.failure import keys_told
from app.cli.keys_retimestamp import retimestamp
from app.cli.options import AsJson, DataDir
from app.core.secrets import master_key
from app.core.settings import Settings
from app.pki.inventory import list_certificates
from app.pki.keycheck import Finding
from app.pki.keyring import init_keys, renew_crl
from app.pki.root_succession import introduction, rotate_root
from app.pki.rotation import rotate as rotate_key
from app.pki.succession import rotate_issuing
from app.wiring import crl_base, examine_keys, key_folder, key_places, other_stamps

cli = typer.Typer(help="Keys and certificates.", no_args_is_help=True)
cli.command()(retimestamp)
cli.command()(keys_succession.request)
cli.command()(keys_succession.certify)
cli.command()(keys_succession.install)
cli.command()(keys_succession.adopt)
ENDING = 3  # apart from 1 (something is wrong) and 2 (the command was called wrongly)


@cli.callback()
def keys() -> None:
    """Keys and certificates."""


@cli.command()
def init(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Make root, issuing CA, TSA, e-seal and log key, in the token where a URI names one; refuses when there are keys."""
    settings = Settings()
    with keys_told():
        init_keys(
            key_folder(settings.storage),
            master_key(settings.storage),
            institution=settings.service.institution,
            now=datetime.now(UTC),
            crl_base=crl_base(settings.service),
            places=key_places(settings),
        )
    typer.echo(str(key_folder(settings.storage)))


@cli.command()
def check(
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Say in words what is wrong with the keys: 0 nothing, 1 something, 3 nothing yet but soon."""
    settings, now = Settings(), datetime.now(UTC)
    findings = examine_keys(settings, now)
    if others := other_stamps(settings.timestamps):
        findings += others.examine(now)
    if as_json:
        typer.echo(json.dumps([asdict(f) for f in findings], ensure_ascii=False))
    else:
        _tell(settings, findings, now)
    if any(f.level == "error" for f in findings):
        raise typer.Exit(1)
    raise typer.Exit(ENDING if findings else 0)


def _tell(settings: Settings, findings: list[Finding], now: datetime) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for found in findings:
        console.print(f"{found.level}: {found.detail} ({found.code})", markup=False)
    if findings:
        return
    with keys_told():
        for one in list_certificates(key_folder(settings.storage), now, places=key_places(settings)):
            console.print(f"{one.name}: sampai {one.not_after:%d-%m-%Y}, {one.place}", markup=False)
    console.print("Semua kunci dan sertifikat baik.")


@cli.command()
def rotate(
    name: Annotated[
        Literal["root", "issuing", "tsa", "e-seal"], typer.Argument(help="Which one is followed by another.")
    ],
    output: keys_succession.Output = None,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Give root, issuing CA, TSA or e-seal a new key and certificate; restart server and worker then. The old one is kept.

    A new root takes new ones of the others with it; --output is what `pakta keys adopt` takes where the root's key is not.
    """
    settings = Settings()
    follow = {"root": rotate_root, "issuing": rotate_issuing}.get(name, partial(rotate_key, name=name))
    with keys_told():
        follow(
            key_folder(settings.storage),
            master_key(settings.storage),
            institution=settings.service.institution,
            now=datetime.now(UTC),
            crl_base=crl_base(settings.service),
            places=key_places(settings),
        )
    if name == "root" and output is not None:
        keys_succession.hand_out(introduction(key_folder(settings.storage)), output)
    typer.echo(f"{name}: kunci dan sertifikat baru dipakai setelah server dan worker dimulai ulang.")


@cli.command()
def crl(data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Sign the CRLs anew: the root's only where its key is present."""
    settings = Settings()
    with keys_told():
        renewed = renew_crl(
            key_folder(settings.storage),
            master_key(settings.storage),
            datetime.now(UTC),
            places=key_places(settings),
        )
    typer.echo("\n".join(renewed))
