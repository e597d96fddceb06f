"""The naive way, measured: ReportLab lays every document out anew, pyHanko signs it. One core, CPU seconds.

    python -m benchmarks.peers.naive B-B|B-T|B-LTA [documents]

Keys, chain, time-stamp token and content are like ours (ECDSA P-256, a certificate a person, a token of our own authority; letterhead, identity table, points, QR code,
embedded fonts), so that only the way differs. How often asn1crypto encodes its trees anew hangs on the seed of Python's hashes and makes whole processes
up to fifty times slower, so several seeds are measured and the median counts.
"""

import asyncio
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import segno
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer, Table

from app.demo import roster
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.keyring import init_keys, load_keys

FONT = str(files("fontpkg_arimo") / "files" / "Arimo[wght].ttf")
SEEDS = 5
CITY = "Pemerintah Kota Malang"
TEMPLATE = Path(__file__).parents[2] / "pdf_templates" / "pakta_integritas" / "template.toml"


class LocalStamps(timestamps.TimeStamper):  # type: ignore[misc]
    """Tokens of our own authority, without a network."""

    def __init__(self, authority: Authority, now: datetime) -> None:
        super().__init__(include_nonce=False)
        self.authority, self.now = authority, now

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> Any:
        digest = req["message_imprint"]["hashed_message"].native
        token = self.authority.tsa.token(digest, self.now)
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": tsp.ContentInfo.load(token)})


@dataclass(frozen=True)
class Styles:
    """Paragraph styles over embedded fonts."""

    text: ParagraphStyle
    head: ParagraphStyle


def load_styles() -> Styles:
    for name in ("Text", "Bold"):
        pdfmetrics.registerFont(TTFont(name, FONT))
    text = ParagraphStyle("text", fontName="Text", fontSize=10, leading=13, alignment=TA_JUSTIFY, spaceAfter=6)
    return Styles(text, ParagraphStyle("head", fontName="Bold", fontSize=13, leading=16, alignment=TA_CENTER))


def laid_out(person: dict[str, str], points: list[str], styles: Styles) -> io.BytesIO:
    """One A4 page of the same content as ours, laid out by ReportLab; fonts are loaded once a process."""
    written, code = io.BytesIO(), io.BytesIO()
    segno.make(f"https://pakta.example/v/{person['NIP BARU']:0>22}", error="m").save(code, kind="png", scale=4)
    rows = [
        [Paragraph(label, styles.text), Paragraph(escape(person[column]), styles.text)]
        for label, column in (
            ("Nama", "NAMA"),
            ("NIP", "NIP BARU"),
            ("Jabatan", "JABATAN NAMA"),
            ("Unit Kerja", "UNOR NAMA"),
        )
    ]
    story = [Paragraph(CITY.upper(), styles.head), Paragraph("PAKTA INTEGRITAS", styles.head), Table(rows, [110, 361])]
    story += [Spacer(1, 12), *(Paragraph(escape(point), styles.text) for point in points), Image(code, 85, 85)]
    SimpleDocTemplate(written, pagesize=A4, title="Pakta Integritas").build(story)
    written.seek(0)
    return written


def certificates(ders: list[bytes]) -> list[x509.Certificate]:
    return [x509.Certificate.load(der) for der in ders]


def signer(authority: Authority, key: ec.EllipticCurvePrivateKey, certificate: bytes) -> signers.SimpleSigner:
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore.from_certs(certificates([*authority.chain, authority.root]))
    return signers.SimpleSigner(x509.Certificate.load(certificate), keys.PrivateKeyInfo.load(private), store)


def metadata(name: str) -> signers.PdfSignatureMetadata:
    return signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)


async def document(
    authority: Authority,
    stamps: LocalStamps,
    person: dict[str, str],
    points: list[str],
    styles: Styles,
    level: str,
    now: datetime,
) -> int:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issued = authority.issue(Subject(CITY, "OPD", person["NAMA"].title(), person["NIP BARU"]), spki, now)
    pdf = laid_out(person, points, styles)
    names = ["pegawai", "segel"] if level == "B-LTA" else ["pegawai"]
    for name in names:  # the seal's key stands in for the institution's: the same work
        writer = IncrementalPdfFileWriter(pdf)
        pdf = await signers.async_sign_pdf(
            writer, metadata(name), signer(authority, key, issued), timestamper=None if level == "B-B" else stamps
        )
    if level == "B-LTA":
        stamper = signers.PdfTimeStamper(stamps)
        pdf = await stamper.async_timestamp_pdf(IncrementalPdfFileWriter(pdf), "sha256")
    return len(pdf.getvalue())


async def measure(level: str, count: int) -> float:
    """Return documents a CPU second of this process."""
    now = datetime.now(UTC)
    points = [part for part in TEMPLATE.read_text(encoding="utf-8").splitlines() if len(part) > 60]
    with tempfile.TemporaryDirectory() as folder:
        init_keys(Path(folder) / "keys", b"passphrase of a benchmark", institution=CITY, now=now)
        authority = load_keys(Path(folder) / "keys", b"passphrase of a benchmark").authority
    stamps, people, styles = LocalStamps(authority, now), list(roster.rows(max(count, 500)))[: count + 1], load_styles()
    await document(authority, stamps, people[0], points, styles, level, now)  # what is loaded once is not counted
    began = time.process_time()
    for person in people[1:]:
        await document(authority, stamps, person, points, styles, level, now)
    return count / (time.process_time() - began)


def main(level: str, count: int) -> None:
    """Measure in processes with other hash seeds; print the median, and all of them."""
    rates = []
    for seed in range(SEEDS):
        command = [sys.executable, "-m", "benchmarks.peers.naive", level, str(count), "here"]
        environment = os.environ | {"PYTHONHASHSEED": str(seed)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rates.append(round(float(done.stdout), 1))
    print(json.dumps({"reportlab+pyhanko": statistics.median(rates), "by hash seed": rates}))


if __name__ == "__main__":
    if sys.argv[3:] == ["here"]:
        print(asyncio.run(measure(sys.argv[1], int(sys.argv[2]))))
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20)
