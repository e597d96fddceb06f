"""Rounds over HTTP: drafts, opening, closing, and what a round may not be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import Service, running_service
from tests.signing.opened_round import NOON, new_database, person_row

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def office(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("pledge"), NOON) as service:
            await service.import_roster([person_row(1)])
            yield service


async def post(service: Service, path: str, body: dict[str, Any] | None = None) -> Response:
    return await service.http.post(f"{API}{path}", json=body, headers=service.as_admin())


def draft(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Pilkada 2026",
        "election": "Pemilihan Kepala Daerah Serentak",
        "year": 2026,
        "cut_off": NOON.date().isoformat(),
        "opens_at": (NOON - timedelta(hours=1)).isoformat(),
        "closes_at": (NOON + timedelta(days=7)).isoformat(),
    } | changes


async def test_a_round_goes_from_draft_to_open_to_closed_and_never_back(office: Service) -> None:
    made = await post(office, "/rounds", draft())
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    own = f"/rounds/{made.json()['id']}"
    assert (await post(office, f"{own}/close")).json()["code"] == "round.not_open"
    opening = await post(office, f"{own}/open")
    assert (opening.status_code, opening.json()["status"]) == (202, "opening")
    again = await post(office, f"{own}/open")
    assert (again.status_code, again.json()["code"]) == (409, "round.not_draft")
    await office.run_jobs()
    read = await office.http.get(f"{API}{own}", headers=office.as_admin())
    assert read.json()["status"] == "open"
    closed = await post(office, f"{own}/close")
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    for step in ("open", "close"):
        assert (await post(office, f"{own}/{step}")).status_code == 409


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"closes_at": (NOON - timedelta(hours=2)).isoformat()}, "round.dates"),
        ({"opens_at": (NOON + timedelta(days=8)).isoformat()}, "round.dates"),
        ({"pledges": []}, "request.malformed"),
        ({"pledges": ["sumpah"]}, "template.unknown"),
        ({"pledges": ["Sumpah!"]}, "request.malformed"),
        ({"audience": "semua"}, "request.malformed"),
        ({"title": ""}, "request.malformed"),
        ({"title": "Pilkada\0 2026"}, "request.malformed"),
        ({"election": "Pilkada\n2026"}, "request.malformed"),
        ({"year": 1}, "request.malformed"),
        ({"paper": "A5"}, "request.malformed"),
        ({"closes_at": "2026-12-01T00:00:00"}, "request.malformed"),
    ],
)
async def test_a_round_that_cannot_be_held_is_refused(office: Service, changes: dict[str, Any], code: str) -> None:
    refused = await post(office, "/rounds", draft(**changes))
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_rounds_are_listed_newest_first_page_by_page(office: Service) -> None:
    made = [(await post(office, "/rounds", draft(title=f"Rancangan {n}"))).json()["id"] for n in range(3)]
    seen, url = [], f"{API}/rounds?limit=2"
    while url:
        reply = await office.http.get(url, headers=office.as_admin())
        seen += [r["id"] for r in reply.json()]
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen[:3] == made[::-1]
    assert len(set(seen)) == len(seen)


async def test_a_round_of_one_text_asks_for_one_text(office: Service) -> None:
    made = (await post(office, "/rounds", draft(pledges=["ikrar_netralitas", "ikrar_netralitas"]))).json()
    assert [p["pledge"] for p in made["pledges"]] == ["ikrar_netralitas"]
    templates = (await office.http.get(f"{API}/templates", headers=office.as_admin())).json()
    assert {t["code"]: t["version_id"] for t in templates}["ikrar_netralitas"] == made["pledges"][0][
        "template_version_id"
    ]


async def test_an_unknown_round_is_not_found(office: Service) -> None:
    for path in ("open", "close"):
        assert (await post(office, f"/rounds/{UNKNOWN}/{path}")).status_code == 404
    assert (await office.http.get(f"{API}/rounds/{UNKNOWN}", headers=office.as_admin())).status_code == 404


async def test_a_round_cannot_open_over_an_empty_roster(service: Service) -> None:
    made = await post(service, "/rounds", draft())
    refused = await post(service, f"/rounds/{made.json()['id']}/open")
    assert (refused.status_code, refused.json()["code"]) == (409, "round.roster_empty")
    read = await service.http.get(f"{API}/rounds/{made.json()['id']}", headers=service.as_admin())
    assert read.json()["status"] == "draft"
