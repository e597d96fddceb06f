"""Roster imports over HTTP: both forms, staged and applied, what is refused, and that no upload makes it fail."""

import csv
import io
import random
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import HEADER, PEOPLE, Service, running_service
from tests.signing.acts import count
from tests.signing.opened_round import NOON, new_database, nip_of, person_row, post_roster

SHORT = "NIP,NAMA,UNIT KERJA,JABATAN,GOLONGAN,JENIS PEGAWAI"


@pytest.fixture(scope="module")
async def office(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """An application with the six people of the tests on its roster; every test adds people of its own."""
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("asn"), NOON) as service:
            await service.import_roster()
            yield service


def roster(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def as_workbook(*rows: str, header: str = HEADER) -> bytes:
    book = Workbook()
    for row in csv.reader([header, *rows]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


async def stage(service: Service, content: bytes, name: str = "roster.csv") -> dict[str, Any]:
    reply = await post_roster(service, content, name)
    assert reply.status_code == 201, reply.text
    service.clock.advance(timedelta(seconds=1))
    return reply.json()


async def apply(service: Service, staged: dict[str, Any]) -> Any:
    service.clock.advance(timedelta(seconds=1))
    return await service.http.post(f"{API}/roster-imports/{staged['id']}/apply", headers=service.as_admin())


async def import_all(service: Service, content: bytes, name: str = "roster.csv") -> dict[str, int]:
    staged = await stage(service, content, name)
    applied = await apply(service, staged)
    assert applied.status_code == 200, applied.text
    assert applied.json()["status"] == "applied"
    return staged["counts"]


async def rows(service: Service, staged: dict[str, Any], **params: Any) -> Any:
    path = f"{API}/roster-imports/{staged['id']}/rows"
    reply = await service.http.get(path, params=params, headers=service.as_admin())
    assert reply.status_code == 200, reply.text
    return reply


def changes(counts: dict[str, int]) -> tuple[int, int, int]:
    return counts["new"], counts["changed"], counts["unchanged"]


async def test_the_same_file_twice_changes_nothing(office: Service) -> None:
    content = roster(person_row(101), person_row(102))
    assert changes(await import_all(office, content)) == (2, 0, 0)
    assert changes(await import_all(office, content)) == (0, 0, 2)
    assert changes(await import_all(office, as_workbook(person_row(101), person_row(102)), "r.xlsx")) == (0, 0, 2)


async def test_nothing_changes_until_the_import_is_applied(office: Service) -> None:
    staged = await stage(office, roster(person_row(103)))
    found = await office.http.get(f"{API}/employees", params={"nip": nip_of(103)}, headers=office.as_admin())
    assert found.json() == []
    assert (await apply(office, staged)).status_code == 200
    assert (await office.person(nip_of(103)))["grade"] == "III/b"


async def test_changed_fields_reach_the_roster_and_people_keep_their_id(office: Service) -> None:
    await import_all(office, roster(person_row(104)))
    before = await office.person(nip_of(104))
    moved = {"JABATAN NAMA": "Arsiparis", "GOL AKHIR NAMA": "III/c", "UNOR ID": "B1"}
    assert changes(await import_all(office, roster(person_row(104, **moved)))) == (0, 1, 0)
    after = await office.person(nip_of(104))
    assert after["id"] == before["id"]
    assert (after["position"], after["grade"], after["unit"]) == ("Arsiparis", "III/c", "Inspektorat Daerah")


async def test_a_person_whose_nip_changes_is_known_by_the_pns_id(office: Service) -> None:
    await import_all(office, roster(person_row(105)))
    before = await office.person(nip_of(105))
    renewed = {"NIP BARU": nip_of(805)}
    assert changes(await import_all(office, roster(person_row(105, **renewed)))) == (0, 1, 0)
    assert (await office.person(nip_of(805)))["id"] == before["id"]


async def test_the_short_form_does_not_erase_what_it_does_not_hold(office: Service) -> None:
    await import_all(office, roster(person_row(106)))
    before = await office.person(nip_of(106))
    kept = "SELECT count(*) FROM employee WHERE nip = :nip AND pns_id = 'T106'"
    mailed = "SELECT count(*) FROM employee WHERE nip = :nip AND email = 'p106@malangkota.example'"
    short = f"{nip_of(106)},Anggun Bagas Gita,UPT Puskesmas Bareng,Arsiparis,III/b,PNS"
    counts = await import_all(office, roster(short, header=SHORT))
    assert changes(counts) == (0, 1, 0)
    after = await office.person(nip_of(106))
    assert (after["id"], after["position"]) == (before["id"], "Arsiparis")
    assert await count(office, kept, nip=nip_of(106)) == 1
    assert await count(office, mailed, nip=nip_of(106)) == 1
    assert (await office.person(nip_of(106)))["legal_status"] == before["legal_status"]


async def test_rejected_rows_say_where_what_and_what_to_do_page_by_page(office: Service) -> None:
    wrong = [person_row(n, **{"NIP BARU": "1.98E+17"}) for n in range(107, 111)]
    unplaced = person_row(111, unit="ZZ")
    staged = await stage(office, roster(person_row(112), *wrong, unplaced))
    assert (staged["counts"]["accepted"], staged["counts"]["rejected"]) == (1, 5)
    seen, url = [], f"{API}/roster-imports/{staged['id']}/rows?outcome=rejected&limit=2"
    for _ in range(3):
        reply = await office.http.get(url, headers=office.as_admin())
        seen += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert url == ""
    assert [row["row"] for row in seen] == [3, 4, 5, 6, 7]
    assert seen[0]["codes"] == ["nip.excel_float"]
    assert (seen[0]["column"], seen[0]["found"]) == ("NIP BARU", "1.98E+17")
    assert "Teks" in seen[0]["remedy"]
    assert (seen[4]["codes"], seen[4]["column"], seen[4]["found"]) == (["unit.unknown"], "UNOR ID", "ZZ")


async def test_people_missing_from_the_file_are_listed_and_stay(office: Service) -> None:
    staged = await stage(office, roster(PEOPLE[0]))
    missing, url = [], f"{API}/roster-imports/{staged['id']}/rows?outcome=missing&limit=3"
    while url:
        reply = await office.http.get(url, headers=office.as_admin())
        missing += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert len(missing) == staged["counts"]["missing"] >= 5
    assert len({row["found"] for row in missing}) == len(missing)
    assert {row["outcome"] for row in missing} == {"missing"}
    await apply(office, staged)
    assert (await office.person("197505052000031002"))["name"].startswith("Budi Santoso")


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "H8KyHw", "HzE", "Hx85OTk5OTk5OTk5OTk5OTk5OTk", "H8Ky", "HwBh"])
async def test_a_cursor_of_another_list_is_refused(office: Service, cursor: str) -> None:
    staged = await stage(office, roster(PEOPLE[0]))
    for path in (f"/roster-imports/{staged['id']}/rows", f"/roster-imports/{staged['id']}/rows?outcome=missing", "/employees"):
        reply = await office.http.get(f"{API}{path}", params={"cursor": cursor}, headers=office.as_admin())
        assert reply.status_code in {200, 422}, path
        assert reply.status_code == 200 or reply.json()["code"] == "list.cursor"


