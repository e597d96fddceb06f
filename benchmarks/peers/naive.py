"""The naive way, measured: ReportLab lays every document out anew, pyHanko signs it. One core, CPU seconds.

    python -m benchmarks.peers.naive B-T|B-LTA [documents]

Keys, chain, time-stamp token and text are like ours (ECDSA P-256, a certificate a person, a token of our own authority), so that only the way differs.
"""

import asyncio
import io
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from app.demo import roster
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.keyring import init_keys, load_keys

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


def laid_out(person: dict[str, str], points: list[str]) -> io.BytesIO:
    styles, written = getSampleStyleSheet(), io.BytesIO()
    lines = [f"Nama: {person['NAMA']}", f"NIP: {person['NIP BARU']}", f"Jabatan: {person['JABATAN NAMA']}"]
    story = [Paragraph("PAKTA INTEGRITAS", styles["Title"]), *(Paragraph(line, styles["Normal"]) for line in lines)]
    story += [Spacer(1, 12), *(Paragraph(point, styles["Normal"]) for point in points)]
    SimpleDocTemplate(written, pagesize=A4).build(story)
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
    authority: Authority, stamps: LocalStamps, person: dict[str, str], points: list[str], level: str, now: datetime
) -> int:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issued = authority.issue(Subject(CITY, "OPD", person["NAMA"].title(), person["NIP BARU"]), spki, now)
    pdf = laid_out(person, points)
    names = ["pegawai"] if level == "B-T" else ["pegawai", "segel"]
    for name in names:  # the seal's key stands in for the institution's: the same work
        writer = IncrementalPdfFileWriter(pdf)
        pdf = await signers.async_sign_pdf(writer, metadata(name), signer(authority, key, issued), timestamper=stamps)
    if level == "B-LTA":
        stamper = signers.PdfTimeStamper(stamps)
        pdf = await stamper.async_timestamp_pdf(IncrementalPdfFileWriter(pdf), "sha256")
    return len(pdf.getvalue())


async def main(level: str, count: int) -> None:
    now = datetime.now(UTC)
    points = [part for part in TEMPLATE.read_text(encoding="utf-8").splitlines() if len(part) > 60]
    with tempfile.TemporaryDirectory() as folder:
        init_keys(Path(folder) / "keys", b"passphrase of a benchmark", institution=CITY, now=now)
        authority = load_keys(Path(folder) / "keys", b"passphrase of a benchmark").authority
    stamps, people = LocalStamps(authority, now), list(roster.rows(max(count, 500)))[: count + 1]
    await document(authority, stamps, people[0], points, level, now)  # what is loaded once is not counted
    began = time.process_time()
    for person in people[1:]:
        await document(authority, stamps, person, points, level, now)
    print(json.dumps({"reportlab+pyhanko": round(count / (time.process_time() - began), 1)}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40))
