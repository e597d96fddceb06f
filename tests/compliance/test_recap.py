"""The recap in every form: the same figures cell by cell, nothing that runs as a formula, names only for those who may read them."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.compliance.recap import delimited, table, workbook
from app.compliance.recap.schemas import Absentee, Annex, RecapRead
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.compliance.office import opened
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

JAKARTA = ZoneInfo("Asia/Jakarta")
COUNTS = ("pns", "cpns", "pppk", "pppk_pw", "total", "required", "signed", "pending", "exempt")
HEADER_LINE = 5


@pytest.fixture(scope="module")
async def small(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    """A round in which one of the people of Dinas Kesehatan has signed."""
    gone = "P7,197007071995031007,TONO WIJAYA,,,07-07-1970,M,,0817,PNS Daerah,66,P,III/d,4,Pengolah Data,B1,Inspektorat Daerah,99"
    async with opened_round(postgres, tmp_path_factory.mktemp("recap"), [*PEOPLE, gone]) as opened:
        device, prepared = await opened.prepared(await opened.device("198501012010012001"))
        await device.sign(prepared)
        yield opened


async def get(small: OpenedRound, form: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
    path = f"{API}/rounds/{small.id}/recap.{form}"
    return await small.service.http.get(path, params=params, headers=headers or small.service.as_admin())


def sheet_of(data: bytes, place: int = 0) -> Worksheet:
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[place]


async def test_json_csv_xlsx_and_the_figures_agree_cell_by_cell(small: OpenedRound) -> None:
    recap = (await get(small, "json")).json()
    lines = list(csv.DictReader(io.StringIO((await get(small, "csv")).text)))
    sheet = sheet_of((await get(small, "xlsx")).content)
    figures = await small.service.compliance(small.id)
    assert [g["name"] for g in recap["groups"]] == ["Dinas Kesehatan", "Inspektorat Daerah"]
    assert len(lines) == len(recap["groups"]) + 1
    for place, row in enumerate([*recap["groups"], recap["total"]]):
        values = row["kinds"] | row
        told = [*figures["groups"], figures["total"]][place]
        assert {name: row[name] for name in ("total", "required", "signed", "pending", "percent")} == {
            name: told[name] for name in ("total", "required", "signed", "pending", "percent")
        }
        assert (
            sum(row["kinds"].values())
            == row["total"]
            == row["required"] + row["deferred"] + row["exempt"] + row["left"]
        )
        cells = [cell.value for cell in sheet[HEADER_LINE + 1 + place]]
        assert [int(lines[place][name]) for name in COUNTS] == [values[name] for name in COUNTS] == cells[2:11]
        assert float(lines[place]["percent"]) == row["percent"] == pytest.approx(cells[11] * 100)
        assert lines[place]["note"] == row.get("note", "") == (cells[13] or "")
        assert cells[1] == lines[place]["opd"] == row.get("name", "Jumlah")
        if row["last_signed_at"]:
            at = datetime.fromisoformat(row["last_signed_at"]).astimezone(JAKARTA).replace(microsecond=0)
            assert datetime.fromisoformat(lines[place]["last_signed_at"]) == at
            assert cells[12].replace(microsecond=0) == at.replace(tzinfo=None)
        else:
            assert (lines[place]["last_signed_at"], cells[12]) == ("", None)


async def test_the_workbook_holds_numbers_and_prints_well(small: OpenedRound) -> None:
    sheet = sheet_of((await get(small, "xlsx")).content)
    assert [cell.value for cell in sheet[HEADER_LINE]][:2] == ["No", "Perangkat Daerah"]
    assert sheet.freeze_panes == "C6"
    assert sheet.auto_filter.ref == "A5:N7"
    assert sheet.print_title_rows == "$4:$5"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
    assert "&P" in sheet.oddFooter.right.text
    assert "WIB" in sheet.oddFooter.left.text
    assert "23 November 2026" in sheet.oddFooter.left.text
    assert sheet["L6"].number_format == "0.00%"
    assert all(isinstance(cell.value, int) for cell in sheet["C"][HEADER_LINE:])
    assert len(sheet._charts) == 1


async def test_libreoffice_opens_the_workbook_without_repair(small: OpenedRound, tmp_path: Path) -> None:
    agency = (await get(small, "json")).json()["groups"][0]["id"]
    data = (await get(small, "xlsx", annex=agency)).content
    whole, damaged = tmp_path / "whole.xlsx", tmp_path / "damaged.xlsx"
    whole.write_bytes(data)
    damaged.write_bytes(data[:-200])  # a package that repair would bring back
    sheets, refused = opened(tmp_path, whole, damaged)
    assert refused is None
    assert sheets is not None
    recap, annex = sheets
    assert (recap.name, recap.charts, annex.name, annex.charts) == ("Rekapitulasi", 1, "Lampiran", 0)
    for place, shown in enumerate(sheets):
        ours = [[_shown(cell.value) for cell in line] for line in sheet_of(data, place).iter_rows()]
        theirs = [line[: len(ours[0])] for line in shown.rows[: len(ours)]]
        assert theirs == ours


def _shown(value: object) -> object:
    """A value as LibreOffice writes it down; its clock has no milliseconds."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    return float(value) if isinstance(value, int | float) else value


