"""Roster imports over HTTP: both forms, staged and applied, compared with the roster, refused with a reason."""

import pytest

from app.core.permission import Role
from app.device.signer import API
from tests.asn.uploads import SHORT, apply, as_workbook, changes, import_all, roster, rows, stage
from tests.service import PEOPLE, Service
from tests.signing.acts import count
from tests.signing.opened_round import nip_of, person_row, post_roster


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
    absent = {"KEDUDUKAN HUKUM ID": "02", "ESELON ID": "41", "TANGGAL LAHIR": "02-01-1985"}
    await import_all(office, roster(person_row(106, **absent)))
    before = await office.person(nip_of(106))
    born = "SELECT count(*) FROM employee WHERE nip = :nip AND birth_date = '1985-01-02' AND echelon = '41'"
    short = f"{nip_of(106)},Anggun Bagas Gita,UPT Puskesmas Bareng,Arsiparis,III/b,PNS"
    counts = await import_all(office, roster(short, header=SHORT))
    assert changes(counts) == (0, 1, 0)
    after = await office.person(nip_of(106))
    assert (after["id"], after["position"]) == (before["id"], "Arsiparis")
    assert await count(office, kept, nip=nip_of(106)) == 1
    assert await count(office, mailed, nip=nip_of(106)) == 1
    assert await count(office, born, nip=nip_of(106)) == 1
    assert after["legal_status"] == before["legal_status"] == "02"


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
    for path in (
        f"/roster-imports/{staged['id']}/rows",
        f"/roster-imports/{staged['id']}/rows?outcome=missing",
        "/employees",
    ):
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


async def test_a_row_that_cannot_be_kept_rejects_the_rows_that_build_on_it(office: Service) -> None:
    await import_all(office, roster(*[person_row(n) for n in (122, 123, 124)]))
    chain = [person_row(122, **{"NIP BARU": nip_of(123)}), person_row(123, **{"NIP BARU": nip_of(124)})]
    staged = await stage(office, roster(*chain))
    assert (staged["counts"]["rejected"], staged["counts"]["changed"]) == (2, 0)
    whole = await stage(office, roster(*chain, person_row(124, **{"NIP BARU": nip_of(822)})))
    assert (whole["counts"]["rejected"], whole["counts"]["changed"]) == (0, 3)
    assert (await apply(office, whole)).status_code == 200


async def test_one_person_in_two_rows_is_taken_once(office: Service) -> None:
    twice = person_row(120), person_row(121, **{"PNS ID": "T120"})
    staged = await stage(office, roster(*twice))
    assert staged["counts"]["rejected"] == 1
    rejected = (await rows(office, staged, outcome="rejected")).json()
    assert [(r["row"], r["codes"], r["column"]) for r in rejected] == [(3, ["nip.duplicate"], "PNS ID")]
    assert (await apply(office, staged)).status_code == 200


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


@pytest.mark.parametrize("params", [{"q": "%"}, {"q": "_"}, {"q": "\\"}, {"nip": "\0"}, {"q": "é" * 100}])
async def test_a_search_takes_every_character_literally(office: Service, params: dict[str, str]) -> None:
    reply = await office.http.get(f"{API}/employees", params=params, headers=office.as_admin())
    assert (reply.status_code, reply.json()) == (200, [])


@pytest.mark.parametrize("params", [{"q": "\0"}, {"employment": "\0"}, {"employment": "honorer"}, {"q": "x" * 101}])
async def test_a_search_that_can_find_nothing_is_refused(office: Service, params: dict[str, str]) -> None:
    reply = await office.http.get(f"{API}/employees", params=params, headers=office.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "request.malformed")


async def test_employees_are_listed_page_by_page_each_once(office: Service) -> None:
    whole = (await office.http.get(f"{API}/employees", params={"limit": 1000}, headers=office.as_admin())).json()
    seen, url = [], f"{API}/employees?limit=4"
    while url:
        reply = await office.http.get(url, headers=office.as_admin())
        seen += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == whole
    assert len({person["id"] for person in whole}) == len(whole)
