"""The correction workbook: the same file with its bad cells marked; what comes back redoes those rows only."""

import io
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from app.asn import correction
from app.asn.columns import ORIGIN_LABEL
from app.asn.errors import FileRefused
from app.asn.staging import corrections as made_later
from app.device.signer import API
from tests.asn.uploads import all_rows, apply, roster, stage
from tests.service import HEADER, PEOPLE, Service
from tests.signing.opened_round import nip_of, person_row

COLUMNS = HEADER.split(",")
NIP, NAME, UNIT = (COLUMNS.index(name) for name in ("NIP BARU", "NAMA", "UNOR ID"))


def workbook(*rows: str) -> bytes:
    book = Workbook()
    book.active.title = "Profil ASN"
    book.active.append(["DAFTAR PEGAWAI", "=1+1"])
    book.active.append([])
    for row in (HEADER, *rows):
        book.active.append([*row.split(","), "RAHASIA" if row != HEADER else "AGAMA NAMA"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


async def corrections(service: Service, staged: dict[str, Any], language: str = "id") -> Any:
    headers = service.as_admin() | {"accept-language": language}
    return await service.http.get(f"{API}/roster-imports/{staged['id']}/corrections.xlsx", headers=headers)


async def send_back(service: Service, staged: dict[str, Any], book: Workbook) -> dict[str, Any]:
    buffer = io.BytesIO()
    book.save(buffer)
    files = {"file": ("perbaikan.xlsx", buffer.getvalue())}
    path = f"{API}/roster-imports/{staged['id']}/corrections"
    reply = await service.http.post(path, files=files, headers=service.as_admin())
    assert reply.status_code == 201, reply.text
    return reply.json()


SPOILED = (
    person_row(41),
    person_row(42, **{"NIP BARU": "1.98E+17"}),
    person_row(43, NAMA=""),
    person_row(44, unit="ZZ"),
    person_row(45, **{"TANGGAL LAHIR": "09-09-1999"}),
    person_row(46, **{"EMAIL GOV": "=1+1@x.example"}),
    person_row(41),
)


async def test_the_same_rows_come_back_with_the_bad_cells_marked_and_no_formula(office: Service) -> None:
    staged = await stage(office, workbook(*SPOILED), "r.xlsx")
    reply = await corrections(office, staged)
    assert reply.status_code == 200, reply.text
    sheet = load_workbook(io.BytesIO(reply.content))["Profil ASN"]
    lines = list(sheet.iter_rows())
    assert [line[NIP].value for line in lines[3:]] == [row.split(",")[NIP] for row in SPOILED]
    assert (lines[0][0].value, lines[0][1].value) == ("DAFTAR PEGAWAI", None)
    assert [cell.value for cell in lines[2]] == [*COLUMNS, "AGAMA NAMA", ORIGIN_LABEL]
    marked = {(cell.row, cell.column - 1) for line in lines for cell in line if cell.comment}
    assert marked == {(5, NIP), (6, NAME), (7, UNIT), (8, COLUMNS.index("TANGGAL LAHIR")), (10, NIP)}
    assert all(sheet.cell(row, column + 1).fill.fgColor.rgb == "FFFFC7CE" for row, column in marked)
    assert "1.98E+17" in lines[4][NIP].comment.text
    assert "Teks" in lines[4][NIP].comment.text
    text = [cell.value for line in lines for cell in line if isinstance(cell.value, str)]
    assert not [value for value in text if value.startswith(("=", "+", "-", "@"))]
    english = load_workbook(io.BytesIO((await corrections(office, staged, "en")).content))["Profil ASN"]
    assert "name is empty" in english.cell(6, NAME + 1).comment.text


async def test_only_the_marked_rows_are_read_again(office: Service) -> None:
    people = [row.replace("41,", "51,").replace("p41@", "p51@") for row in (person_row(51),)]
    staged = await stage(office, workbook(*people, *(row for row in SPOILED[1:4])), "r.xlsx")
    assert (await apply(office, staged)).status_code == 200
    book = load_workbook(io.BytesIO((await corrections(office, staged)).content))
    sheet = book["Profil ASN"]
    sheet.cell(4, NAME + 1).value = "DIUBAH DIAM DIAM"  # was in order: stays as it was decided
    sheet.cell(5, NIP + 1).value = nip_of(52)
    sheet.cell(6, NAME + 1).value = "NAMA LENGKAP"
    sheet.move_range("A6:U6", rows=20)  # moved about, but still itself
    redone = await send_back(office, staged, book)
    assert redone["parent_id"] == staged["id"]
    rows = {row["row"]: row for row in await all_rows(office, redone)}
    assert {number: (row["outcome"], row["change"]) for number, row in rows.items()} == {
        4: ("accepted", "unchanged"),
        5: ("accepted", "new"),
        6: ("accepted", "new"),
        7: ("rejected", ""),
    }
    assert (await apply(office, redone)).status_code == 200
    assert (await office.person(nip_of(52)))["name"]
    assert (await office.person(nip_of(51)))["name"] != "Diubah Diam Diam"


async def test_a_csv_comes_back_as_a_workbook_and_is_corrected_the_same_way(office: Service) -> None:
    staged = await stage(office, roster(person_row(61), person_row(62, NAMA="")))
    book = load_workbook(io.BytesIO((await corrections(office, staged)).content))
    assert [cell.value for cell in book.active[1]] == [*COLUMNS, ORIGIN_LABEL]
    book.active.cell(3, NAME + 1).value = "SUDAH BENAR"
    book.active.append([*PEOPLE[0].split(",")[: len(COLUMNS)], "99@"])
    redone = await send_back(office, staged, book)
    assert (redone["counts"]["rows"], redone["counts"]["accepted"], redone["counts"]["new"]) == (2, 2, 2)


async def test_a_file_with_nothing_to_correct_is_not_kept(office: Service) -> None:
    staged = await stage(office, roster(person_row(71)))
    gone = await corrections(office, staged)
    assert (gone.status_code, gone.json()["code"]) == (410, "roster.upload_gone")


async def test_an_import_may_be_read_later_by_a_job(office: Service) -> None:
    for content, status in ((roster(person_row(81)), "staged"), (b"%PDF-1.7", "refused")):
        reply = await office.http.post(
            f"{API}/roster-imports",
            files={"file": ("roster.csv", content)},
            headers=office.as_admin() | {"prefer": "respond-async"},
        )
        assert (reply.status_code, reply.json()["status"]) == (202, "reading")
        assert reply.headers["location"].endswith(reply.json()["id"])
        await office.run_jobs()
        read = await office.http.get(reply.headers["location"], headers=office.as_admin())
        assert read.json()["status"] == status
        assert bool(read.json()["refusal"]) == (status == "refused")
        assert list((office.folder / "data" / "rosters").glob(reply.json()["id"])) == []


async def test_a_large_workbook_is_made_by_a_job_and_fetched_afterwards(
    office: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = await stage(office, workbook(*SPOILED), "r.xlsx")
    at_once = await corrections(office, staged)
    monkeypatch.setattr(made_later, "AT_ONCE", 3)
    for _ in range(2):
        waiting = await corrections(office, staged)
        assert (waiting.status_code, waiting.json()) == (202, {"state": "making"})
        assert waiting.headers["retry-after"] == "2"
    await office.run_jobs()
    made = await corrections(office, staged)
    assert (made.status_code, made.headers["content-type"]) == (200, at_once.headers["content-type"])
    assert values_of(made.content) == values_of(at_once.content)
    kept = list((office.folder / "data" / "rosters").glob(f"{staged['id']}*"))
    assert len(kept) == 2
    assert not any(file.read_bytes().startswith(b"PK") for file in kept)
    assert (await corrections(office, staged, "en")).status_code == 202


async def test_why_a_large_workbook_cannot_be_made_is_told_once_and_it_may_be_asked_for_again(
    office: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = await stage(office, workbook(*SPOILED), "r.xlsx")
    monkeypatch.setattr(made_later, "AT_ONCE", 3)

    async def too_slow(*_: Any) -> None:
        raise FileRefused("sheet.too_slow")

    with monkeypatch.context() as slow:
        slow.setattr(correction, "write", too_slow)
        assert (await corrections(office, staged)).status_code == 202
        await office.run_jobs()
    refused = await corrections(office, staged)
    assert (refused.status_code, refused.json()["code"]) == (422, "roster.file_refused")
    assert refused.json()["params"]["reason"] == "sheet.too_slow"
    assert (await corrections(office, staged)).status_code == 202
    await office.run_jobs()
    assert (await corrections(office, staged)).status_code == 200


def values_of(content: bytes) -> list[Any]:
    book = load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]