async def test_an_import_is_applied_once(office: Service) -> None:
    staged = await stage(office, roster(person_row(113)))
    assert (await apply(office, staged)).status_code == 200
    again = await apply(office, staged)
    assert (again.status_code, again.json()["code"]) == (409, "roster.already_applied")


async def test_an_import_compared_with_an_older_roster_is_refused(office: Service) -> None:
    older = await stage(office, roster(person_row(114)))
    await import_all(office, roster(person_row(115)))
    refused = await apply(office, older)
    assert (refused.status_code, refused.json()["code"]) == (409, "roster.outdated")
    read = await office.http.get(f"{API}/roster-imports/{older['id']}", headers=office.as_admin())
    assert read.json()["status"] == "staged"


async def test_a_nip_that_already_belongs_to_somebody_else_rejects_the_row(office: Service) -> None:
    await import_all(office, roster(person_row(116), person_row(117)))
    taken = person_row(116, **{"NIP BARU": nip_of(117)})
    staged = await stage(office, roster(taken))
    assert (await rows(office, staged, outcome="rejected")).json()[0]["codes"] == ["nip.duplicate"]
    assert (await apply(office, staged)).status_code == 200
    assert (await office.person(nip_of(116)))["id"] != (await office.person(nip_of(117)))["id"]


async def test_two_people_may_swap_their_nips_in_one_file(office: Service) -> None:
    await import_all(office, roster(person_row(118), person_row(119)))
    first = await office.person(nip_of(118))
    swapped = person_row(118, **{"NIP BARU": nip_of(119)}), person_row(119, **{"NIP BARU": nip_of(118)})
    assert changes(await import_all(office, roster(*swapped))) == (0, 2, 0)
    assert (await office.person(nip_of(119)))["id"] == first["id"]


async def test_one_person_in_two_rows_is_taken_once(office: Service) -> None:
    twice = person_row(120), person_row(121, **{"PNS ID": "T120"})
    staged = await stage(office, roster(*twice))
    assert staged["counts"]["rejected"] == 1
    rejected = (await rows(office, staged, outcome="rejected")).json()
    assert [(r["row"], r["codes"], r["column"]) for r in rejected] == [(3, ["nip.duplicate"], "PNS ID")]
    assert (await apply(office, staged)).status_code == 200


