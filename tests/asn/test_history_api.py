"""Who belonged to which unit with which position on any day, and what was believed when."""

from datetime import timedelta
from typing import Any

from app.core.permission import Role
from app.device.signer import API
from tests.asn.test_undo_api import undo, units_of
from tests.asn.uploads import all_rows, apply, roster, stage
from tests.service import PEOPLE, UNITS, Service
from tests.signing.opened_round import nip_of, person_row, post_roster


async def get(service: Service, path: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    reply = await service.http.get(f"{API}{path}", params=params, headers=headers or service.as_admin())
    return reply.json() if reply.status_code == 200 else reply.status_code


async def later(service: Service, days: int) -> None:
    """Let days pass; the admin of that day has a token of that day."""
    service.clock.advance(timedelta(days=days))
    service.admin = (await service.token(Role.BKPSDM_ADMIN))["authorization"].removeprefix("Bearer ")


async def import_on(service: Service, *rows: str, **fields: str) -> dict[str, Any]:
    files = {"file": ("roster.csv", roster(*rows), "text/csv")}
    reply = await service.http.post(f"{API}/roster-imports", files=files, data=fields, headers=service.as_admin())
    assert reply.status_code == 201, reply.text
    assert (await apply(service, reply.json())).status_code == 200
    return reply.json()


async def test_a_change_of_the_world_opens_a_version_and_closes_the_one_before(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    await later(service, 10)
    moved = await import_on(service, person_row(11, unit="B1", **{"JABATAN NAMA": "Auditor Ahli Muda"}))
    history = await get(service, f"/employees/{person['id']}/history")
    assert [(v["valid_from"], v["valid_to"], v["unit"], v["position"], v["cause"]) for v in history] == [
        ("2026-12-03", None, "Inspektorat Daerah", "Auditor Ahli Muda", "change"),
        ("2026-11-23", "2026-12-03", "UPT Puskesmas Bareng", "Pengolah Data", "new"),
    ]
    assert history[0]["import_id"] == moved["id"]
    for day, unit in (
        ("2026-11-22", None),
        ("2026-11-23", "UPT Puskesmas Bareng"),
        ("2026-12-02", "UPT Puskesmas Bareng"),
    ):
        found = await get(service, "/employees", nip=nip_of(11), as_of=day)
        assert [p["unit"] for p in found] == ([unit] if unit else []), day
    assert (await get(service, "/employees", nip=nip_of(11), as_of="2026-12-03"))[0]["unit"] == "Inspektorat Daerah"
    detail = await get(service, f"/employees/{person['id']}")
    assert (detail["unit"], detail["since"], detail["current"]) == ("Inspektorat Daerah", "2026-12-03", True)


async def test_a_correction_replaces_what_was_wrong_and_keeps_what_was_believed(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    await later(service, 10)
    await import_on(service, person_row(11, **{"TANGGAL LAHIR": "02-01-1985"}))
    now = await get(service, f"/employees/{person['id']}/history")
    assert [(v["valid_from"], v["valid_to"], v["cause"]) for v in now] == [("2026-11-23", None, "correction")]
    ever = await get(service, f"/employees/{person['id']}/history", superseded=True)
    assert [(v["cause"], v["superseded_at"] is not None) for v in ever] == [("correction", False), ("new", True)]


async def test_the_day_changes_hold_from_can_be_told(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    await later(service, 20)
    await import_on(service, person_row(11, unit="B1"), effective_on="2026-12-01")
    history = await get(service, f"/employees/{person['id']}/history")
    assert [(v["valid_from"], v["valid_to"]) for v in history] == [("2026-12-01", None), ("2026-11-23", "2026-12-01")]


async def test_a_new_address_is_no_history(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    await import_on(service, person_row(11, **{"EMAIL GOV": "lain@malangkota.example"}))
    assert len(await get(service, f"/employees/{person['id']}/history", superseded=True)) == 1


async def test_cpns_become_pns_and_pppk_become_pns_with_a_new_nip_and_stay_the_same_person(service: Service) -> None:
    cpns = person_row(11, **{"STATUS CPNS PNS": "C"})
    contract = f"{nip_of(12)[:12]}21{nip_of(12)[14:]}"
    pppk = person_row(12, **{"NIP BARU": contract, "JENIS PEGAWAI NAMA": "PPPK", "GOL AKHIR NAMA": "IX"})
    await service.import_roster([*PEOPLE, cpns, pppk])
    ids = [(await service.person(nip))["id"] for nip in (nip_of(11), contract)]
    staged = await stage(service, roster(person_row(11), person_row(12)))
    rows = await all_rows(service, staged, outcome="changed")
    told = [{c["field"]: (c["before"], c["after"]) for c in row["changes"]} for row in rows]
    assert told[0] == {"employment": ("cpns", "pns")}
    assert told[1]["employment"] == ("pppk", "pns")
    assert told[1]["nip"] == (contract, nip_of(12))
    await apply(service, staged)
    assert [(await service.person(nip_of(n)))["id"] for n in (11, 12)] == ids
    assert [(await service.person(nip_of(n)))["employment"] for n in (11, 12)] == ["pns", "pns"]


async def decide(service: Service, staged: dict[str, Any], **body: Any) -> Any:
    path = f"{API}/roster-imports/{staged['id']}/missing"
    return await service.http.put(path, json=body, headers=service.as_admin())


async def test_missing_are_those_of_the_agencies_the_file_covers_whom_no_row_names(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11), person_row(12)])
    spoiled = person_row(12, NAMA="")
    staged = await stage(service, roster(PEOPLE[0], spoiled))
    missing = await all_rows(service, staged, "missing")
    assert len(missing) == staged["counts"]["missing"]
    names = {person["name"] for person in missing}
    assert any(name.startswith("Joko Susilo") for name in names)
    assert not any(name.startswith(("Budi Santoso", "Siti Rahayu")) for name in names)  # another agency; in the file
    assert nip_of(11) in {person["nip"] for person in missing}
    assert nip_of(12) not in {person["nip"] for person in missing}  # in the file, though its row was rejected
    assert {person["decision"] for person in missing} == {"keep"}


async def test_who_left_is_no_longer_listed_and_returns_as_the_same_person(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    await later(service, 10)
    staged = await stage(service, roster(*PEOPLE))
    assert (await decide(service, staged, employee_ids=[person["id"]], decision="left", on="2026-12-01")).json() == {
        "decided": 1
    }
    assert [p["employee_id"] for p in await all_rows(service, staged, "missing", decision="left")] == [person["id"]]
    await apply(service, staged)
    assert await get(service, "/employees", nip=nip_of(11)) == []
    assert len(await get(service, "/employees", nip=nip_of(11), as_of="2026-11-30")) == 1
    assert await get(service, "/employees", nip=nip_of(11), as_of="2026-12-01") == []
    assert (await get(service, f"/employees/{person['id']}"))["current"] is False
    await later(service, 10)
    back = await stage(service, roster(*PEOPLE, person_row(11)))
    assert back["counts"]["changed"] == 1
    await apply(service, back)
    assert (await service.person(nip_of(11)))["id"] == person["id"]
    history = await get(service, f"/employees/{person['id']}/history")
    newest = history[0]
    assert (newest["cause"], newest["current"], newest["valid_from"]) == ("returned", True, "2026-12-13")


async def test_a_transfer_moves_a_person_to_a_unit_of_ours(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    target = next(unit for unit in await units_of(service) if unit["siasn_id"] == "B1")
    staged = await stage(service, roster(*PEOPLE))
    body = {"employee_ids": [person["id"]], "decision": "transferred", "unit_id": target["id"]}
    assert (await decide(service, staged, **body)).status_code == 200
    await apply(service, staged)
    assert (await service.person(nip_of(11)))["unit"] == target["name"]


async def test_a_decision_that_cannot_be_is_refused(service: Service) -> None:
    await service.import_roster([*PEOPLE, person_row(11)])
    person = await service.person(nip_of(11))
    here = await service.person(PEOPLE[0].split(",")[1])
    staged = await stage(service, roster(*PEOPLE))
    for body, reason in (
        ({"employee_ids": [person["id"]], "decision": "left", "on": "2027-01-01"}, "on"),
        ({"employee_ids": [person["id"]], "decision": "keep", "on": "2026-01-01"}, "on"),
        ({"employee_ids": [person["id"]], "decision": "left", "unit_id": here["unit_id"]}, "unit_id"),
        ({"employee_ids": [here["id"], person["id"]], "decision": "left"}, "employee_ids"),
    ):
        reply = await decide(service, staged, **body)
        assert (reply.status_code, reply.json()["params"]["reason"]) == (422, reason)
    assert {p["decision"] for p in await all_rows(service, staged, "missing")} == {"keep"}


async def test_a_unit_that_vanished_is_closed_when_nobody_is_left_in_it(service: Service) -> None:
    await service.import_roster()
    fewer = "\n".join(line for line in UNITS.splitlines() if not line.startswith("A2")).encode()
    stay = [row.replace(",A2,", ",A1,") for row in PEOPLE]
    half = (await post_roster(service, roster(*stay[:3]), units=fewer)).json()
    await apply(service, half)
    assert "A2" in {unit["siasn_id"] for unit in await units_of(service)}  # somebody is still there
    whole = (await post_roster(service, roster(*stay), units=fewer)).json()
    await apply(service, whole)
    assert "A2" not in {unit["siasn_id"] for unit in await units_of(service)}
    assert (await undo(service, whole)).status_code == 200
    assert "A2" in {unit["siasn_id"] for unit in await units_of(service)}


async def test_an_agencys_admin_reads_nobody_elses_history(service: Service) -> None:
    await service.import_roster()
    agencies = {a["name"]: a["id"] for a in await get(service, "/opd")}
    token = await service.token(Role.OPD_ADMIN, [agencies["Dinas Kesehatan"]])
    own, other = await service.person("198501012010012001"), await service.person("197505052000031002")
    assert (await get(service, f"/employees/{own['id']}", token))["id"] == own["id"]
    assert await get(service, f"/employees/{other['id']}", token) == 404
    assert await get(service, f"/employees/{other['id']}/history", token) == 404
    day = service.clock.now().date().isoformat()
    seen = await get(service, "/employees", token, as_of=day)
    assert {person["agency_id"] for person in seen} == {agencies["Dinas Kesehatan"]}
    auditor = await service.token(Role.AUDITOR)
    assert "******" in (await get(service, f"/employees/{own['id']}/history", auditor))[0]["nip"]


async def test_units_are_listed_as_they_were_on_a_day(service: Service) -> None:
    await service.import_roster()
    agency = next(a for a in await get(service, "/opd") if a["name"] == "Dinas Kesehatan")
    await later(service, 10)
    renamed = UNITS.replace("UPT Puskesmas Bareng;", "Puskesmas Bareng Baru;")
    staged = (await post_roster(service, roster(*PEOPLE), units=renamed.encode())).json()
    await apply(service, staged)
    for day, name in (("2026-12-02", "UPT Puskesmas Bareng"), ("2026-12-03", "Puskesmas Bareng Baru")):
        units = await get(service, f"/opd/{agency['id']}/units", as_of=day)
        assert {unit["siasn_id"]: unit["name"] for unit in units}["A2"] == name
    assert await get(service, f"/opd/{agency['id']}/units", as_of="2026-01-01") == 404
