"""Units merge, split, move and are renamed under a running round; heads have their days."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.asn.reorganising.jobs import carry_out_due
from app.core.permission import Role
from app.device.signer import API
from tests.asn.test_history_api import get, later
from tests.service import Service
from tests.signing.opened_round import nip_of, person_row


async def change(service: Service, kind: str, *, preview: bool = False, **body: Any) -> Any:
    sent = {
        "kind": kind,
        "effective_on": "2026-11-25",
        "reason": "Penataan perangkat daerah",
        "decree": "Perda 3/2026",
        **body,
    }
    params = {"preview": "true"} if preview else {}
    return await service.http.post(f"{API}/opd/changes", params=params, json=sent, headers=service.as_admin())


async def units_by_name(service: Service) -> dict[str, str]:
    agencies = await get(service, "/opd")
    found = {}
    for agency in agencies:
        found |= {u["name"]: u["id"] for u in await get(service, f"/opd/{agency['id']}/units")}
    return found


@pytest.fixture
async def city(town: Service) -> Service:
    """Two agencies, three people each, a round open since two days."""
    rows = [person_row(11), person_row(12, unit="A1"), person_row(13, unit="A1")]
    await town.import_roster([*rows, *(person_row(n, unit="B1") for n in (21, 22, 23))])
    await town.open_round()
    await later(town, 3)
    return town


async def test_a_preview_tells_the_consequences_and_writes_nothing(city: Service) -> None:
    units = await units_by_name(city)
    merging = [units["Dinas Kesehatan"], units["Inspektorat Daerah"]]
    reply = await change(city, "merge", preview=True, unit_ids=merging, name="Dinas Gabungan")
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["id"], told["people_moved"]) == (None, 5)
    assert [(r["agency"], r["participants"], r["pending"]) for r in told["rounds"]] == [
        ("Dinas Kesehatan", 3, 3),
        ("Inspektorat Daerah", 3, 3),
    ]
    assert await units_by_name(city) == units
    assert await get(city, "/opd/changes") == []


async def test_merged_agencies_leave_the_round_as_it_was_and_the_past_readable(city: Service) -> None:
    units = await units_by_name(city)
    round_id = (await get(city, "/rounds"))[0]["id"]
    before = await city.compliance(round_id)
    merging = [units["Dinas Kesehatan"], units["Inspektorat Daerah"]]
    reply = await change(city, "merge", unit_ids=merging, name="Dinas Gabungan", head_title="Kepala Dinas Gabungan")
    assert reply.status_code == 201, reply.text
    agencies = await get(city, "/opd")
    assert [a["name"] for a in agencies] == ["Dinas Gabungan"]
    new = agencies[0]["id"]
    assert {u["name"] for u in await get(city, f"/opd/{new}/units")} == {"Dinas Gabungan", "UPT Puskesmas Bareng"}
    after = await city.compliance(round_id)
    assert [(g["id"], g["total"]) for g in after["groups"]] == [(g["id"], g["total"]) for g in before["groups"]]
    assert {p["agency_id"] for p in await get(city, "/employees")} == {new}
    assert {p["agency_id"] for p in await get(city, "/employees", q="bidang puskesmas gabungan")} <= {new}
    person = await city.person(nip_of(21))
    history = await get(city, f"/employees/{person['id']}/history")
    assert [(v["unit"], v["valid_from"], v["valid_to"]) for v in history] == [
        ("Dinas Gabungan", "2026-11-25", None),
        ("Inspektorat Daerah", "2026-11-23", "2026-11-25"),
    ]
    then = await get(city, f"/opd/{units['Inspektorat Daerah']}/units", as_of="2026-11-24")
    assert [u["name"] for u in then] == ["Inspektorat Daerah"]
    listed = await get(city, "/opd/changes")
    assert [(c["kind"], c["decree"], c["people_moved"]) for c in listed] == [("merge", "Perda 3/2026", 5)]


async def test_a_split_makes_an_agency_and_its_people_are_found_there(city: Service) -> None:
    units = await units_by_name(city)
    body = {"unit_id": units["Dinas Kesehatan"], "unit_ids": [units["UPT Puskesmas Bareng"]]}
    reply = await change(city, "split", **body, name="Dinas Pengendalian Penduduk")
    assert reply.status_code == 201, reply.text
    agencies = {a["name"]: a["id"] for a in await get(city, "/opd")}
    own = await city.token(Role.OPD_ADMIN, [agencies["Dinas Pengendalian Penduduk"]])
    former = await city.token(Role.OPD_ADMIN, [agencies["Dinas Kesehatan"]])
    assert [p["nip"] for p in await get(city, "/employees", own, q="Bagas")] == [nip_of(11)]
    assert [p["nip"] for p in await get(city, "/employees", own, q=nip_of(11))] == [nip_of(11)]
    assert await get(city, "/employees", former, q=nip_of(11)) == []


async def test_a_renamed_unit_is_found_by_its_new_name_and_was_called_otherwise(city: Service) -> None:
    units = await units_by_name(city)
    health = units["Dinas Kesehatan"]
    assert (await change(city, "rename", unit_id=health, name="Dinas  Kesehatan Kota")).status_code == 201
    assert [a["name"] for a in await get(city, "/opd") if a["id"] == health] == ["Dinas Kesehatan Kota"]
    then = await get(city, f"/opd/{health}/units", as_of="2026-11-24")
    assert "Dinas Kesehatan" in {u["name"] for u in then}


async def test_a_circle_and_a_day_to_come_are_refused(city: Service) -> None:
    units = await units_by_name(city)
    health, clinic = units["Dinas Kesehatan"], units["UPT Puskesmas Bareng"]
    reply = await change(city, "move", unit_id=health, parent_id=clinic)
    assert (reply.status_code, reply.json()["code"]) == (422, "unit.cycle")
    reply = await change(city, "rename", unit_id=health, name="X", effective_on="2037-01-01")
    assert (reply.status_code, reply.json()["code"]) == (422, "unit.change_invalid")
    reply = await change(city, "merge", unit_ids=[health])
    assert (reply.status_code, reply.json()["code"]) == (422, "unit.change_invalid")


async def head(service: Service, unit: str, nip: str, kind: str, since: str, **body: Any) -> Any:
    sent = {"employee_id": (await service.person(nip))["id"], "kind": kind, "valid_from": since, **body}
    return await service.http.post(f"{API}/opd/{unit}/heads", json=sent, headers=service.as_admin())


async def test_a_definitive_head_ends_when_the_next_begins_and_acting_ones_have_a_mandate(city: Service) -> None:
    unit = (await units_by_name(city))["Dinas Kesehatan"]
    assert (await head(city, unit, nip_of(12), "definitive", "2026-01-01")).status_code == 201
    assert (await head(city, unit, nip_of(13), "definitive", "2026-11-01")).status_code == 201
    acting = {"valid_to": "2026-12-01", "mandate_number": "800/12/2026"}
    assert (await head(city, unit, nip_of(11), "plh", "2026-11-20", **acting)).status_code == 201
    found = [
        (h["kind"], h["valid_from"], h["valid_to"], h["mandate_number"]) for h in await get(city, f"/opd/{unit}/heads")
    ]
    assert found == [
        ("plh", "2026-11-20", "2026-12-01", "800/12/2026"),
        ("definitive", "2026-11-01", None, ""),
        ("definitive", "2026-01-01", "2026-11-01", ""),
    ]
    assert len(await get(city, f"/opd/{unit}/heads", as_of="2026-06-01")) == 1
    page = await city.http.get(f"{API}/opd/{unit}/heads", params={"limit": 2}, headers=city.as_admin())
    rest = await city.http.get(page.links["next"]["url"], headers=city.as_admin())
    assert [len(page.json()), len(rest.json())] == [2, 1]


async def test_a_head_without_mandate_or_on_taken_days_is_refused(city: Service) -> None:
    unit = (await units_by_name(city))["Dinas Kesehatan"]
    refused = await head(city, unit, nip_of(12), "plt", "2026-01-01")
    assert (refused.status_code, refused.json()["code"]) == (422, "unit.head_invalid")
    assert (await head(city, unit, nip_of(12), "definitive", "2026-05-01")).status_code == 201
    refused = await head(city, unit, nip_of(13), "definitive", "2026-01-01")
    assert (refused.status_code, refused.json()["code"]) == (409, "unit.head_overlaps")


async def test_heads_of_another_agency_are_not_there_for_a_scoped_caller(city: Service) -> None:
    units = await units_by_name(city)
    token = await city.token(Role.OPD_ADMIN, [units["Inspektorat Daerah"]])
    assert await get(city, f"/opd/{units['Dinas Kesehatan']}/heads", token) == 404
    assert await get(city, f"/opd/{units['Inspektorat Daerah']}/heads", token) == []


async def names_on(service: Service, day: str) -> set[str]:
    found = set()
    for agency in await get(service, "/opd"):
        units = await get(service, f"/opd/{agency['id']}/units", as_of=day)
        found |= {unit["name"] for unit in units} if isinstance(units, list) else set()
    return found


async def test_a_change_from_a_day_to_come_is_planned_and_takes_effect_by_itself(city: Service) -> None:
    units = await units_by_name(city)
    merging = [units["Dinas Kesehatan"], units["Inspektorat Daerah"]]
    asked = {"unit_ids": merging, "name": "Dinas Gabungan", "effective_on": "2026-12-01"}
    told = (await change(city, "merge", preview=True, **asked)).json()
    assert (told["state"], [r["participants"] for r in told["rounds"]]) == ("preview", [3, 3])
    made = await change(city, "merge", **asked)
    assert (made.status_code, made.json()["state"], made.json()["people_moved"]) == (201, "planned", 5)
    (plan,) = await get(city, "/opd/changes/planned", state="planned")
    assert (plan["id"], plan["effective_on"], plan["body"]["name"]) == (
        made.json()["id"],
        "2026-12-01",
        "Dinas Gabungan",
    )
    await carry_out_due.body(city.held)
    assert await units_by_name(city) == units, "not before its day"
    await later(city, 6)
    await carry_out_due.body(city.held)
    await carry_out_due.body(city.held)
    assert {u["name"] for u in await get(city, "/opd")} == {"Dinas Gabungan"}
    assert "Dinas Gabungan" in await names_on(city, "2026-12-01")
    assert "Dinas Gabungan" not in await names_on(city, "2026-11-30")
    (done,) = await get(city, "/opd/changes/planned")
    (written,) = await get(city, "/opd/changes")
    assert (done["state"], done["change_id"], written["effective_on"]) == ("done", written["id"], "2026-12-01")
    late = await city.http.delete(f"{API}/opd/changes/planned/{plan['id']}", headers=city.as_admin())
    assert (late.status_code, late.json()["code"]) == (409, "unit.plan_ended")


async def test_a_planned_change_happens_at_midnight_of_the_place(city: Service) -> None:
    unit = (await units_by_name(city))["UPT Puskesmas Bareng"]
    rename = {"unit_id": unit, "name": "Puskesmas Baru", "effective_on": "2026-12-01"}
    assert (await change(city, "rename", **rename)).json()["state"] == "planned"
    midnight = datetime(2026, 11, 30, 17, tzinfo=UTC)  # in Jakarta
    city.clock.advance(midnight - timedelta(minutes=1) - city.clock.now())
    await later(city, 0)
    await carry_out_due.body(city.held)
    assert "Puskesmas Baru" not in await units_by_name(city)
    city.clock.advance(timedelta(minutes=5))
    await carry_out_due.body(city.held)
    assert "Puskesmas Baru" in await units_by_name(city)
    person = await city.person(nip_of(11))
    today = {"kind": "change", "reason": "Naik jabatan", "position": "Kepala", "effective_on": "2026-12-01"}
    reply = await city.http.patch(f"{API}/employees/{person['id']}", json=today, headers=city.as_admin())
    assert reply.status_code == 200, reply.text


async def test_a_plan_is_cancelled_before_its_day_and_one_the_tree_refuses_by_then_fails(city: Service) -> None:
    units = await units_by_name(city)
    rename = {"unit_id": units["UPT Puskesmas Bareng"], "name": "Puskesmas Baru", "effective_on": "2026-12-01"}
    plan = (await change(city, "rename", **rename)).json()
    cancelled = await city.http.delete(f"{API}/opd/changes/planned/{plan['id']}", headers=city.as_admin())
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    merging = [units["Dinas Kesehatan"], units["Inspektorat Daerah"]]
    await change(city, "rename", **rename | {"unit_id": units["Inspektorat Daerah"], "name": "Lama"})
    assert (await change(city, "merge", unit_ids=merging, name="Dinas Gabungan")).status_code == 201
    await later(city, 7)
    await carry_out_due.body(city.held)
    assert "Puskesmas Baru" not in await units_by_name(city)
    states = {one["body"]["name"]: (one["state"], one["failure"]) for one in await get(city, "/opd/changes/planned")}
    assert states == {"Puskesmas Baru": ("cancelled", ""), "Lama": ("failed", "unit.change_invalid unit.unknown")}
