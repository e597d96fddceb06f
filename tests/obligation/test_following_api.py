"""The roster goes on after the cut-off: what befalls people of an open round is recorded, and the agency of then keeps them."""

from typing import Any

import pytest

from app.core.permission import Role
from app.device.signer import API
from app.obligation.jobs import follow
from tests.service import HEADER, Service, running_service
from tests.signing.opened_round import HEALTH, INSPECTORATE, NOON, nip_of, person_row, post_roster


@pytest.fixture
async def city(fresh_database: str, tmp_path: Any) -> Any:
    async with running_service(fresh_database, tmp_path, NOON) as service:
        await service.import_roster([person_row(number) for number in range(1, 5)])
        yield service


async def apply(city: Service, *rows: str) -> str:
    staged = await post_roster(city, "\n".join([HEADER, *rows]).encode())
    assert staged.status_code == 201, staged.text
    import_id = staged.json()["id"]
    path = f"{API}/roster-imports/{import_id}/apply"
    reply = await city.http.post(path, headers=city.as_admin())
    assert reply.status_code == 200, reply.text
    return import_id


async def states(city: Service, round_id: str) -> dict[str, str]:
    reply = await city.http.get(f"{API}/rounds/{round_id}/obligations", headers=city.as_admin())
    return {person["nip"]: person["state"] for person in reply.json()}


async def changes(city: Service, round_id: str, **params: Any) -> list[dict[str, Any]]:
    reply = await city.http.get(f"{API}/rounds/{round_id}/changes", params=params, headers=city.as_admin())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def revise(city: Service, nip: str, **body: Any) -> None:
    person = await city.person(nip)
    reply = await city.http.patch(
        f"{API}/employees/{person['id']}",
        json={"kind": "change", "reason": "SK Wali Kota", **body},
        headers=city.as_admin(),
    )
    assert reply.status_code == 200, reply.text


async def test_people_who_appear_join_by_themselves_where_the_round_says_so(city: Service) -> None:
    round_id = await city.open_round(late_joiners="automatic")
    before = (await city.compliance(round_id))["total"]
    await apply(
        city, person_row(1), person_row(50), person_row(51, legal_status="02"), person_row(52, legal_status="66")
    )
    for _ in range(2):
        await city.run_jobs()
    after = (await city.compliance(round_id))["total"]
    assert (after["total"], after["pending"], after["deferred"]) == (before["total"] + 2, before["pending"] + 1, 1)
    for by in ("unit", "employment", "pledge"):
        assert (await city.compliance(round_id, by))["total"] == after
    assert nip_of(52) not in await states(city, round_id)
    joined = await changes(city, round_id, kind="joined")
    assert [(c["reason"], c["from_state"], c["effective_on"]) for c in joined] == [("roster:new", "", "2026-11-23")] * 2
    device = await city.device(nip_of(50))
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    assert (await city.compliance(round_id))["total"]["signed"] == before["signed"] + 1


async def test_people_who_appear_wait_for_an_admin_and_are_added_once(city: Service) -> None:
    round_id = await city.open_round()
    await apply(city, person_row(50), person_row(51))
    await city.run_jobs()
    assert len(await changes(city, round_id, kind="appeared")) == 2
    assert nip_of(50) not in await states(city, round_id)
    new = (await city.person(nip_of(50)))["id"]
    old = (await city.person(nip_of(1)))["id"]
    path = f"{API}/rounds/{round_id}/participants"
    body = {"employee_ids": [new, old], "reason": "Pindahan, SK terlampir"}
    for joined in (1, 0):
        reply = await city.http.post(path, json=body, headers=city.as_admin())
        assert reply.json() == {"joined": joined, "already": 2 - joined}
    assert (await states(city, round_id))[nip_of(50)] == "pending"
    (change,) = await changes(city, round_id, kind="joined")
    assert (change["reason"], change["note"], change["by_hand"]) == ("admin", "Pindahan, SK terlampir", True)
    auditor = await city.token(Role.AUDITOR)
    seen = await city.http.get(f"{API}/rounds/{round_id}/changes?kind=joined", headers=auditor)
    assert seen.json()[0]["note"] is None


async def test_where_nobody_joins_an_admin_cannot_add_either(city: Service) -> None:
    round_id = await city.open_round(late_joiners="none", population={"position_kinds": ["4"]})
    await apply(city, person_row(50))
    await city.run_jobs()
    new = (await city.person(nip_of(50)))["id"]
    path, body = f"{API}/rounds/{round_id}/participants", {"employee_ids": [new], "reason": "menyusul"}
    refused = await city.http.post(path, json=body, headers=city.as_admin())
    assert (refused.status_code, refused.json()["code"]) == (409, "round.joining_closed")
    open_id = await city.open_round(population={"position_kinds": ["1"]})
    outside = await city.http.post(f"{API}/rounds/{open_id}/participants", json=body, headers=city.as_admin())
    assert (outside.status_code, outside.json()["code"]) == (422, "round.not_in_population")


