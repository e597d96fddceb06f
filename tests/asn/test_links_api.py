"""A new NIP of the same person in a form that has no PNS ID: suggested by name and birth date, decided by a person."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from app.device.signer import API
from tests.asn.test_corrections_api import corrections, send_back
from tests.asn.test_history_api import get
from tests.asn.uploads import all_rows, apply, changes, import_all, stage
from tests.service import Service

HEADER = "NIP,NAMA,STATUS,NAMA UNOR"
OLD, NEW = "198802022023211004", "198802022026211009"
AGUS, SITI = f"{OLD},AGUS SALIM,PPPK,Dinas Kesehatan", "198505052010012005,SITI AMINAH,PNS,Inspektorat Daerah"
RENEWED = f"{NEW},Agus Salim,PPPK,Dinas Kesehatan"
TWIN = "198802022026211010,AGUS SALIM,PPPK,Inspektorat Daerah"


def short(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


@pytest.fixture
async def staffed(town: Service) -> Service:
    """The town's own six people, and two more of the short form."""
    await town.import_roster()
    await import_all(town, short(AGUS, SITI))
    return town


async def decide(service: Service, staged: dict[str, Any], link: dict[str, Any], decision: str) -> Any:
    body = {name: link[name] for name in ("sheet", "row", "employee_id")} | {"decision": decision}
    return await service.http.put(f"{API}/roster-imports/{staged['id']}/links", json=body, headers=service.as_admin())


async def test_nobody_is_linked_unasked_and_whoever_is_keeps_both_numbers(staffed: Service) -> None:
    before = await staffed.person(OLD)
    staged = await stage(staffed, short(RENEWED, SITI))
    assert changes(staged["counts"]) == (1, 0, 1), "new until somebody says otherwise"
    (link,) = await all_rows(staffed, staged, path="links", limit=1)
    assert (link["nip"], link["nip_before"], link["employee_id"], link["decision"]) == (NEW, OLD, before["id"], "")
    assert (await decide(staffed, staged, link, "same")).status_code == 204
    told = await get(staffed, f"/roster-imports/{staged['id']}")
    assert changes(told["counts"]) == (0, 1, 1)
    assert before["id"] not in {one["employee_id"] for one in await all_rows(staffed, staged, path="missing")}
    assert (await apply(staffed, staged)).status_code == 200
    assert (await staffed.person(NEW))["id"] == before["id"]
    history = await get(staffed, f"/employees/{before['id']}/history", superseded=True)
    assert {one["nip"] for one in history} == {OLD, NEW}
    undone = await staffed.http.post(f"{API}/roster-imports/{staged['id']}/undo", headers=staffed.as_admin())
    assert undone.status_code == 200, undone.text
    assert (await staffed.person(OLD))["id"] == before["id"]


async def test_a_decision_can_be_taken_back_and_one_person_has_one_row(staffed: Service) -> None:
    staged = await stage(staffed, short(RENEWED, TWIN, SITI))
    first, second = await all_rows(staffed, staged, path="links")
    assert (await decide(staffed, staged, first, "same")).status_code == 204
    twice = await decide(staffed, staged, second, "same")
    assert (twice.status_code, twice.json()["code"]) == (422, "roster.decision_invalid")
    assert (await decide(staffed, staged, first, "different")).status_code == 204
    told = (await get(staffed, f"/roster-imports/{staged['id']}"))["counts"]
    assert changes(told) == changes(staged["counts"])
    assert told["missing"] == staged["counts"]["missing"]
    assert (await decide(staffed, staged, second, "same")).status_code == 204
    nobody = {**first, "row": 99}
    assert (await decide(staffed, staged, nobody, "same")).status_code == 422
    assert (await apply(staffed, staged)).status_code == 200
    assert (await decide(staffed, staged, first, "same")).status_code == 409
    assert (await staffed.person(NEW))["id"] != (await staffed.person(TWIN[:18]))["id"]


async def test_who_is_in_the_file_or_was_born_on_another_day_is_not_suggested(staffed: Service) -> None:
    other = "198902022026211009,AGUS SALIM,PPPK,Dinas Kesehatan"
    staged = await stage(staffed, short(AGUS, SITI, TWIN, other))
    assert await all_rows(staffed, staged, path="links") == []


async def test_somebody_without_nip_who_was_given_one_is_suggested(staffed: Service) -> None:
    thl = "NOMOR PEGAWAI,NAMA,TANGGAL LAHIR,NAMA UNOR\nTHL-1,EKO PRASETYO,05-06-1992,Dinas Kesehatan"
    await import_all(staffed, thl.encode())
    (person,) = await get(staffed, "/employees", nip="THL-1")
    staged = await stage(staffed, short(AGUS, SITI, "199206052026211001,EKO PRASETYO,PPPK,Dinas Kesehatan"))
    (link,) = await all_rows(staffed, staged, path="links")
    assert (link["nip_before"], link["local_number_before"]) == ("", "THL-1")
    assert (await decide(staffed, staged, link, "same")).status_code == 204
    assert (await apply(staffed, staged)).status_code == 200
    now = await staffed.person("199206052026211001")
    assert (now["id"], now["employment"], now["local_number"]) == (person["id"], "pppk", "THL-1")


async def test_decisions_about_links_hold_in_the_corrected_file_while_the_row_keeps_its_nip(staffed: Service) -> None:
    nobody = "1.98E+17,TANPA NIP,PNS,Dinas Kesehatan"
    other = "198505052026012005,SITI AMINAH,PNS,Inspektorat Daerah"
    staged = await stage(staffed, short(RENEWED, other, nobody))
    agus, siti = await all_rows(staffed, staged, path="links")
    assert (await decide(staffed, staged, agus, "same")).status_code == 204
    assert (await decide(staffed, staged, siti, "different")).status_code == 204
    was = await get(staffed, f"/roster-imports/{staged['id']}")
    book = load_workbook(io.BytesIO((await corrections(staffed, staged)).content))
    book.active.cell(4, 1).value = "199001012015011007"
    redone = await send_back(staffed, staged, book)
    links = await all_rows(staffed, redone, path="links")
    assert {one["row"]: one["decision"] for one in links} == {2: "same", 3: "different"}
    assert changes(redone["counts"]) == (2, 1, 0)
    assert redone["counts"]["missing"] == was["counts"]["missing"]
    assert agus["employee_id"] not in {one["employee_id"] for one in await all_rows(staffed, redone, path="missing")}
    assert (await apply(staffed, redone)).status_code == 200
    assert (await staffed.person(NEW))["id"] == agus["employee_id"]
    assert (await staffed.person(other[:18]))["id"] != siti["employee_id"]
