"""Webhooks over the API: facts of the service itself, who may see them, and what is never told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.core.permission import Role
from app.webhook import delivering
from app.webhook.means import means_of
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.webhook.receiver import Receiver, verified

API = "/api/v1"
SITI, BUDI = "198501012010012001", "197505052000031002"
ALL = ["document.signed", "document.sealed", "document.voided", "round.opened", "round.closed", "roster.applied"]


@pytest.fixture
async def told(
    fresh_database: str, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """The whole service, which may send to the receiver."""
    monkeypatch.setenv("PAKTA_WEBHOOK_PLAIN_HTTP", "true")
    monkeypatch.setenv("PAKTA_WEBHOOK_PORTS", str(receiver.port))
    monkeypatch.setenv("PAKTA_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    async with running_service(fresh_database, tmp_path, NOON) as started:
        yield started


async def ask(service: Service, method: str, path: str, body: Any = None, **kept: Any) -> Any:
    reply = await service.http.request(method, f"{API}{path}", json=body, headers=service.as_admin(), **kept)
    assert reply.status_code < 300, reply.text
    return reply.json() if reply.content else None


async def create(service: Service, receiver: Receiver, events: list[str] | None = None) -> dict[str, Any]:
    return await ask(service, "POST", "/webhooks", {"url": receiver.url, "events": events or ALL})


async def test_the_facts_of_a_round_are_told_without_personal_data(told: Service, receiver: Receiver) -> None:
    made = await create(told, receiver)
    await told.import_roster()
    round_id = await told.open_round()
    device = await told.device(SITI)
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    await told.run_jobs()
    await delivering.run(means_of(told.held))
    document = json.loads(receiver.requests[-1].body)["data"]["document_id"]
    await ask(
        told, "POST", f"/documents/{document}/void", {"ground": "wrong_data", "reason": "Salah jabatan tertulis."}
    )
    await ask(told, "POST", f"/rounds/{round_id}/close", {})
    await told.run_jobs()
    await delivering.run(means_of(told.held))
    events = [json.loads(one.body) for one in receiver.requests]
    kinds = [one["type"] for one in events]
    assert sorted(set(kinds)) == sorted(ALL)
    assert kinds.count("document.signed") == kinds.count("document.sealed") == 2
    sealed = next(one["data"] for one in events if one["type"] == "document.sealed")
    assert sealed["round_id"] == round_id
    assert set(sealed) == {"document_id", "round_id", "opd_id", "pledge", "sha256"}
    kept = await ask(told, "GET", f"/documents/{sealed['document_id']}")
    assert kept["id"] == sealed["document_id"]
    assert len(bytes.fromhex(sealed["sha256"])) == 32
    everything = b"".join(one.body for one in receiver.requests).decode().lower()
    for secret in ("siti", "rahayu", SITI, "malangkota", "perawat", (await told.person(SITI))["id"]):
        assert secret.lower() not in everything, secret
    assert all(verified(made["secret"], one, now=NOON.timestamp()) for one in receiver.requests)


async def test_a_fact_that_is_rolled_back_is_not_told(told: Service, receiver: Receiver) -> None:
    await create(told, receiver, ["roster.applied"])
    refused = await told.http.post(
        f"{API}/roster-imports/{'0' * 8}-0000-7000-8000-000000000000/apply", headers=told.as_admin()
    )
    assert refused.status_code == 404
    await delivering.run(means_of(told.held))
    assert receiver.requests == []
    await told.import_roster()
    await delivering.run(means_of(told.held))
    assert [json.loads(one.body)["type"] for one in receiver.requests] == ["roster.applied"]


async def test_the_secret_is_shown_once(told: Service, receiver: Receiver) -> None:
    made = await create(told, receiver)
    assert made["secret"].startswith("whsec_")
    seen = [
        await ask(told, "GET", "/webhooks"),
        await ask(told, "GET", f"/webhooks/{made['id']}"),
        await ask(told, "PATCH", f"/webhooks/{made['id']}", {"description": "Dasbor"}),
    ]
    assert made["secret"] not in json.dumps(seen)
    assert "secret" not in seen[1]


async def test_a_trial_its_deliveries_and_a_replay(told: Service, receiver: Receiver) -> None:
    made = await create(told, receiver)
    path = f"/webhooks/{made['id']}"
    for _ in range(3):
        await ask(told, "POST", f"{path}/test")
    receiver.status, receiver.answer = 200, b"ok"
    await delivering.run(means_of(told.held))
    assert [json.loads(one.body)["type"] for one in receiver.requests] == ["webhook.test"] * 3
    pages, link = [], f"{API}{path}/deliveries?limit=2"
    while link:
        reply = await told.http.get(link, headers=told.as_admin())
        pages.append(reply.json())
        link = reply.links.get("next", {}).get("url", "")
    assert [len(page) for page in pages] == [2, 1]
    listed = [one for page in pages for one in page]
    assert [one["id"] for one in listed] == sorted((one["id"] for one in listed), reverse=True)
    first = listed[0]
    assert (first["state"], first["kind"], first["attempts"][0]["status"], first["attempts"][0]["answer"]) == (
        "delivered",
        "webhook.test",
        200,
        "ok",
    )
    assert await ask(told, "GET", f"{path}/deliveries", params={"state": "dead"}) == []
    again = await ask(told, "POST", f"{path}/deliveries/{first['id']}/replay")
    assert again["state"] == "waiting"
    twice = await told.http.post(f"{API}{path}/deliveries/{first['id']}/replay", headers=told.as_admin())
    assert (twice.status_code, twice.json()["code"]) == (409, "webhook.underway")
    await delivering.run(means_of(told.held))
    assert receiver.ids[first["id"]] == 2


async def test_disabled_and_deleted_endpoints(told: Service, receiver: Receiver) -> None:
    made = await create(told, receiver)
    path = f"/webhooks/{made['id']}"
    off = await ask(told, "PATCH", path, {"enabled": False})
    assert (off["enabled"], off["disabled_cause"]) == (False, "admin")
    refused = await told.http.post(f"{API}{path}/test", headers=told.as_admin())
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook.disabled")
    assert (await ask(told, "PATCH", path, {"enabled": True}))["disabled_cause"] == ""
    await ask(told, "POST", f"{path}/test")
    await ask(told, "DELETE", path)
    await delivering.run(means_of(told.held))
    assert receiver.requests == []
    assert (await told.http.get(f"{API}{path}", headers=told.as_admin())).status_code == 404


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://127.0.0.1/x", "url.port"),
        ("https://user:pass@kota.example/", "url.credentials"),
        ("gopher://kota.example/", "url.scheme"),
    ],
)
async def test_an_address_that_is_not_for_messages_is_refused_with_its_reason(
    told: Service, url: str, reason: str
) -> None:
    body = {"url": url, "events": ["round.closed"]}
    reply = await told.http.post(f"{API}/webhooks", json=body, headers=told.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "webhook.url")
    assert reason in reply.text


async def test_an_unknown_event_and_an_empty_range_are_refused(told: Service, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": ["document.eaten"]}
    reply = await told.http.post(f"{API}/webhooks", json=body, headers=told.as_admin())
    assert reply.status_code == 422
    made = await create(told, receiver)
    span = {"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    reply = await told.http.post(f"{API}/webhooks/{made['id']}/replay", json=span, headers=told.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "webhook.range")


async def test_an_administrator_of_some_agencies_may_not_hear_of_all(told: Service, receiver: Receiver) -> None:
    await told.import_roster()
    agency = (await ask(told, "GET", "/opd"))[0]["id"]
    body = {"url": receiver.url, "events": ["round.closed"]}
    for role in (Role.OPD_ADMIN, Role.AUDITOR, Role.BKPSDM_ADMIN):
        headers = await told.token(role, [agency])
        assert (await told.http.post(f"{API}/webhooks", json=body, headers=headers)).status_code == 403
        assert (await told.http.get(f"{API}/webhooks", headers=headers)).status_code == 403
