"""The figures over HTTP: they reconcile in every dimension, and a person counts when everything is signed."""

from collections.abc import AsyncIterator

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

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


async def test_an_unknown_dimension_or_round_is_refused(small: OpenedRound) -> None:
    service, path = small.service, f"{API}/rounds/{small.id}/compliance"
    wrong = await service.http.get(path, params={"by": "name"}, headers=service.as_admin())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request.malformed")
    unknown = path.replace(small.id, "00000000-0000-7000-8000-000000000000")
    assert (await service.http.get(unknown, headers=service.as_admin())).status_code == 404
