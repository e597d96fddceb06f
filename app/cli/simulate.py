"""`pakta simulate …`: servers that behave as the services of others do, to try adapters."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvicorn
from fastapi import FastAPI

from app.asn.siasn import simulator
from app.simulator import bsre, csc
from app.simulator.authority import make_authority
from app.simulator.faults import FAULTS, Faults
from app.simulator.people import BUILT_IN, PASSPHRASE, TOTP

cli = typer.Typer(help="Servers that behave as the services of others do, to try adapters.", no_args_is_help=True)

Port = Annotated[int, typer.Option(help="Port on this machine.")]
Fault = Annotated[
    list[str] | None, typer.Option("--fault", help=f"What goes wrong, once each and in order: {', '.join(FAULTS)}.")
]
Slow = Annotated[float, typer.Option(help="Seconds a slow answer takes.")]
Root = Annotated[Path, typer.Option(help="Where the simulator's root certificate is written (PEM), for PAKTA_…_ROOTS.")]


@cli.callback()
def simulators() -> None:
    """Servers that behave as the services of others do, to try adapters."""


@cli.command("siasn")
def simulate_siasn(
    persons: Annotated[Path, typer.Argument(help="JSON list of persons.", exists=True, dir_okay=False)],
    port: Port = 8081,
    fault: Annotated[list[str] | None, typer.Option(help="expired, error, html or slow; once each, in order.")] = None,
) -> None:
    """Serve persons as SIASN's gateway does, with the faults asked for first."""
    _serve(simulator.build(simulator.Gateway(json.loads(persons.read_text(encoding="utf-8")), list(fault or []))), port)


@cli.command("bsre")
def simulate_bsre(
    port: Port = 8082,
    shape: Annotated[
        Literal["pdf", "json"], typer.Option(help="How v1 answers: the PDF itself, or JSON and then a download.")
    ] = "pdf",
    fault: Fault = None,
    slow_seconds: Slow = 40.0,
    root: Root = Path("bsre-root.pem"),
) -> None:
    """Serve BSrE's Esign Client Service, dialects v1 and v2 at once, with built-in synthetic users.

    NIK 3573010101850001 (issue@simulator.example) can sign; 0002 to 0008 at its end are accounts in the states NEW,
    WAITING_FOR_VERIFICATION, RENEW, EXPIRED, NO_CERTIFICATE, SUSPEND and REVOKE; any other NIK is not registered (2011). The application's
    user is pakta, its password rahasia-aplikasi. The faults are used up one by one by calls that sign or download.
    """
    faults = _faults(fault, slow_seconds)
    authority = make_authority("BSrE", datetime.now(UTC))
    authority.write_root(root)
    gateway = bsre.Gateway(authority, lambda: datetime.now(UTC), shape=shape, faults=faults)
    _tell(port, root, bsre.USERNAME, bsre.PASSWORD)
    for person in BUILT_IN:
        typer.echo(f"  NIK {person.nik}  {person.email}  {person.state}")
    _serve(bsre.build(gateway), port)


@cli.command("csc")
def simulate_csc(
    port: Port = 8083,
    fault: Fault = None,
    slow_seconds: Slow = 40.0,
    root: Root = Path("csc-root.pem"),
    both: Annotated[bool, typer.Option("--both", help="Want PIN and one-time code, not one of them.")] = False,
) -> None:
    """Serve the API of the Cloud Signature Consortium, versions 1 and 2 at once.

    Every user id (NIP) has a credential but those that end in 9; that of ids that end in 8 is disabled. The application's user is pakta, its
    password rahasia-aplikasi.
    """
    faults = _faults(fault, slow_seconds)
    authority = make_authority("CSC", datetime.now(UTC))
    authority.write_root(root)
    service = csc.Service(authority, lambda: datetime.now(UTC), faults, both=both)
    _tell(port, root, csc.USERNAME, csc.PASSWORD)
    _serve(csc.build(service), port)


def _faults(names: list[str] | None, slow_seconds: float) -> Faults:
    if unknown := [name for name in names or () if name not in FAULTS]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(FAULTS)}", param_hint="--fault")
    return Faults(list(names or ()), slow_seconds)


def _tell(port: int, root: Path, username: str, password: str) -> None:
    typer.echo(f"http://127.0.0.1:{port}  application {username} / {password}  root {root}")
    typer.echo(f"passphrase {PASSPHRASE}  one-time code {TOTP}")


def _serve(app: FastAPI, port: int) -> None:
    """No access log: addresses of BSrE's have NIKs in them."""
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)
