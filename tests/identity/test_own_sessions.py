"""A person's own sessions: seen, ended, over when they are left, and short at a computer that others use."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.device.signer import API, Device
from app.signing.act import unb64
from tests.identity.test_activation_api import activate, stranger
from tests.service import ORIGIN
from tests.signing.acts import refusal
from tests.signing.opened_round import PIN, OpenedRound
from tests.web.visits import Visit


@pytest.fixture(autouse=True)
def same_day(a_round: OpenedRound) -> Iterator[None]:
    """Other tests of the round go on at the hour these found."""
    before = a_round.service.clock.now()
    yield
    a_round.service.clock.advance(before - a_round.service.clock.now())


NEEDED = (401, "identity.login_needed")


async def again(a_round: OpenedRound, device: Device, **more: Any) -> Device:
    """The same person signed in with the same passkey in another browser."""
    other = stranger(a_round)
    asked = await other._call("POST", "/login/passkey-options", {})
    await other._call("POST", "/login/passkey", device.passkey.get(unb64(asked["challenge"])) | more)
    return other


async def is_in(device: Device) -> bool:
    reply = await device.http.get(f"{API}/me/obligations", headers={"cookie": cookies(device)})
    return reply.status_code == 200


def cookies(device: Device) -> str:
    return "; ".join(f"{name}={value}" for name, value in device._cookies.items())


async def test_a_person_sees_where_they_are_signed_in_and_ends_one_or_all_others(a_round: OpenedRound) -> None:
    first = await a_round.device()
    second, third = await again(a_round, first), await again(a_round, first, shared=True)
    found = await first._call("GET", "/me/sessions")
    assert [(one["method"], one["shared"], one["current"]) for one in found] == [
        ("passkey", True, False),
        ("passkey", False, False),
        ("activation", False, True),
    ]
    assert {one["address"] for one in found} == {"127.0.0.1"}
    await first._request("DELETE", f"/me/sessions/{found[0]['id']}", None)
    assert [await is_in(one) for one in (first, second, third)] == [True, True, False]
    assert await refusal(first._request("DELETE", f"/me/sessions/{found[0]['id']}", None)) == (
        404,
        "resource.not_found",
    )
    assert await first._call("DELETE", "/me/sessions") == {"ended": 1}
    assert [await is_in(one) for one in (first, second)] == [True, False]
    kinds = [one["kind"] for one in await first._call("GET", "/me/access-events")]
    assert kinds[:2] == ["session_ended", "session_ended"]
    await first._request("DELETE", f"/me/sessions/{found[2]['id']}", None)
    assert not await is_in(first)


async def test_another_persons_session_is_neither_listed_nor_ended(a_round: OpenedRound) -> None:
    mine, theirs = await a_round.device(), await a_round.device()
    (of_theirs,) = await theirs._call("GET", "/me/sessions")
    assert of_theirs["id"] not in [one["id"] for one in await mine._call("GET", "/me/sessions")]
    assert await refusal(mine._request("DELETE", f"/me/sessions/{of_theirs['id']}", None)) == (
        404,
        "resource.not_found",
    )
    await mine._call("DELETE", "/me/sessions")
    assert await is_in(theirs)


async def test_a_session_ends_when_it_is_left_for_two_hours_and_after_twelve_in_any_case(a_round: OpenedRound) -> None:
    left, used = await a_round.device(), await a_round.device()
    for _ in range(12):
        a_round.service.clock.advance(timedelta(minutes=59))
        assert await is_in(used)
    assert not await is_in(left)
    a_round.service.clock.advance(timedelta(minutes=13))
    assert not await is_in(used)


async def test_on_a_shared_computer_a_session_is_short_and_the_browser_is_not_known(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    device = stranger(a_round)
    await device._call(
        "POST", "/activation", {"code": await a_round.link(nip), "birth_date": "1985-01-01", "shared": True}
    )
    await device._call("POST", "/me/pin", {"pin": PIN})
    assert "pakta-browser" not in device._cookies
    for _ in range(6):
        a_round.service.clock.advance(timedelta(minutes=9, seconds=30))
        assert await is_in(device)
    a_round.service.clock.advance(timedelta(minutes=4))
    assert not await is_in(device)
    asked = await device._call("POST", "/login/pin", {"nip": nip, "pin": PIN, "shared": True})
    assert "pending" in asked
    left = stranger(a_round)
    await activate(left, await a_round.link(a_round.next_nip()))
    await left._call("POST", "/me/pin", {"pin": PIN})
    assert "pakta-browser" in left._cookies


async def test_a_shared_session_left_for_ten_minutes_is_over(a_round: OpenedRound) -> None:
    device = await a_round.device()
    shared = await again(a_round, device, shared=True)
    a_round.service.clock.advance(timedelta(minutes=10))
    assert [await is_in(device), await is_in(shared)] == [True, False]


async def test_whoever_ends_all_others_makes_other_browsers_unknown(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    lost = stranger(a_round)
    await activate(lost, await a_round.link(nip))
    await lost._call("POST", "/me/pin", {"pin": PIN})
    mine = stranger(a_round)
    mine._cookies, mine._headers = dict(lost._cookies), dict(lost._headers)
    await mine._call("DELETE", "/me/sessions")
    assert "csrf" in await mine._call("POST", "/login/pin", {"nip": nip, "pin": PIN})  # this browser's own mark
    mine._cookies["pakta-browser"] = "A" * 43
    await mine._call("DELETE", "/me/sessions")
    assert "pending" in await lost._call("POST", "/login/pin", {"nip": nip, "pin": PIN})


async def test_a_token_is_drawn_anew_when_an_activation_becomes_a_login_and_when_somebody_signs_in_again(
    a_round: OpenedRound,
) -> None:
    device = stranger(a_round)
    await activate(device, await a_round.link(a_round.next_nip()))
    early = dict(device._cookies)
    await device._call(
        "POST", "/me/passkeys", device.passkey.create(await device._call("POST", "/me/passkey-options", {}))
    )
    assert device._cookies["pakta"] != early["pakta"]
    seen = stranger(a_round)
    seen._cookies = early
    assert await refusal(seen._call("GET", "/me/obligations")) == NEEDED
    before = stranger(a_round)
    before._cookies = dict(device._cookies)
    asked = await device._call("POST", "/login/passkey-options", {})
    await device._call("POST", "/login/passkey", device.passkey.get(unb64(asked["challenge"])))
    assert [await is_in(device), await is_in(before)] == [True, False]


async def test_the_page_of_ones_own_history_lists_sessions_and_ends_them(a_round: OpenedRound) -> None:
    device = await a_round.device()
    other = await again(a_round, device)
    visit = Visit(a_round.service.http, cookies=dict(device._cookies))
    page = await visit.get("/riwayat-akses")
    (one,) = re.findall(r'action="(/riwayat-akses/sesi/[0-9a-f-]{36})"', page.text)
    assert (await visit.post(one, {}, token=False)).status_code == 403
    assert await is_in(other)
    assert (await visit.post(one, {})).status_code == 303
    assert not await is_in(other)
    third = await again(a_round, device)
    assert (await visit.post("/riwayat-akses/sesi/lain", {})).status_code == 303
    assert [await is_in(device), await is_in(third)] == [True, False]


async def test_the_sign_in_page_takes_the_tick_along_through_the_mailed_code(a_round: OpenedRound) -> None:
    visit = Visit(a_round.service.http)
    page = await visit.post(
        "/masuk", {"nip": a_round.next_nip(), "pin": PIN, "shared": "1"}, headers={"origin": ORIGIN}
    )
    assert '<input type="hidden" name="shared" value="1">' in page.text
    page = await visit.post("/masuk", {"nip": a_round.next_nip(), "pin": PIN}, headers={"origin": ORIGIN})
    assert 'name="shared"' not in page.text