async def test_notes_say_what_the_columns_do_not(small: OpenedRound) -> None:
    health, inspectorate = (await get(small, "json")).json()["groups"]
    assert health["note"] == "1 ditangguhkan"
    assert inspectorate["note"] == "Belum ada yang menandatangani; 1 tidak lagi bertugas"
    english = (await get(small, "json", small.service.as_admin() | {"accept-language": "en"})).json()
    assert english["groups"][1]["note"] == "Nobody has signed yet; 1 no longer in service"


async def test_the_annex_names_who_has_not_signed_with_the_nip_as_the_caller_may_see_it(small: OpenedRound) -> None:
    agency = (await get(small, "json")).json()["groups"][0]
    auditor = await small.service.token(Role.AUDITOR)
    for headers, nip in ((small.service.as_admin(), "198802022023211004"), (auditor, "19880202******1004")):
        annex = (await get(small, "json", headers, annex=agency["id"])).json()["annex"]
        assert annex["name"] == "Dinas Kesehatan"
        assert len(annex["people"]) == agency["pending"]
        person = next(one for one in annex["people"] if "JOKO" in one["name"].upper())
        assert person["nip"] == nip
        lines = list(csv.reader(io.StringIO((await get(small, "csv", headers, annex=agency["id"])).text)))
        sheet = sheet_of((await get(small, "xlsx", headers, annex=agency["id"])).content, 1)
        expected = [[str(one[key]) for key in ("number", "name", "nip", "position", "unit")] for one in annex["people"]]
        assert lines[1:] == expected
        assert [
            [str(cell.value or "") for cell in line] for line in sheet.iter_rows(min_row=HEADER_LINE + 1)
        ] == expected


async def test_names_are_for_those_who_may_read_them_and_of_this_moment_only(small: OpenedRound) -> None:
    health, inspectorate = (await get(small, "json")).json()["groups"]
    dashboard = await small.service.token(Role.DASHBOARD)
    own = await small.service.token(Role.OPD_ADMIN, [health["id"]])
    now = small.service.clock.now().isoformat()
    for headers, params, status, code in (
        (dashboard, {"annex": health["id"]}, 403, "identity.not_permitted"),
        (own, {"annex": inspectorate["id"]}, 404, "resource.not_found"),
        (small.service.as_admin(), {"annex": small.id}, 404, "resource.not_found"),
        (small.service.as_admin(), {"annex": health["id"], "as_of": now}, 422, "recap.annex_of_past"),
    ):
        for form in ("json", "csv", "xlsx"):
            reply = await get(small, form, headers, **params)
            assert (reply.status_code, reply.json()["code"]) == (status, code), (params, form)
    assert [g["id"] for g in (await get(small, "json", own)).json()["groups"]] == [health["id"]]


async def test_a_past_recap_stays_what_it_was(small: OpenedRound) -> None:
    small.service.clock.advance(timedelta(minutes=2))
    then = small.service.clock.now()
    first = (await get(small, "json", as_of=then.isoformat())).json()
    small.service.clock.advance(timedelta(minutes=2))
    device, prepared = await small.prepared(await small.device("197505052000031002"))
    await device.sign(prepared)
    again = (await get(small, "json", as_of=then.isoformat())).json()
    assert (again["groups"], again["total"]) == (first["groups"], first["total"])
    assert (await get(small, "json")).json()["total"]["signed"] == first["total"]["signed"] + 1


FORMULAS = ('=HYPERLINK("x")', "+1", "-2", "@SUM(A1)", "\t=1")


async def test_no_exported_cell_starts_a_formula(small: OpenedRound) -> None:
    recap = RecapRead.model_validate((await get(small, "json")).json())
    people = [Absentee(number=1, name=text, nip=text, position=text, unit=text) for text in FORMULAS]
    annex = Annex(agency_id=recap.round_id, name="=1+1", people=people)
    groups = [row.model_copy(update={"name": text}) for row, text in zip(recap.groups, FORMULAS, strict=False)]
    spoilt = recap.model_copy(update={"groups": groups, "annex": annex, "round": "=2", "institution": "=3"})
    book = openpyxl.load_workbook(io.BytesIO(workbook.write(spoilt)))
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert sum(cell.quotePrefix for cell in cells) > len(FORMULAS)
    for told in (spoilt, spoilt.model_copy(update={"annex": None})):
        found = [cell for line in csv.reader(io.StringIO(delimited.write(told).decode())) for cell in line]
        assert [cell for cell in found if cell.startswith(("=", "+", "-", "@", "\t"))] == []


async def test_another_kind_of_employment_gets_a_column_when_there_is_anybody(small: OpenedRound) -> None:
    recap = RecapRead.model_validate((await get(small, "json")).json())
    assert "non_asn" not in [column.key for column in table.columns(recap)]
    total = recap.total.model_copy(update={"kinds": recap.total.kinds | {"non_asn": 1}})
    assert "non_asn" in [column.key for column in table.columns(recap.model_copy(update={"total": total}))]
