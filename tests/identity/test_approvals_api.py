"""Four eyes: what waits for a second administrator, who may be that one, and what is done when."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.db import Database
from app.core.errors import ApprovalNeeded, NotPermitted
from app.core.permission import FOUR_EYES, Permission, Role
from app.core.postgres import LocalPostgres
from app.core.principal import Principal, Scope
from app.core.settings import Settings
from app.device.signer import API
from app.identity import service as identity
from tests.conftest import NOON
from tests.identity.administrator import Administrator, administrator
from tests.identity.role_bodies import NOBODY
from tests.service import Service, running_service
from tests.web.visits import database_of_a_module

WHY = {"reason": "sudah diperiksa"}
OWN, OVER = (403, "approval.own"), (409, "approval.over")


@pytest.fixture(scope="module")
async def started(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("approvals"), NOON) as service:
            await service.import_roster()
            yield service


@pytest.fixture
async def city(started: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service with four eyes, and a token that lives today."""
    started.admin = await token(started, "Sistem kepegawaian")
    settings = started.held.get(Settings)
    monkeypatch.setattr(settings, "service", settings.service.model_copy(update={"four_eyes": True}))
    return started


@pytest.fixture
async def two(started: Service, city: Service, monkeypatch: pytest.MonkeyPatch) -> tuple[Administrator, Administrator]:
    """Two administrators of different names, made while one pair of eyes was enough."""
    settings = city.held.get(Settings)
    on = settings.service
    monkeypatch.setattr(settings, "service", on.model_copy(update={"four_eyes": False}))
    made = await administrator(city, name="Rina"), await administrator(city, name="Bayu")
    monkeypatch.setattr(settings, "service", on)
    return made


async def token(service: Service, name: str) -> str:
    async with service.held.get(Database).transaction() as session:
        return await identity.create_token(
            session,
            name=name,
            role=Role.BKPSDM_ADMIN,
            agencies=None,
            life=timedelta(days=1),
            now=service.clock.now(),
        )


async def draft(city: Service, by: Administrator) -> str:
    now = city.clock.now()
    body = {
        "title": "Uji",
        "election": "Pilkada",
        "year": 2026,
        "cut_off": now.date().isoformat(),
        "opens_at": now.isoformat(),
        "closes_at": (now + timedelta(days=7)).isoformat(),
    }
    return (await by.told("POST", "/rounds", body))["id"]


async def status(by: Administrator, round_id: str) -> str:
    return (await by.told("GET", f"/rounds/{round_id}"))["status"]


async def test_a_round_opens_and_closes_when_a_second_administrator_approves(
    city: Service, two: tuple[Administrator, Administrator]
) -> None:
    first, second = two
    round_id = await draft(city, first)
    for act, before, after in (("open", "draft", "open"), ("close", "open", "closed")):
        reply = await first.ask("POST", f"/rounds/{round_id}/{act}")
        assert (reply.status_code, reply.json()["act"]) == (202, f"round.{act}")
        path = f"/approvals/{reply.json()['approval_id']}"
        assert await status(first, round_id) == before
        assert await first.code("POST", f"{path}/approve", WHY) == OWN
        done = await second.told("POST", f"{path}/approve", WHY)
        assert (done["approval"]["state"], done["approval"]["decided_name"]) == ("approved", "Bayu")
        await city.run_jobs()
        assert await status(first, round_id) == after
        assert await second.code("POST", f"{path}/approve", WHY) == OVER
    listed = await second.told("GET", "/approvals", params={"state": "approved", "limit": 2})
    told = {(one["asked_name"], one["data"]["round_id"], one["about"]) for one in listed}
    assert told == {("Rina", round_id, "Uji")}
    seen = await second.told("GET", "/access-events", params={"limit": 1000})
    kinds = [one["kind"] for one in seen if one["data"].get("act") == "round.close"]
    assert kinds == ["approval_given", "approval_asked"]
    log = [one["actor_id"] for one in seen if one["kind"] == "approval_given"][:1]
    assert log == [second.account]


async def test_a_refused_request_does_nothing_and_says_why(
    city: Service, two: tuple[Administrator, Administrator]
) -> None:
    first, second = two
    round_id = await draft(city, first)
    asked = (await first.told("POST", f"/rounds/{round_id}/open"))["approval_id"]
    assert await second.code("POST", f"/approvals/{asked}/refuse", {"reason": ""}) == (422, "request.malformed")
    refused = await second.told("POST", f"/approvals/{asked}/refuse", {"reason": "tanggalnya keliru"})
    assert (refused["state"], refused["reason"]) == ("refused", "tanggalnya keliru")
    assert await second.code("POST", f"/approvals/{asked}/approve", WHY) == OVER
    assert await status(first, round_id) == "draft"
    mine = (await first.told("POST", f"/rounds/{round_id}/open"))["approval_id"]
    assert (await first.told("POST", f"/approvals/{mine}/refuse", WHY))["state"] == "refused"  # taken back
    assert await first.code("POST", f"/approvals/{NOBODY}/refuse", WHY) == (404, "resource.not_found")


