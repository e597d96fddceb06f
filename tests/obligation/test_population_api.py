"""Whom a round asks: a rule seen before the opening, obeyed at it, and frozen afterwards."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import Service, running_service
from tests.signing.opened_round import INSPECTORATE, NOON, new_database, nip_of, person_row

ROUND = {
    "title": "Tahap penetapan",
    "election": "Pilkada",
    "year": 2026,
    "cut_off": "2026-11-23",
    "opens_at": "2026-11-23T00:00:00Z",
    "closes_at": "2026-12-23T00:00:00Z",
}
PEOPLE = [
    person_row(1),
    person_row(2, INSPECTORATE, **{"JENIS JABATAN ID": "1", "ESELON ID": "22"}),
    person_row(3, legal_status="02"),
    person_row(4, legal_status="05"),
    person_row(5, legal_status="42"),
    person_row(6, legal_status="66"),
    person_row(7, INSPECTORATE, **{"JENIS PEGAWAI NAMA": "Non ASN"}),
]


@pytest.fixture(scope="module")
async def office(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("population"), NOON) as service:
            await service.import_roster(PEOPLE)
            yield service


async def draft(office: Service, **changes: Any) -> dict[str, Any]:
    made = await office.http.post(f"{API}/rounds", json=ROUND | changes, headers=office.as_admin())
    assert made.status_code == 201, made.text
    return made.json()


async def population(office: Service, round_id: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    reply = await office.http.get(f"{API}/rounds/{round_id}/population", headers=headers or office.as_admin())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def asked(office: Service, round_id: str) -> dict[str, str]:
    reply = await office.http.get(f"{API}/rounds/{round_id}/obligations", headers=office.as_admin())
    return {person["nip"]: person["state"] for person in reply.json()}


async def test_the_preview_is_what_the_opening_then_asks(office: Service) -> None:
    made = await draft(office)
    before = await population(office, made["id"])
    assert before["frozen_at"] is None
    figures = {name: before["total"][name] for name in ("people", "total", "required", "deferred", "exempt", "left")}
    assert figures == {"people": 7, "total": 6, "required": 3, "deferred": 1, "exempt": 1, "left": 1}
    assert before["total"]["excluded"] == {"employment": 1, "agency": 0, "position": 0}
    assert before["total"]["optional"] == 1
    assert {(r["reason"], r["state"], r["people"]) for r in before["total"]["reasons"]} == {
        ("legal_status:02", "deferred", 1),
        ("legal_status:05", "exempt", 1),
        ("legal_status:66", "left", 1),
    }
    assert before["unknown_codes"] == [{"code": "42", "people": 1}]
    by_name = {agency["name"]: agency for agency in before["agencies"]}
    assert (by_name["Dinas Kesehatan"]["total"], by_name["Inspektorat Daerah"]["total"]) == (5, 1)
    round_id = await office.open_round()
    frozen = await population(office, round_id)
    assert frozen["frozen_at"] is not None
    assert (frozen["total"], frozen["agencies"]) == (before["total"], before["agencies"])
    assert await asked(office, round_id) == {
        nip_of(1): "pending",
        nip_of(2): "pending",
        nip_of(3): "deferred",
        nip_of(4): "exempt",
        nip_of(5): "pending",
        nip_of(6): "left",
    }
    total = (await office.compliance(round_id))["total"]
    assert {name: total[name] for name in figures if name != "people"} == {
        name: count for name, count in figures.items() if name != "people"
    }


@pytest.mark.parametrize(
    ("rule", "people"),
    [
        ({"employments": ["non_asn"]}, {7}),
        ({"position_kinds": ["1"]}, {2}),
        ({"echelons": ["22"], "employments": ["pns"]}, {2}),
        ({"echelons": ["99"]}, {1, 3, 4, 5, 6}),
    ],
)
async def test_a_rule_narrows_whom_the_round_asks(office: Service, rule: dict[str, Any], people: set[int]) -> None:
    round_id = await office.open_round(population=rule)
    assert set(await asked(office, round_id)) == {nip_of(number) for number in people}
    assert (await population(office, round_id))["total"]["total"] == len(people)


async def test_one_agency_and_meanings_of_its_own_and_texts_for_non_asn(office: Service) -> None:
    agencies = {a["name"]: a["id"] for a in (await population(office, (await draft(office))["id"]))["agencies"]}
    only = {"agencies": [agencies["Inspektorat Daerah"]]}
    both = await office.open_round(population=only, audience="asn_non_asn")
    assert set(await asked(office, both)) == {nip_of(2), nip_of(7)}
    meanings = {"legal_status": {"02": "required", "01": "exempt", "66": "deferred"}}
    states = await asked(office, await office.open_round(population=meanings))
    assert (states[nip_of(3)], states[nip_of(1)], states[nip_of(6)]) == ("pending", "exempt", "deferred")


async def test_a_draft_can_be_changed_and_an_open_round_cannot(office: Service) -> None:
    made = await draft(office)
    path = f"{API}/rounds/{made['id']}"
    changed = await office.http.patch(
        path, json={"population": {"position_kinds": ["1"]}, "late_joiners": "none"}, headers=office.as_admin()
    )
    assert (changed.status_code, changed.json()["late_joiners"]) == (200, "none")
    assert changed.json()["population"]["position_kinds"] == ["1"]
    assert (await population(office, made["id"]))["total"]["total"] == 1
    wrong = await office.http.patch(path, json={"closes_at": "2026-11-01T00:00:00Z"}, headers=office.as_admin())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "round.dates")
    round_id = await office.open_round()
    late = await office.http.patch(f"{API}/rounds/{round_id}", json={"year": 2027}, headers=office.as_admin())
    assert (late.status_code, late.json()["code"]) == (409, "round.not_draft")


@pytest.mark.parametrize(
    "rule",
    [
        {"agencies": ["00000000-0000-7000-8000-000000000000"]},
        {"employments": ["tni"]},
        {"legal_status": {"01": "perhaps"}},
        {"legal_status": {"0'1": "left"}},
        {"echelons": ["2\u0000"]},
        {"religion": ["any"]},
    ],
)
async def test_a_rule_that_means_nothing_is_refused(office: Service, rule: dict[str, Any]) -> None:
    made = await office.http.post(f"{API}/rounds", json=ROUND | {"population": rule}, headers=office.as_admin())
    assert made.status_code == 422


async def test_an_agency_sees_its_own_part_before_and_after(office: Service) -> None:
    made = await draft(office)
    agencies = (await population(office, made["id"]))["agencies"]
    own = next(a for a in agencies if a["name"] == "Inspektorat Daerah")
    headers = await office.token(Role.OPD_ADMIN, [own["id"]])
    for round_id in (made["id"], await office.open_round()):
        seen = await population(office, round_id, headers)
        assert [agency["id"] for agency in seen["agencies"]] == [own["id"]]
        assert seen["total"]["people"] == own["people"]
        assert seen["unknown_codes"] == []