def packed(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


NOISE = random.Random(5).randbytes(1 << 20)
JUNK = {
    "pdf": b"%PDF-1.7\n" + bytes(500),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
    "zip": packed(readme=b"hello"),
    "zip that claims to be a workbook": packed(**{"xl__workbook.xml": b"<nonsense"}),
    "zip with noise for a workbook": packed(**{"xl__workbook.xml": NOISE[:1000]}),
    "empty": b"",
    "truncated workbook": as_workbook(*PEOPLE)[:-200],
    "half a workbook": as_workbook(*PEOPLE)[:1500],
    "noise": NOISE,
    "noise without zeros": NOISE.replace(b"\0", b""),
    "noise behind a zip's head": b"PK\x03\x04" + NOISE[:5000],
    "noise behind a workbook's old head": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE[:5000],
    "one endless line": b"a" * (1 << 20),
    "one endless cell": b'"' + b"a" * (1 << 20),
    "zeros": bytes(1 << 16),
    "half a letter": b"NIP BARU,NAMA\n\xc3",
    "no columns of ours": b"a,b,c\n1,2,3\n",
    "utf-16 noise": b"\xff\xfe" + NOISE[:1001],
}


@pytest.mark.parametrize("name", JUNK)
async def test_what_is_no_roster_is_refused_with_a_reason(office: Service, name: str) -> None:
    reply = await post_roster(office, JUNK[name], name)
    assert (reply.status_code, reply.json()["code"]) == (422, "roster.file_refused")
    assert reply.json()["params"]["reason"].startswith("sheet.")
    assert reply.json()["params"]["remedy"]


@pytest.mark.parametrize("name", JUNK)
async def test_what_is_no_unit_file_is_refused_with_a_reason(office: Service, name: str) -> None:
    reply = await post_roster(office, roster(*PEOPLE), units=JUNK[name])
    assert (reply.status_code, reply.json()["code"]) == (422, "roster.units_invalid")
    assert reply.json()["params"]["problems"][0]["remedy"]


async def test_a_workbook_damaged_anywhere_never_fails_the_service(office: Service) -> None:
    whole, chance = as_workbook(*PEOPLE), random.Random(11)
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        reply = await post_roster(office, bytes(damaged), "r.xlsx")
        assert reply.status_code in {201, 422}, reply.text


async def test_hostile_cells_are_kept_as_text_or_rejected(office: Service) -> None:
    odd = ["\0", "A\0B", "\x1b[31m", "‮RTL", "=1+1", "𝕊𝕚𝕥𝕚", "x" * 30_000, "\x1f", "Siti\x85Rahayu"]
    lines = [person_row(130 + i, **{"NAMA": name, "JABATAN NAMA": name}) for i, name in enumerate(odd)]
    lines += [person_row(150 + i, **{"NIP BARU": name, "PNS ID": name}) for i, name in enumerate(odd)]
    lines += [person_row(170 + i, **{"UNOR ID": name, "EMAIL GOV": f"{name}@b.example"}) for i, name in enumerate(odd)]
    staged = await stage(office, roster(*lines))
    assert (await apply(office, staged)).status_code == 200
    listed = await rows(office, staged, limit=1000)
    assert len(listed.json()) == len(lines)


async def test_a_unit_file_with_a_circle_names_its_rows(office: Service) -> None:
    circle = b"Id;NamaUnor;DiatasanId\nA0;Kota;\nA1;Dinas;A0\nC1;Bagian;C2\nC2;Bidang;C1\n"
    reply = await post_roster(office, roster(*PEOPLE), units=circle)
    assert (reply.status_code, reply.json()["code"]) == (422, "roster.units_invalid")
    problems = reply.json()["params"]["problems"]
    assert [(p["row"], p["code"], p["column"]) for p in problems] == [
        (4, "units.cycle", "DiatasanId"),
        (5, "units.cycle", "DiatasanId"),
    ]


async def test_a_roster_without_units_is_refused_while_there_are_none(service: Service) -> None:
    files = {"file": ("roster.csv", roster(*PEOPLE), "text/csv")}
    reply = await service.http.post(f"{API}/roster-imports", files=files, headers=service.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (409, "roster.units_missing")


async def test_an_agencys_admin_may_not_import(office: Service) -> None:
    token = await office.token(Role.OPD_ADMIN)
    files = {"file": ("roster.csv", roster(*PEOPLE), "text/csv")}
    reply = await office.http.post(f"{API}/roster-imports", files=files, headers=token)
    assert (reply.status_code, reply.json()["code"]) == (403, "identity.not_permitted")


@pytest.mark.parametrize("params", [{"q": "\0"}, {"q": "%_\\"}, {"nip": "\0"}, {"employment": "\0"}, {"q": "é" * 100}])
async def test_any_search_is_answered(office: Service, params: dict[str, str]) -> None:
    reply = await office.http.get(f"{API}/employees", params=params, headers=office.as_admin())
    assert (reply.status_code, reply.json()) == (200, [])


async def test_employees_are_listed_page_by_page_each_once(office: Service) -> None:
    whole = (await office.http.get(f"{API}/employees", params={"limit": 1000}, headers=office.as_admin())).json()
    seen, url = [], f"{API}/employees?limit=4"
    while url:
        reply = await office.http.get(url, headers=office.as_admin())
        seen += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == whole
    assert len({person["id"] for person in whole}) == len(whole)
