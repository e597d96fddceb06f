"""The figures over HTTP: they reconcile in every dimension, and a person counts when everything is signed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.compliance.jobs import fold
from app.compliance.schemas import ComplianceRead
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round
from tests.statements import statements

DIMENSIONS = ("opd", "unit", "employment", "grade", "position_kind", "pledge")
SUMS = ("total", "required", "signed", "pending", "deferred", "exempt", "left")


@pytest.fixture(scope="module")
async def small(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    """A round over people in every state; each test has its own people sign."""
    gone = "P7,197007071995031007,TONO WIJAYA,,,07-07-1970,M,,0817,PNS Daerah,66,P,III/d,4,Pengolah Data,B1,Inspektorat Daerah,99"
    async with opened_round(postgres, tmp_path_factory.mktemp("figures"), [*PEOPLE, gone]) as opened:
        yield opened


def reconciles(figures: dict) -> bool:
    by_state = figures["required"] + figures["deferred"] + figures["exempt"] + figures["left"]
    return figures["required"] == figures["signed"] + figures["pending"] and figures["total"] == by_state


async def test_figures_reconcile_in_every_dimension_and_count_whole_people(small: OpenedRound) -> None:
    service = small.service
    device = await small.device("198501012010012001")
    first, second = [o["id"] for o in await device.pending()]
    before = {by: sum(g["signed"] for g in (await service.compliance(small.id, by))["groups"]) for by in DIMENSIONS}
    for signed, documents in ((None, 0), (first, 1), (second, 2)):
        if signed:
            await device.sign(await device.open([signed]))
        for by in DIMENSIONS:
            found = await service.compliance(small.id, by)
            assert all(reconciles(f) for f in (found["total"], *found["groups"])), by
            summed = {name: sum(g[name] for g in found["groups"]) for name in SUMS}
            if by == "pledge":
                assert summed["signed"] - before["pledge"] == documents
                assert [g["id"] for g in found["groups"]] == ["ikrar_netralitas", "pakta_integritas"]
            else:
                assert summed == {name: found["total"][name] for name in SUMS}, by
            assert found["total"]["signed"] - before["opd"] == (1 if documents == 2 else 0)
    total = (await service.compliance(small.id))["total"]
    assert [total[name] for name in ("total", "required", "deferred", "exempt", "left")] == [7, 4, 1, 1, 1]
    assert total["percent"] == 25 * total["signed"]


@pytest.mark.parametrize("role", [Role.BKPSDM_ADMIN, Role.DASHBOARD])
async def test_a_look_at_figures_costs_a_statement_for_each_thing_it_must_know(small: OpenedRound, role: Role) -> None:
    """Whose token it is, how the counters stand, the figures: each asked alone, whoever asks."""
    service = small.service
    headers = await service.token(role)
    path = f"{API}/rounds/{small.id}/compliance"
    first = await service.http.get(path, headers=headers)  # writes down that the token is in use
    with statements() as seen:
        unchanged = await service.http.get(path, headers=headers | {"if-none-match": first.headers["etag"]})
    assert (unchanged.status_code, len(seen)) == (304, 2)
    with statements() as seen:
        told = await service.http.get(path, headers=headers)
    assert (told.status_code, len(seen)) == (200, 3)
    assert not [one for one in seen if "set_config" in one]


@pytest.mark.parametrize("by", DIMENSIONS)
async def test_what_is_sent_is_what_the_schema_says_to_the_byte(small: OpenedRound, by: str) -> None:
    headers = small.service.as_admin()
    sent = await small.service.http.get(f"{API}/rounds/{small.id}/compliance", params={"by": by}, headers=headers)
    assert sent.headers["content-type"] == "application/json"
    assert sent.content == ComplianceRead.model_validate_json(sent.content).model_dump_json().encode()
    assert sent.json()["groups"]


async def test_an_unchanged_figure_is_not_sent_again(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance"
    first = await service.http.get(path, headers=service.as_admin())
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await service.http.get(path, headers=service.as_admin() | {"if-none-match": known})
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == tag
    other = await service.http.get(path, headers=service.as_admin() | {"if-none-match": '"other"'})
    assert other.status_code == 200
    device, prepared = await small.prepared(await small.device("197505052000031002"))
    await device.sign(prepared)
    changed = await service.http.get(path, headers=service.as_admin() | {"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert changed.json()["total"]["signed"] == first.json()["total"]["signed"] + 1


async def test_a_scoped_caller_sees_the_figures_of_the_own_agency_only(small: OpenedRound) -> None:
    service = small.service
    agencies = (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
    health = next(a for a in agencies if a["name"] == "Dinas Kesehatan")
    other = next(a for a in agencies if a["name"] == "Inspektorat Daerah")
    token = await service.token(Role.DASHBOARD, [health["id"]])
    path = f"{API}/rounds/{small.id}/compliance"
    whole = (await service.compliance(small.id))["groups"]
    expected = next(g for g in whole if g["id"] == health["id"])
    for by in DIMENSIONS:
        found = (await service.http.get(path, params={"by": by}, headers=token)).json()
        assert {name: found["total"][name] for name in SUMS} == {name: expected[name] for name in SUMS}
        if by != "pledge":
            assert sum(g["total"] for g in found["groups"]) == expected["total"]
    foreign = (await service.http.get(path, params={"opd": other["id"]}, headers=token)).json()
    assert foreign["groups"] == []
    assert {foreign["total"][name] for name in SUMS} == {0}


async def test_a_past_instant_is_answered_as_it_was_and_asked_again_stays(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance"
    before = await service.compliance(small.id)
    service.clock.advance(timedelta(minutes=1))
    then = service.clock.now()
    past = {"as_of": then.isoformat()}
    first = await service.http.get(path, params=past, headers=service.as_admin())
    assert first.status_code == 200, first.text
    assert first.json()["total"] == before["total"]
    service.clock.advance(timedelta(minutes=1))
    device, prepared = await small.prepared(await small.device("198802022023211004"))
    await device.sign(prepared)
    await fold.body(service.held)
    now = await service.compliance(small.id)
    assert now["total"]["signed"] == before["total"]["signed"] + 1
    again = await service.http.get(path, params=past, headers=service.as_admin())
    assert (again.json()["total"], again.json()["groups"]) == (first.json()["total"], first.json()["groups"])
    assert again.headers["etag"] == first.headers["etag"]
    assert all(group["last_signed_at"] is None for group in again.json()["groups"])
    known = service.as_admin() | {"if-none-match": first.headers["etag"]}
    assert (await service.http.get(path, params=past, headers=known)).status_code == 304
    for group in first.json()["groups"]:
        token = await service.token(Role.DASHBOARD, [group["id"]])
        own = await service.http.get(path, params=past, headers=token)
        assert own.json()["groups"] == [group]
        assert own.headers["etag"] != first.headers["etag"]


async def test_an_instant_nobody_can_know_is_refused(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance"
    now = service.clock.now()
    for at in (now - timedelta(days=30), now + timedelta(minutes=1)):
        reply = await service.http.get(path, params={"as_of": at.isoformat()}, headers=service.as_admin())
        assert (reply.status_code, reply.json()["code"]) == (422, "compliance.instant_unknown")
    naive = await service.http.get(path, params={"as_of": "2026-11-23T12:00:00"}, headers=service.as_admin())
    assert (naive.status_code, naive.json()["code"]) == (422, "request.malformed")


async def test_the_trend_sums_to_the_figure_and_keeps_to_the_scope(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance/trend"
    whole = await service.compliance(small.id)
    for interval in ("hour", "day"):
        found = (await service.http.get(path, params={"interval": interval}, headers=service.as_admin())).json()
        assert found["zone"] == "Asia/Jakarta"
        assert sum(point["signed"] for point in found["points"]) == whole["total"]["signed"] > 0
        assert found["points"][-1]["signed_in_all"] == whole["total"]["signed"]
    for group in whole["groups"]:
        token = await service.token(Role.DASHBOARD, [group["id"]])
        points = (await service.http.get(path, headers=token)).json()["points"]
        assert sum(point["signed"] for point in points) == group["signed"]


async def test_a_draft_has_no_figures_yet(small: OpenedRound) -> None:
    service = small.service
    now = service.clock.now()
    body = {"title": "Nanti", "election": "Pilkada", "year": 2026, "cut_off": now.date().isoformat()}
    times = {"opens_at": now.isoformat(), "closes_at": (now + timedelta(days=7)).isoformat()}
    made = await service.http.post(f"{API}/rounds", json=body | times, headers=service.as_admin())
    found = await service.compliance(made.json()["id"])
    assert (found["groups"], found["total"]["total"]) == ([], 0)


async def test_an_unknown_dimension_or_round_is_refused(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance"
    wrong = await service.http.get(path, params={"by": "name"}, headers=service.as_admin())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request.malformed")
    unknown = path.replace(small.id, "00000000-0000-7000-8000-000000000000")
    assert (await service.http.get(unknown, headers=service.as_admin())).status_code == 404
