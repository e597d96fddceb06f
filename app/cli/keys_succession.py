"""`pakta keys request`, `certify`, `install`, `adopt`: a new issuing CA, or a new root, where the root's key lies on another machine."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.failure import keys_told
from app.cli.options import DataDir
from app.core.secrets import master_key
from app.core.settings import Settings
from app.pki import root_succession, succession
from app.pki.errors import RotationRefused
from app.wiring import crl_base, key_folder, key_places

Output = Annotated[Path | None, typer.Option("--output", help="File to write (PEM); without it: stdout.")]


def request(output: Output = None, data_dir: DataDir = None) -> None:  # noqa: ARG001 - its callback sets it
    """Make the key of the next issuing CA and a request for its certificate (PKCS #10); asked again, the same request."""
    settings = Settings()
    with keys_told():
        made = succession.request(
            key_folder(settings.storage),
            master_key(settings.storage),
            institution=settings.service.institution,
            places=key_places(settings),
        )
    hand_out(made, output)


def certify(
    requested: Annotated[Path, typer.Argument(help="The request (PEM).", exists=True, dir_okay=False)],
    output: Output = None,
    published_under: Annotated[
        str | None, typer.Option("--crl-base", help="Address the CRLs are published under; without it: this service's.")
    ] = None,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Certify a requested issuing CA with the root's key; only keys/root.key, keys/root.crt and the master key are needed."""
    settings = Settings()
    with keys_told():
        made = succession.certify(
            key_folder(settings.storage),
            master_key(settings.storage),
            requested.read_bytes(),
            now=datetime.now(UTC),
            crl_base=published_under or crl_base(settings.service),
            places=key_places(settings),
        )
    hand_out(ssl.DER_cert_to_PEM_cert(made).encode(), output)


def install(
    certificate: Annotated[Path, typer.Argument(help="The certificate (PEM).", exists=True, dir_okay=False)],
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Let the requested issuing CA take over; restart server and worker then. Key and certificate of the old one are kept."""
    settings = Settings()
    with keys_told():
        try:
            der = ssl.PEM_cert_to_DER_cert(certificate.read_text("ascii").strip())
        except ValueError as error:
            raise RotationRefused(f"{certificate} bukan sertifikat PEM.") from error
        succession.install(
            key_folder(settings.storage),
            master_key(settings.storage),
            der,
            now=datetime.now(UTC),
            places=key_places(settings),
        )
    typer.echo("issuing: CA penerbit baru dipakai setelah server dan worker dimulai ulang.")


def adopt(
    introduced: Annotated[
        Path, typer.Argument(help="What `pakta keys rotate root --output` wrote.", exists=True, dir_okay=False)
    ],
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Let a new root, made where the root's key is, stand above; then request, certify and install an issuing CA under it."""
    settings = Settings()
    with keys_told():
        root_succession.adopt(
            key_folder(settings.storage), master_key(settings.storage), introduced.read_bytes(), now=datetime.now(UTC)
        )
    typer.echo("root: akar baru dipakai setelah server dan worker dimulai ulang; sesudahnya ganti CA penerbit.")


def hand_out(made: bytes, output: Path | None) -> None:
    """Write what a command made to its file, or to standard output."""
    if output is None:
        typer.echo(made.decode(), nl=False)
        return
    output.write_bytes(made)
    typer.echo(str(output))
