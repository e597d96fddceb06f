"""`pakta verify`: is this document genuine? Offline, without the service and without its database."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console

from app.cli.options import AsJson, DataDir
from app.core.settings import Settings
from app.core.texts import text
from app.pdf.inspect import inspect
from app.pki.errors import PkiFault
from app.pki.parsed_certificate import parse
from app.pki.past import past_certificates
from app.verification.verdict import Report, Verdict, judge
from app.wiring import key_folder

MARKS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "not_checked": "[yellow]–[/]"}
LARGEST = 20 << 20


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.pdf", help="Documents to check.")],
    trust: Annotated[
        Path | None, typer.Option(help="Root certificates (PEM, one or several); default: those of the data folder.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Check documents: signatures, certificates, time stamps, changes after signing. 0 valid, 1 invalid, 2 not checked."""
    roots = _trust_roots(trust)
    reports = [(file, _report(file, roots)) for file in files]
    if as_json:
        for file, report in reports:
            typer.echo(json.dumps(_as_data(file, report), ensure_ascii=False, default=str))
    else:
        for file, report in reports:
            _show(file, report)
    verdicts = {report.verdict for _, report in reports}
    raise typer.Exit(1 if Verdict.INVALID in verdicts else 2 if Verdict.NOT_CHECKED in verdicts else 0)


def _trust_roots(trust: Path | None) -> list[bytes]:
    """The certificates of a file (DER, or PEM with one or several); without one the service's own, those before included."""
    folder = key_folder(Settings().storage)
    try:
        data = (trust or folder / "root.crt").read_bytes()
        listed = x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else []
        roots = [one.public_bytes(Encoding.DER) for one in listed] or [data]
        for root in roots:
            parse(root)
        return roots if trust else [*roots, *past_certificates(folder, "root")]
    except (OSError, ValueError, PkiFault):
        return []


def _report(file: Path, roots: list[bytes]) -> Report:
    try:
        if file.stat().st_size > LARGEST:
            return Report(Verdict.NOT_CHECKED, "file.too_large", None)
        data = file.read_bytes()
    except OSError:
        return Report(Verdict.NOT_CHECKED, "file.unreadable", None)
    if not roots:
        return Report(Verdict.NOT_CHECKED, "trust.missing", None)
    return judge(inspect(data, trust_roots=roots, now=datetime.now(UTC)))


def _as_data(file: Path, report: Report) -> dict[str, Any]:
    return {
        "file": str(file),
        "verdict": report.verdict.value,
        "reason": report.reason,
        "assurance": report.assurance,
        "signers": [asdict(signer) for signer in report.signers],
        "checks": [{"code": c.code, "result": c.result, "detail": c.detail} for c in report.checks],
    }


def _show(file: Path, report: Report) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{file.name}[/]: {text(f'verdict.{report.verdict.value}')}", end="")
    console.print(f" ({text(f'verdict_reason.{report.reason}')})" if report.reason else "")
    for signer in report.signers:
        when = f"{signer.signed_at:%d-%m-%Y %H:%M:%S} UTC" if signer.signed_at else "–"
        console.print(f"  {text(f'signature_kind.{signer.kind}')}: {signer.name} {signer.nip} {signer.agency} {when}")
    for check in report.checks:
        console.print(f"  {MARKS[check.result]} {check.code} [dim]{check.detail}[/]")
