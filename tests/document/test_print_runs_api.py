"""Print runs: sheets for paper, each with a code that leads back to its person, inside the caller's agencies only."""

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from app.pdf.preview import page_png
from tests.signing.opened_round import HEALTH, INSPECTORATE, OpenedRound, opened_round, person_row

UNPRINTABLE = person_row(8, INSPECTORATE, NAMA="山田 太郎")
PEOPLE = [*(person_row(n, HEALTH if n % 2 else INSPECTORATE) for n in range(1, 8)), UNPRINTABLE]


@pytest.fixture(scope="module")
async def paper_round(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with opened_round(postgres, tmp_path_factory.mktemp("paper"), PEOPLE) as opened:
        yield opened


async def fetch(opened: OpenedRound, path: str, headers: dict[str, str] | None = None, **query: object):
    asked = f"{API}/rounds/{opened.id}/{path}"
    return await opened.service.http.get(asked, params=query, headers=headers or opened.service.as_admin())


async def agencies(opened: OpenedRound) -> dict[str, str]:
    found = await opened.service.http.get(f"{API}/opd", headers=opened.service.as_admin())
    return {row["name"]: row["id"] for row in found.json()}


def code_on(picture: bytes) -> str:
    """Read the QR code as a scanner would; the end of its address is the sheet's code."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return found.text.rsplit("/", 1)[1]


async def test_the_archive_holds_every_sheet_and_names_who_could_not_be_printed(paper_round: OpenedRound) -> None:
    reply = await fetch(paper_round, "print.zip")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        sheets = [name for name in archive.namelist() if name.endswith(".pdf")]
        assert len(sheets) == 2 * 7
        assert {name.split("/")[0] for name in sheets} == {"Dinas Kesehatan", "Inspektorat Daerah"}
        _, *left_out = csv.reader(io.StringIO(archive.read("tidak-tercetak.csv").decode()))
        assert [(row[0], row[2]) for row in left_out] == [
            ("Inspektorat Daerah", "pakta_integritas"),
            ("Inspektorat Daerah", "ikrar_netralitas"),
        ]
        assert all("nama" in row[3] for row in left_out), left_out


async def test_the_code_on_a_sheet_leads_to_its_person(paper_round: OpenedRound) -> None:
    reply = await fetch(paper_round, "print.zip", opd=(await agencies(paper_round))["Dinas Kesehatan"])
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        for name in archive.namelist():
            code = code_on(page_png(archive.read(name), dpi=150))
            found = await paper_round.service.http.get(
                f"{API}/paper-sheets/{code}", headers=paper_round.service.as_admin()
            )
            facts = found.json()
            person = re.fullmatch(r"Dinas Kesehatan/\d{5} (.+) - (.+)\.pdf", name)
            assert person is not None
            assert (facts["name"], facts["pledge"], facts["state"]) == (*person.groups(), "pending")


async def test_a_sheet_for_paper_claims_no_electronic_signature(paper_round: OpenedRound) -> None:
    book = (await fetch(paper_round, "print.pdf", people=1)).content
    words = pypdfium2.PdfDocument(book)[0].get_textpage().get_text_bounded()
    assert "Lembar ini ditandatangani di atas kertas" in words
    assert "elektronik" not in words.lower()
    shown = await paper_round.service.http.get(f"/v/{code_on(page_png(book, dpi=150))}")
    assert shown.status_code == 200
    assert "Ini lembar untuk ditandatangani di atas kertas." in shown.text


async def test_printing_again_gives_the_same_codes(paper_round: OpenedRound) -> None:
    first, second = [(await fetch(paper_round, "print.pdf", people=1)).content for _ in range(2)]
    assert code_on(page_png(first, dpi=150)) == code_on(page_png(second, dpi=150))


async def test_files_for_the_printer_follow_each_other_and_miss_nobody(paper_round: OpenedRound) -> None:
    url, pages, missing = f"{API}/rounds/{paper_round.id}/print.pdf?people=3", 0, 0
    while url:
        reply = await paper_round.service.http.get(url, headers=paper_round.service.as_admin())
        assert reply.status_code == 200
        missing += int(reply.headers["pakta-not-printed"])
        pages += len(pypdfium2.PdfDocument(reply.content))
        url = reply.links.get("next", {}).get("url", "")
    assert (pages, missing) == (14, 2)


async def test_an_agency_prints_and_finds_its_own_sheets_only(paper_round: OpenedRound) -> None:
    known = await agencies(paper_round)
    token = await paper_round.service.token(Role.OPD_ADMIN, [known["Inspektorat Daerah"]])
    reply = await fetch(paper_round, "print.zip", token)
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"Inspektorat Daerah", "tidak-tercetak.csv"}
    other = await fetch(paper_round, "print.pdf", token, opd=known["Dinas Kesehatan"])
    assert (other.status_code, other.json()["code"]) == (404, "resource.not_found")
    foreign = await fetch(paper_round, "print.pdf", opd=known["Dinas Kesehatan"], people=1)
    code = code_on(page_png(foreign.content, dpi=150))
    hidden = await paper_round.service.http.get(f"{API}/paper-sheets/{code}", headers=token)
    assert hidden.status_code == 404


async def test_where_nobody_owes_anything_there_is_nothing_to_print(paper_round: OpenedRound) -> None:
    token = await paper_round.service.token(Role.OPD_ADMIN, [UUID(int=1)])
    reply = await fetch(paper_round, "print.pdf", token)
    assert (reply.status_code, reply.json()["code"]) == (404, "document.nothing_to_print")


async def test_who_has_signed_meanwhile_is_not_printed(paper_round: OpenedRound, tmp_path: Path) -> None:
    nip = PEOPLE[1].split(",")[1]
    device = await paper_round.service.device(nip)
    await paper_round.prepared(device)
    prepared = await device.open([owed["id"] for owed in await device.pending()])
    await device.sign(prepared)
    reply = await fetch(paper_round, "print.zip")
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".pdf")]) == 2 * 6
