"""People of a round over HTTP: whom it asks, in which state they stand, page by page; frozen at its opening."""

from typing import Any

import pytest

from app.device.signer import API
from tests.service import HEADER
from tests.signing.opened_round import OpenedRound, nip_of, person_row, post_roster


async def people(a_round: OpenedRound, **params: Any) -> list[dict[str, Any]]:
    path = f"{API}/rounds/{a_round.id}/obligations"
    reply = await a_round.service.http.get(path, params={"limit": 1000} | params, headers=a_round.service.as_admin())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_states_follow_from_the_legal_status_and_the_signature(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    await device.sign(prepared)
    found = {p["nip"]: p["state"] for p in await people(a_round)}
    assert found[nip_of(901)] == "deferred"
    assert found[nip_of(902)] == "exempt"
    assert found[nip_of(903)] == "left"
    assert found[prepared.session["signer"]["nip"]] == "signed"
    for state in ("pending", "signed", "deferred", "exempt", "left"):
        assert {p["nip"] for p in await people(a_round, state=state)} == {n for n, s in found.items() if s == state}


async def test_pages_hold_everybody_once_by_name(a_round: OpenedRound) -> None:
    whole = await people(a_round)
    assert len(whole) == 13
    seen: list[dict[str, Any]] = []
    url = f"{API}/rounds/{a_round.id}/obligations?limit=5"
    while url:
        reply = await a_round.service.http.get(url, headers=a_round.service.as_admin())
        seen += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == whole
    assert [p["name"] for p in whole] == sorted(p["name"] for p in whole)


@pytest.mark.parametrize(("q", "count"), [("ANGGUN ANGGUN bagas", 1), ("dimas", 2), ("%", 0), ("_", 0), ("\\", 0)])
async def test_names_are_found_whatever_their_case_and_signs_are_literal(
    a_round: OpenedRound, q: str, count: int
) -> None:
    assert len(await people(a_round, q=q)) == count


async def test_a_search_with_a_zero_byte_is_refused(a_round: OpenedRound) -> None:
    path = f"{API}/rounds/{a_round.id}/obligations"
    reply = await a_round.service.http.get(path, params={"q": "\0"}, headers=a_round.service.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "request.malformed")


async def test_what_the_roster_says_after_the_opening_changes_nobody_in_the_round(a_round: OpenedRound) -> None:
    before = await people(a_round)
    rows = [person_row(10, legal_status="66", NAMA="Nama Baru"), person_row(500)]
    header = HEADER
    staged = await post_roster(a_round.service, "\n".join([header, *rows]).encode())
    apply = f"{API}/roster-imports/{staged.json()['id']}/apply"
    assert (await a_round.service.http.post(apply, headers=a_round.service.as_admin())).status_code == 200
    assert await people(a_round) == before
    device = await a_round.device(nip_of(500))
    assert await device.pending() == []
