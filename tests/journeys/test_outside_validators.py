"""Documents made by the running service, judged by programs that are not ours: pdfsig, pyHanko, OpenSSL, qpdf."""

import asyncio
import io
import re
import ssl
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms, crl
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator.revinfo.archival import CRLContainer
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from app.cli.main import cli
from app.core.clock import SystemClock
from app.pki.keyring import KeyRing
from tests.pki.test_archive_life import strict
from tests.service import Service, running_service

SITI, BUDI = "198501012010012001", "197505052000031002"


@dataclass
class Made:
    """Sealed documents of two people, and the root."""

    siti: bytes
    budi: bytes
    root: bytes
    folder: Path

    @property
    def root_pem(self) -> Path:
        path = self.folder / "root.pem"
        path.write_text(ssl.DER_cert_to_PEM_cert(self.root))
        return path

    def file(self, data: bytes, name: str = "a.pdf") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


async def sealed(service: Service, nip: str) -> bytes:
    device = await service.device(nip)
    owed = [o["id"] for o in await device.pending() if o["pledge"] == "pakta_integritas"]
    signed = await device.sign(await device.open(owed))
    await service.run_jobs()
    return await device.download(signed.receipts[0]["id"])


@pytest.fixture
async def made(fresh_database: str, tmp_path: Path) -> Made:
    """Made now, by the real clock: outside validators ask no other."""
    async with running_service(fresh_database, tmp_path, SystemClock().now()) as service:
        await service.import_roster()
        await service.open_round()
        root = service.held.get(KeyRing).authority.root
        return Made(await sealed(service, SITI), await sealed(service, BUDI), root, tmp_path)


def verify(made: Made, path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["verify", str(path), "--trust", str(made.root_pem), "--json"])
    return result.exit_code, result.stdout


async def test_pdfsig_pyhanko_openssl_and_qpdf_accept_a_sealed_document(made: Made) -> None:
    path = made.file(made.siti)
    await asyncio.to_thread(check_with_pdfsig, made, path)
    await check_with_pyhanko(made)
    await asyncio.to_thread(check_with_openssl, made)
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert (checked.returncode, "WARNING" in checked.stdout + checked.stderr) == (0, False), checked.stdout


def check_with_pdfsig(made: Made, path: Path) -> None:
    store = made.folder / "nss"
    store.mkdir()
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", "-d", store, "-n", "root", "-t", "CT,C,C", "-a", "-i", made.root_pem], check=True)
    told = subprocess.run(["pdfsig", "-nssdir", store, path], capture_output=True, text=True, check=True).stdout
    # the archive time stamp is of a kind this program says it cannot check; signer and e-seal it can
    assert told.count("Signature Validation: Signature is Valid.") == 2, told
    assert told.count("Certificate Validation: Certificate is Trusted.") == 2, told
    assert "Total document signed" in told


async def check_with_pyhanko(made: Made) -> None:
    reader = PdfFileReader(io.BytesIO(made.siti))
    store = DocumentSecurityStore.read_dss(reader)
    lists = [CRLContainer(crl.CertificateList.load(stream.get_object().data)) for stream in store.crls]
    knowledge = LocalKnowledge(known_crls=lists, known_certs=list(store.load_certs()))
    for signature in reader.embedded_regular_signatures:
        spec = strict(made.root, knowledge)
        with_time = await ades_with_time_validation(signature.signed_data, spec, raw_digest=signature.compute_digest())
        assert with_time.ades_subindic == AdESPassed.OK
        archived = await ades_lta_validation(signature, PdfSignatureValidationSpec(strict(made.root, LocalKnowledge())))
        assert archived.ades_subindic == AdESPassed.OK


def check_with_openssl(made: Made) -> None:
    """Each CMS over its range with `cms -verify -cades`, each time stamp with `ts -verify`."""
    for number, (content, contents) in enumerate(signature_values(made.siti)):
        covered, value = made.file(content, f"{number}.bin"), made.file(contents, f"{number}.der")
        info = cms.ContentInfo.load(contents)["content"]
        if info["encap_content_info"]["content_type"].native == "tst_info":
            openssl_ts(made, contents, covered, number)
            continue
        openssl(
            *("cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", value, "-content", covered),
            *("-CAfile", made.root_pem, "-purpose", "any", "-out", "/dev/null"),
        )
        token = info["signer_infos"][0]["unsigned_attrs"][0]["values"][0].dump()
        signature = made.file(info["signer_infos"][0]["signature"].native, f"{number}.sig")
        openssl_ts(made, token, signature, number)


