"""Documents and recaps made by the running service, judged by programs that are not ours (tests/pdf/outside_check.py) and by `pakta verify`."""

import asyncio
import io
import re
import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pikepdf
import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from app.cli.main import cli
from app.compliance.recap.printed import RecapPrinter
from app.compliance.recap.schemas import RecapRead
from app.core.clock import SystemClock
from app.core.postgres import LocalPostgres
from app.device.signer import API
from app.pki.keyring import KeyRing
from tests.compliance.long_recap import a_long_one
from tests.pdf.outside_check import check_signed, check_with_pyhanko, pdfsig
from tests.service import PEOPLE, Service
from tests.signing.opened_round import opened_round

SITI, BUDI = "198501012010012001", "197505052000031002"


RECAPS = {"recap": 1, "annex": 1, "long recap": 1}
"""The recap alone, with the names of an agency, and of many pages with both: one e-seal each."""


@dataclass
class Made:
    """Sealed documents of two people, the recap in its shapes, and the root."""

    files: dict[str, bytes]
    root: bytes
    folder: Path

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


async def recaps(service: Service, round_id: str) -> dict[str, bytes]:
    path = f"{API}/rounds/{round_id}/recap"
    short = RecapRead.model_validate((await service.http.get(f"{path}.json", headers=service.as_admin())).json())
    found = {"long recap": service.held.get(RecapPrinter).write(a_long_one(short, 75, 90), None)}
    for name, asked in (("recap", {}), ("annex", {"annex": short.groups[0].id})):
        reply = await service.http.get(f"{path}.pdf", params=asked, headers=service.as_admin())
        assert reply.status_code == 200, reply.text
        found[name] = reply.content
    return found


@pytest.fixture(scope="module")
async def made(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made now, by the real clock: outside validators ask no other."""
    folder = tmp_path_factory.mktemp("made")
    async with opened_round(postgres, folder, PEOPLE, SystemClock().now()) as opened:
        service = opened.service
        files = {"siti": await sealed(service, SITI), "budi": await sealed(service, BUDI)}
        root = service.held.get(KeyRing).authority.root
        (folder / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(root))
        return Made(files | await recaps(service, opened.id), root, folder)


def verify(made: Made, path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["verify", str(path), "--trust", str(made.folder / "root.pem"), "--json"])
    return result.exit_code, result.stdout


@pytest.mark.parametrize("name", ["siti", *RECAPS])
async def test_every_judge_accepts_a_sealed_document_and_every_recap(made: Made, name: str, tmp_path: Path) -> None:
    await check_signed(made.files[name], made.root, tmp_path / "judged", signatures=RECAPS.get(name, 2))


@pytest.mark.parametrize("name", ["siti", "recap"])
async def test_a_file_that_was_changed_finds_no_judge(made: Made, name: str, tmp_path: Path) -> None:
    spoilt = made.files[name].replace(b"/Lang(id-ID)", b"/Lang(id-IX)", 1)
    path = tmp_path / "spoilt.pdf"
    path.write_bytes(spoilt)
    assert "Signature is Valid." not in await asyncio.to_thread(pdfsig, path, "-nocert")
    with pytest.raises(AssertionError):
        await check_with_pyhanko(spoilt, made.root, RECAPS.get(name, 2), archived=False)


async def test_verify_says_valid_and_names_the_signer(made: Made) -> None:
    code, told = await asyncio.to_thread(verify, made, made.file(made.files["siti"]))
    assert code == 0, told
    assert '"verdict": "valid"' in told
    assert "Dr. Siti Rahayu, S.Kom., M.Si." in told


async def test_verify_refuses_a_flipped_byte_a_changed_text_and_a_moved_signature(made: Made) -> None:
    flipped = bytearray(made.files["siti"])
    flipped[flipped.index(b"/ByteRange") - 900] ^= 1
    with pikepdf.open(io.BytesIO(made.files["siti"])) as document:
        page = document.pages[0]
        page.contents_add(pikepdf.Stream(document, b"BT/R 20 Tf 100 500 Td<0042004f>Tj ET"))
        rewritten = io.BytesIO()
        document.save(rewritten)
    for name, data in {
        "flipped": bytes(flipped),
        "rewritten": rewritten.getvalue(),
        "appended": with_appended_text(made.files["siti"]),
        "moved": with_signature_of(made.files["budi"], made.files["siti"]),
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