async def test_an_invitation_and_a_role_wait_and_are_checked_again(
    city: Service, two: tuple[Administrator, Administrator]
) -> None:
    first, second = two
    body = {"name": "Dewi", "email": "dewi@kota.example", "role": "auditor"}
    wrong = body | {"role": "opd_admin"}
    assert await first.code("POST", "/accounts", wrong) == (
        422,
        "account.scope",
    )  # nothing waits that could not be done
    waiting = [(await first.told("POST", "/accounts", body))["approval_id"] for _ in range(2)]
    assert not [one for one in await first.told("GET", "/accounts") if one["email"] == body["email"]]
    done = await second.told("POST", f"/approvals/{waiting[0]}/approve", WHY)
    assert await second.code("POST", f"/approvals/{waiting[1]}/approve", WHY) == (409, "account.exists")
    assert (await second.told("GET", "/approvals", params={"state": "waiting"}))[0]["id"] == waiting[1]
    dewi = Administrator(city, account=done["result"]["account_id"])
    await dewi.take_up(done["result"]["url"].rsplit("/", 1)[1])
    wanted = {"role": "bkpsdm_admin", "agencies": None}
    asked = (await first.told("PATCH", f"/accounts/{dewi.account}", wanted))["approval_id"]
    renewed = (await first.told("POST", f"/accounts/{dewi.account}/invitation"))["approval_id"]
    assert await dewi.code("POST", f"/approvals/{asked}/approve", WHY) == (403, "identity.not_permitted")
    await dewi.told("GET", "/sessions")  # nothing was changed by asking
    result = (await second.told("POST", f"/approvals/{asked}/approve", WHY))["result"]
    assert (result["account_id"], result["role"]) == (dewi.account, "bkpsdm_admin")
    assert await dewi.code("GET", "/sessions") == (401, "identity.login_needed")
    assert "url" in (await second.told("POST", f"/approvals/{renewed}/approve", WHY))["result"]


async def test_a_request_dies_with_its_week_and_with_its_asker(
    city: Service, two: tuple[Administrator, Administrator]
) -> None:
    first, second = two
    round_id = await draft(city, first)
    old = (await first.told("POST", f"/rounds/{round_id}/open"))["approval_id"]
    city.clock.advance(timedelta(days=7))
    await first.sign_in()
    await second.sign_in()
    assert await second.code("POST", f"/approvals/{old}/approve", WHY) == OVER
    assert old in [one["id"] for one in await second.told("GET", "/approvals", params={"state": "expired"})]
    asked = (await first.told("POST", f"/rounds/{round_id}/open"))["approval_id"]
    await second.told("POST", f"/accounts/{first.account}/disable")
    assert await second.code("POST", f"/approvals/{asked}/approve", WHY) == (409, "approval.asker_gone")
    assert await status(second, round_id) == "draft"


async def test_a_token_asks_too_and_neither_it_nor_its_namesake_approves(city: Service) -> None:
    async def ask(path: str, secret: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {secret}"}
        return await city.http.post(f"{API}{path}", json=body, headers=headers)

    now = city.clock.now()
    body = {"title": "Uji", "election": "Pilkada", "year": 2026, "cut_off": now.date().isoformat()}
    times = {"opens_at": now.isoformat(), "closes_at": (now + timedelta(days=7)).isoformat()}
    round_id = (await ask("/rounds", city.admin, body | times)).json()["id"]
    asked = (await ask(f"/rounds/{round_id}/open", city.admin)).json()["approval_id"]
    for secret in (city.admin, await token(city, "sistem KEPEGAWAIAN")):
        reply = await ask(f"/approvals/{asked}/approve", secret, WHY)
        assert (reply.status_code, reply.json()["code"]) == OWN
    other = await token(city, "Kepala BKPSDM")
    assert (await ask(f"/approvals/{asked}/approve", other, WHY)).status_code == 200


async def test_approving_asks_a_stale_session_for_the_passkey(
    city: Service, two: tuple[Administrator, Administrator]
) -> None:
    first, second = two
    asked = (await first.told("POST", f"/rounds/{await draft(city, first)}/open"))["approval_id"]
    city.clock.advance(timedelta(minutes=5))
    for act in ("approve", "refuse"):
        assert await second.code("POST", f"/approvals/{asked}/{act}", WHY) == (403, "session.confirm")
    await second.confirm()
    await second.told("POST", f"/approvals/{asked}/approve", WHY)


def test_a_route_that_forgets_to_ask_is_refused_by_the_permission_itself() -> None:
    caller = Principal(UUID(int=1), Role.BKPSDM_ADMIN, Scope(), four_eyes=True)
    refused = set()
    for permission in Permission:
        try:
            caller.require(permission)
        except ApprovalNeeded:
            refused.add(permission)
        except NotPermitted:
            assert permission is Permission.SELF_SIGN
    assert refused == FOUR_EYES == {Permission.ROLE_GRANT, Permission.ROUND_OPEN}