def openssl_ts(made: Made, token: bytes, data: Path, number: int) -> None:
    path = made.file(token, f"{number}.tst")
    chain = made.folder / f"{number}.pem"
    certificates = cms.ContentInfo.load(token)["content"]["certificates"]
    chain.write_text("".join(ssl.DER_cert_to_PEM_cert(c.chosen.dump()) for c in certificates))
    openssl(*("ts", "-verify", "-token_in", "-in", path, "-data", data, "-CAfile", made.root_pem, "-untrusted", chain))


def openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def signature_values(pdf: bytes) -> list[tuple[bytes, bytes]]:
    """What each signature covers, and its value without padding."""
    found = []
    for match in re.finditer(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]", pdf):
        start, after, rest = map(int, match.groups())
        padded = bytes.fromhex(pdf[start + 1 : after - 1].decode())
        found.append((pdf[:start] + pdf[after : after + rest], cms.ContentInfo.load(padded).dump()))
    return found


async def test_verify_says_valid_and_names_the_signer(made: Made) -> None:
    code, told = await asyncio.to_thread(verify, made, made.file(made.siti))
    assert code == 0, told
    assert '"verdict": "valid"' in told
    assert "Dr. Siti Rahayu, S.Kom., M.Si." in told


async def test_verify_refuses_a_flipped_byte_a_changed_text_and_a_moved_signature(made: Made) -> None:
    flipped = bytearray(made.siti)
    flipped[flipped.index(b"/ByteRange") - 900] ^= 1
    with pikepdf.open(io.BytesIO(made.siti)) as document:
        page = document.pages[0]
        page.contents_add(pikepdf.Stream(document, b"BT/R 20 Tf 100 500 Td<0042004f>Tj ET"))
        rewritten = io.BytesIO()
        document.save(rewritten)
    for name, data in {
        "flipped": bytes(flipped),
        "rewritten": rewritten.getvalue(),
        "appended": with_appended_text(made.siti),
        "moved": with_signature_of(made.budi, made.siti),
    }.items():
        code, told = await asyncio.to_thread(verify, made, made.file(data, f"{name}.pdf"))
        assert code == 1, (name, told)
        assert '"verdict": "invalid"' in told
        assert '"result": "failed"' in told


async def test_verify_does_not_check_what_is_not_ours(made: Made) -> None:
    foreign = io.BytesIO()
    canvas = Canvas(foreign)
    canvas.drawString(100, 700, "Surat orang lain")
    canvas.save()
    for name, data in {
        "foreign": foreign.getvalue(),
        "junk": b"%PDF-1.7\n" + bytes(range(256)) * 9,
        "empty": b"",
    }.items():
        code, told = await asyncio.to_thread(verify, made, made.file(data, f"{name}.pdf"))
        assert code == 2, (name, told)
        assert '"verdict": "not_checked"' in told


def with_appended_text(pdf: bytes) -> bytes:
    """Append a revision that replaces the page's personal text; every signed byte stays as it was."""
    stream_number = int(re.search(rb"/Contents\[\d+ 0 R (\d+) 0 R", pdf)[1])
    trailer = re.findall(rb"trailer\n<</Size (\d+)(/Root \d+ 0 R/Info \d+ 0 R).*?/ID(\[[^\]]*\])", pdf)[-1]
    previous = int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])
    text = b"BT/R 12 Tf 100 700 Td<0042004f0048004f004e0047>Tj ET q"
    body = b"%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (stream_number, len(text), text)
    at = len(pdf) + len(body)
    xref = b"xref\n%d 1\n%010d 00000 n \n" % (stream_number, len(pdf))
    end = b"trailer\n<</Size %s%s/Prev %d/ID%s>>\nstartxref\n%d\n%%%%EOF\n" % (*trailer[:2], previous, trailer[2], at)
    return pdf + body + xref + end


def with_signature_of(target: bytes, source: bytes) -> bytes:
    """Put the first signature value of one document into another person's."""
    hole = re.compile(rb"/Contents<[0-9a-f]{1000,}>")
    value = hole.search(source)[0]
    place = hole.search(target)
    assert len(value) == len(place[0])
    moved = target[: place.start()] + value + target[place.end() :]
    assert sha256(moved).digest() != sha256(target).digest()
    return moved
