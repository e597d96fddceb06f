"""Ranking, comparison, small groups and who can be reached."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.discretion import small_groups
from app.compliance.schemas import Group
from app.compliance.service import figures
from app.compliance.standings import ranked
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.settings import ServiceSettings, Settings
from app.device.signer import API
from tests.service import ORIGIN, PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

SITI = "198501012010012001"


def group(name: str, signed: int, pending: int) -> Group:
    counts = {"pending": pending, "signed": signed, "deferred": 0, "exempt": 0, "left": 0}
    return Group.model_validate({**figures(counts), "id": name, "name": name, "last_signed_at": None})


def test_equal_shares_have_equal_ranks_and_the_next_follow_after_all_of_them() -> None:
    groups = [
        group("c", 1, 2),
        group("a", 3, 0),
        group("d", 0, 0),
        group("b", 333, 667),
        group("e", 2, 4),
        group("f", 9, 0),
    ]
    assert [(one.name, one.rank, one.tied) for one in ranked(groups)] == [
        ("a", 1, True),
        ("f", 1, True),
        ("c", 3, True),
        ("e", 3, True),
        ("b", 5, False),
        ("d", None, False),
    ]


@given(
    totals=st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 30), max_size=12),
    smallest=st.integers(1, 10),
)
def test_no_small_group_is_left_to_be_told_from_a_difference(totals: dict[str, int], smallest: int) -> None:
    merged = small_groups(totals, smallest)
    assert all(total == 0 or total >= smallest for key, total in totals.items() if key not in merged)
    if merged:
        left = [key for key, total in totals.items() if key not in merged and total]
        together = sum(totals[key] for key in merged)
        assert (together >= smallest and len(merged) > 1) or not left
    else:
        assert all(total == 0 or total >= smallest for total in totals.values())


@pytest.fixture(scope="module")
async def small(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with opened_round(postgres, tmp_path_factory.mktemp("standings"), PEOPLE) as opened:
        device, prepared = await opened.prepared(await opened.device(SITI))
        await device.sign(prepared)
        yield opened


async def get(small: OpenedRound, tail: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
    path = f"{API}/rounds/{small.id}/{tail}"
    return await small.service.http.get(path, params=params, headers=headers or small.service.as_admin())


async def test_the_ranking_holds_the_figures(small: OpenedRound) -> None:
    found = (await get(small, "compliance/ranking")).json()
    told = {g["id"]: g for g in (await small.service.compliance(small.id))["groups"]}
    assert [(one["name"], one["rank"]) for one in found["groups"]] == [
        ("Dinas Kesehatan", 1),
        ("Inspektorat Daerah", 2),
    ]
    for one in found["groups"]:
        assert told[one["id"]] == {key: one[key] for key in told[one["id"]]}


async def test_rounds_stand_beside_each_other(small: OpenedRound) -> None:
    second = await small.service.open_round(title="Putaran kedua")
    found = (await get(small, "compliance/comparison", **{"with": second})).json()
    assert [one["total"]["signed"] for one in found["rounds"]] == [1, 0]
    health = next(one for one in found["groups"] if one["name"] == "Dinas Kesehatan")
    assert [one["signed"] for one in health["figures"]] == [1, 0]
    assert health["figures"][0]["total"] == health["figures"][1]["total"]
    same = await get(small, "compliance/comparison", **{"with": small.id})
    assert (same.status_code, same.json()["code"]) == (422, "compliance.comparison")


async def test_a_forecast_is_stated_as_one(small: OpenedRound) -> None:
    young = (await get(small, "compliance/forecast")).json()
    assert (young["per_day"], young["complete_at"]) == (None, None)
    assert young["method"].startswith("linear")


async def test_the_outstanding_are_listed_with_their_ways_to_sign(small: OpenedRound) -> None:
    await small.service.device("199003032015032003")
    everybody = (await get(small, "outstanding")).json()
    by_nip = {one["nip"]: one for one in everybody}
    assert SITI not in by_nip
    assert (by_nip["199003032015032003"]["reachable"], by_nip["199003032015032003"]["ways"]) == (True, ["passkey"])
    joko = by_nip["198802022023211004"]
    assert (joko["reachable"], joko["ways"], joko["channels"]) == (False, [], ["phone"])
    reachable = (await get(small, "outstanding", reachable=True)).json()
    assert [one["nip"] for one in reachable] == ["199003032015032003"]
    not_reachable = (await get(small, "outstanding", reachable=False)).json()
    assert len(reachable) + len(not_reachable) == len(everybody)
    assert [one["nip"] for one in (await get(small, "outstanding", q="joko")).json()] == ["198802022023211004"]
    auditor = await small.service.token(Role.AUDITOR)
    assert all("******" in one["nip"] for one in (await get(small, "outstanding", auditor)).json())


async def test_pages_of_the_outstanding_hold_everybody_once(small: OpenedRound) -> None:
    whole = [one["employee_id"] for one in (await get(small, "outstanding")).json()]
    seen, cursor = [], {}
    while True:
        page = await get(small, "outstanding", limit=1, **cursor)
        seen += [one["employee_id"] for one in page.json()]
        if "link" not in page.headers:
            break
        cursor = {"cursor": page.links["next"]["url"].partition("cursor=")[2]}
    assert seen == whole
    assert (await get(small, "outstanding", cursor="x")).status_code == 422


async def test_an_agencys_token_lists_that_agency_only(small: OpenedRound) -> None:
    groups = {g["name"]: g["id"] for g in (await small.service.compliance(small.id))["groups"]}
    own = await small.service.token(Role.OPD_ADMIN, [groups["Inspektorat Daerah"]])
    found = (await get(small, "outstanding", own)).json()
    assert {one["agency_id"] for one in found} == {groups["Inspektorat Daerah"]}
    assert (await get(small, "outstanding", own, opd=groups["Dinas Kesehatan"])).json() == []


async def test_small_groups_are_merged_for_those_who_may_see_figures_only(small: OpenedRound) -> None:
    held, service = small.service.held, small.service
    before = held.get(Settings)
    strict = ServiceSettings(base_url=ORIGIN, jobs=False, smallest_group=5)
    groups = {g["name"]: g for g in (await service.compliance(small.id))["groups"]}
    token = await service.token(Role.DASHBOARD)
    held.add(Settings, Settings(given=[strict, before.storage, before.database, before.mail, before.limits]))
    try:
        told = (await get(small, "compliance", token)).json()
        assert [(g["id"], g["name"]) for g in told["groups"]] == [("", "Gabungan 2 kelompok kecil")]
        assert told["groups"][0]["total"] == told["total"]["total"] == sum(g["total"] for g in groups.values())
        recap = (await get(small, "recap.json", token)).json()
        assert [(row["id"], row["total"]) for row in recap["groups"]] == [("", told["total"]["total"])]
        for tail in ("compliance", "compliance/trend", "compliance/ranking", "compliance/forecast"):
            refused = await get(small, tail, token, opd=groups["Inspektorat Daerah"]["id"])
            assert (refused.status_code, refused.json()["code"]) == (403, "compliance.group_too_small"), tail
        assert len((await get(small, "compliance")).json()["groups"]) == 2
    finally:
        held.add(Settings, before)