async def test_who_retires_leaves_and_who_signed_stays_and_who_returns_is_asked_again(city: Service) -> None:
    round_id = await city.open_round()
    device = await city.device(nip_of(2))
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    await apply(city, *(person_row(number, legal_status="66") for number in (1, 2)))
    for _ in range(2):
        await city.run_jobs()
    found = await states(city, round_id)
    assert (found[nip_of(1)], found[nip_of(2)], found[nip_of(3)]) == ("left", "signed", "pending")
    left = await changes(city, round_id, kind="left")
    assert {(c["reason"], c["from_state"], c["to_state"]) for c in left} == {
        ("legal_status:66", "pending", "left"),
        ("legal_status:66", "signed", "signed"),
    }
    await revise(city, nip_of(1), legal_status="01")
    await city.run_jobs()
    assert (await states(city, round_id))[nip_of(1)] == "pending"
    assert [c["kind"] for c in await changes(city, round_id)] == ["returned", "left", "left"]
    await revise(city, nip_of(3), current=False)
    await city.run_jobs()
    assert (await states(city, round_id))[nip_of(3)] == "left"
    assert (await changes(city, round_id))[0]["reason"] == "roster:left"


async def test_a_transfer_is_recorded_and_the_agency_of_the_cut_off_keeps_the_obligation(city: Service) -> None:
    round_id = await city.open_round()
    before = await city.compliance(round_id)
    await apply(city, person_row(1, INSPECTORATE))
    await city.run_jobs()
    (change,) = await changes(city, round_id)
    assert (change["kind"], change["from_state"], change["to_state"]) == ("transferred", "pending", "pending")
    assert change["unit_before"] != change["unit_after"]
    after = await city.compliance(round_id)
    assert (before["total"], before["groups"]) == (after["total"], after["groups"])
    health = await city.token(Role.OPD_ADMIN, [change["agency_id"]])
    assert len((await city.http.get(f"{API}/rounds/{round_id}/changes", headers=health)).json()) == 1
    agencies = {a["name"]: a["id"] for a in (await city.http.get(f"{API}/opd", headers=city.as_admin())).json()}
    inspectorate = await city.token(Role.OPD_ADMIN, [agencies["Inspektorat Daerah"]])
    assert (await city.http.get(f"{API}/rounds/{round_id}/changes", headers=inspectorate)).json() == []
    path = f"{API}/rounds/{round_id}/participants/{change['employee_id']}/changes"
    assert (await city.http.get(path, headers=inspectorate)).status_code == 404
    await apply(city, person_row(1, HEALTH))
    await city.run_jobs()
    assert [c["kind"] for c in await changes(city, round_id)] == ["transferred", "transferred"]


async def test_an_import_taken_back_takes_its_effects_back_or_is_kept_by_them(city: Service) -> None:
    round_id = await city.open_round(late_joiners="automatic")
    gone = await apply(city, person_row(1, legal_status="66"))
    await city.run_jobs()
    assert (await states(city, round_id))[nip_of(1)] == "left"
    undo = await city.http.post(f"{API}/roster-imports/{gone}/undo", headers=city.as_admin())
    assert undo.status_code == 200, undo.text
    await city.run_jobs()
    assert (await states(city, round_id))[nip_of(1)] == "pending"
    assert [c["kind"] for c in await changes(city, round_id)] == ["returned", "left"]
    unseen = await apply(city, person_row(60))
    assert (await city.http.post(f"{API}/roster-imports/{unseen}/undo", headers=city.as_admin())).status_code == 200
    await city.run_jobs()
    assert len(await changes(city, round_id)) == 2
    joined = await apply(city, person_row(61))
    await city.run_jobs()
    kept = await city.http.post(f"{API}/roster-imports/{joined}/undo", headers=city.as_admin())
    assert (kept.status_code, kept.json()["code"]) == (409, "roster.undo_depended")


async def test_a_code_that_would_defer_is_recorded_and_moves_nobody(city: Service) -> None:
    round_id = await city.open_round()
    await revise(city, nip_of(1), legal_status="02")
    for _ in range(2):
        await follow.body(city.held)
    assert (await states(city, round_id))[nip_of(1)] == "pending"
    (change,) = await changes(city, round_id)
    assert (change["kind"], change["reason"]) == ("status_changed", "legal_status:02")


async def test_a_closed_round_is_told_nothing(city: Service) -> None:
    round_id = await city.open_round()
    assert (await city.http.post(f"{API}/rounds/{round_id}/close", headers=city.as_admin())).status_code == 200
    await apply(city, person_row(1, legal_status="66"))
    await city.run_jobs()
    assert (await states(city, round_id))[nip_of(1)] == "pending"
    assert await changes(city, round_id) == []
