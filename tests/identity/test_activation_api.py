"""Activation links, onboarding, sessions and tokens over HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.device.authenticator import SoftAuthenticator, b64
from app.device.signer import API, Device
from app.identity import service as identity
from app.identity.errors import PinWeak
from app.identity.pin import require_strong
from app.signing.act import unb64
from tests.service import ORIGIN
from tests.signing.acts import refusal
from tests.signing.opened_round import PIN, OpenedRound

BORN, OTHER_DAY = "1985-01-01", "1985-01-02"
GONE = (410, "activation.invalid")


def stranger(a_round: OpenedRound) -> Device:
    return Device(a_round.service.http, ORIGIN, "localhost")


async def activate(device: Device, code: str, day: str = BORN) -> Any:
    login = await device._call("POST", "/activation", {"code": code, "birth_date": day})
    device._headers["x-csrf-token"] = login["csrf"]
    return login


async def test_the_fifth_wrong_birth_date_ends_a_link(a_round: OpenedRound) -> None:
    code = await a_round.link(a_round.next_nip())
    device = stranger(a_round)
    for _ in range(5):
        assert await refusal(activate(device, code, OTHER_DAY)) == (403, "activation.birth_date")
    assert await refusal(activate(device, code)) == GONE
    assert await refusal(activate(device, code, OTHER_DAY)) == GONE


async def test_four_wrong_birth_dates_are_forgiven(a_round: OpenedRound) -> None:
    code = await a_round.link(a_round.next_nip())
    device = stranger(a_round)
    for _ in range(4):
        assert await refusal(activate(device, code, OTHER_DAY)) == (403, "activation.birth_date")
    await device.activate(code, date(1985, 1, 1))
    assert len(await device.pending()) == 2


async def test_a_link_works_until_a_way_to_sign_in_is_kept_and_then_never_again(a_round: OpenedRound) -> None:
    code = await a_round.link(a_round.next_nip())
    dropped, device = stranger(a_round), stranger(a_round)
    await activate(dropped, code)
    await device.activate(code.lower(), date(1985, 1, 1))
    assert await refusal(activate(stranger(a_round), code)) == GONE


async def test_an_onboarding_session_left_over_by_a_used_link_registers_nothing(a_round: OpenedRound) -> None:
    """Whoever saw the link and the birth date first must not add a passkey after the person's own."""
    code = await a_round.link(a_round.next_nip())
    left_over, device = stranger(a_round), stranger(a_round)
    await activate(left_over, code)
    await device.activate(code, date(1985, 1, 1))
    assert (await refusal(left_over._call("POST", "/me/pin", {"pin": PIN})))[0] in {401, 410}
    assert (await refusal(left_over._call("POST", "/me/passkey-options", {})))[0] in {401, 410}
    assert await refusal(left_over._call("GET", "/me/obligations")) == (401, "identity.login_needed")


async def test_a_reissued_link_ends_the_one_before_and_the_sessions_it_opened(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    first = await a_round.link(nip)
    early = stranger(a_round)
    await activate(early, first)
    second = await a_round.link(nip)
    assert await refusal(activate(stranger(a_round), first)) == GONE
    assert (await refusal(early._call("POST", "/me/passkey-options", {})))[0] in {401, 410}
    await stranger(a_round).activate(second, date(1985, 1, 1))


async def test_a_link_lasts_two_weeks(a_round: OpenedRound) -> None:
    code = await a_round.link(a_round.next_nip())
    async with a_round.service.held.get(Database).transaction() as session:
        await session.execute(
            text("UPDATE activation SET expires_at = :past WHERE used_at IS NULL"),
            {"past": a_round.service.clock.now() - timedelta(seconds=1)},
        )
    assert await refusal(activate(stranger(a_round), code)) == GONE
    assert await refusal(activate(stranger(a_round), "00000000")) == GONE


async def test_an_onboarding_session_may_do_nothing_but_register(a_round: OpenedRound) -> None:
    device = stranger(a_round)
    await activate(device, await a_round.link(a_round.next_nip()))
    for method, path, body in (
        ("GET", "/me/obligations", None),
        ("POST", "/me/signing-sessions", {"obligation_ids": ["00000000-0000-7000-8000-000000000000"]}),
        ("GET", "/me/signing-sessions/00000000-0000-7000-8000-000000000000", None),
        ("GET", "/employees", None),
    ):
        assert await refusal(device._call(method, path, body)) == (401, "identity.login_needed"), path
    await device._call("POST", "/me/pin", {"pin": PIN})
    assert len(await device.pending()) == 2


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "123456", "654321", "000000", "121212", "12345a", "١٢٣٤٥٦"])
async def test_a_weak_pin_is_refused(a_round: OpenedRound, pin: str) -> None:
    device = stranger(a_round)
    code = await a_round.link("198501012010012030")
    await activate(device, code)
    assert await refusal(device._call("POST", "/me/pin", {"pin": pin})) == (422, "pin.weak")


@pytest.mark.parametrize("pin", ["030785", "850703", "070385", "198507", "071985"])
def test_the_birth_date_is_no_pin(pin: str) -> None:
    with pytest.raises(PinWeak):
        require_strong(pin, date(1985, 7, 3))
    require_strong(pin, date(1991, 2, 28))


async def test_the_own_birth_date_is_refused_in_an_activation(a_round: OpenedRound) -> None:
    device = stranger(a_round)
    await activate(device, await a_round.link(a_round.next_nip()))
    assert await refusal(device._call("POST", "/me/pin", {"pin": "850101"})) == (422, "pin.weak")


async def test_a_pin_is_set_in_an_activation_only(a_round: OpenedRound) -> None:
    device = await a_round.device()
    assert await refusal(device._call("POST", "/me/pin", {"pin": PIN})) == (401, "identity.login_needed")


async def test_a_session_left_open_adds_no_passkey_and_one_just_signed_in_does(a_round: OpenedRound) -> None:
    device = await a_round.device()
    a_round.service.clock.advance(timedelta(minutes=5))
    strangers = SoftAuthenticator(ORIGIN, "localhost")
    made = strangers.create(await device._call("POST", "/me/passkey-options", {}))
    assert await refusal(device._call("POST", "/me/passkeys", made)) == (401, "identity.login_needed")
    asked = await stranger(a_round)._call("POST", "/login/passkey-options", {})
    unknown = strangers.get(unb64(asked["challenge"]))
    assert (await refusal(stranger(a_round)._call("POST", "/login/passkey", unknown)))[0] == 403
    again = stranger(a_round)
    asked = await again._call("POST", "/login/passkey-options", {})
    login = await again._call("POST", "/login/passkey", device.passkey.get(unb64(asked["challenge"])))
    again._headers["x-csrf-token"] = login["csrf"]
    second = SoftAuthenticator(ORIGIN, "localhost")
    kept = await again._call(
        "POST", "/me/passkeys", second.create(await again._call("POST", "/me/passkey-options", {}))
    )
    assert kept["status"] == "kept"


async def test_a_change_without_the_pages_token_is_refused_and_changes_nothing(a_round: OpenedRound) -> None:
    device = await a_round.device()
    owed = [o["id"] for o in await device.pending()]
    for token in (b"", b"0" * 64, b"\xe9"):
        device._headers["x-csrf-token"] = token
        for path, body in (
            ("/me/signing-sessions", {"obligation_ids": owed}),
            ("/me/passkey-options", {}),
            ("/me/pin", {"pin": PIN}),
            ("/logout", {}),
        ):
            assert await refusal(device._call("POST", path, body)) == (403, "request.foreign"), path
    assert len(await device.pending()) == 2


async def test_a_session_ends_with_logout(a_round: OpenedRound) -> None:
    device = await a_round.device()
    cookies = dict(device._cookies)
    await device._request("POST", "/logout", {})
    device._cookies = cookies
    assert await refusal(device._call("GET", "/me/obligations")) == (401, "identity.login_needed")


async def test_a_passkey_signs_in_over_a_fresh_challenge_once(a_round: OpenedRound) -> None:
    device = await a_round.device()
    browser = stranger(a_round)
    asked = await browser._call("POST", "/login/passkey-options", {})
    answer = device.passkey.get(unb64(asked["challenge"]))
    await browser._call("POST", "/login/passkey", answer)
    assert len(await browser.pending()) == 2
    assert await refusal(stranger(a_round)._call("POST", "/login/passkey", answer)) == (403, "login.refused")
    made_up = device.passkey.get(bytes(32))
    assert await refusal(stranger(a_round)._call("POST", "/login/passkey", made_up)) == (403, "login.refused")


async def test_a_strange_passkey_and_a_stale_challenge_sign_nobody_in(a_round: OpenedRound) -> None:
    browser = stranger(a_round)
    asked = await browser._call("POST", "/login/passkey-options", {})
    unknown = SoftAuthenticator(ORIGIN, "localhost").get(unb64(asked["challenge"]))
    assert (await refusal(browser._call("POST", "/login/passkey", unknown)))[0] == 403
    device = await a_round.device()
    a_round.service.clock.advance(timedelta(minutes=5, seconds=1))
    stale = device.passkey.get(unb64(asked["challenge"]))
    assert await refusal(browser._call("POST", "/login/passkey", stale)) == (403, "login.refused")
    for response in ({}, {"clientDataJSON": "*"}, {"clientDataJSON": b64(b"[]")}, {"clientDataJSON": b64(b"\xff")}):
        wrong = stale | {"response": response}
        assert await refusal(browser._call("POST", "/login/passkey", wrong)) == (403, "login.refused")


async def read_rounds(a_round: OpenedRound, authorization: str) -> Response:
    headers = [(b"authorization", authorization.encode("latin-1"))]
    return await a_round.service.http.get(f"{API}/rounds", headers=headers)


async def test_a_token_that_is_unknown_expired_or_revoked_opens_nothing(a_round: OpenedRound) -> None:
    good = (await a_round.service.token(Role.DASHBOARD))["authorization"]
    assert (await read_rounds(a_round, good)).status_code == 200
    for wrong in (
        "Bearer pakta_nothing",
        "Bearer",
        "Bearer ",
        f"Basic {good[7:]}",
        good[:-1],
        good + "x",
        "Bearer \xe9",
    ):
        refused = await read_rounds(a_round, wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "identity.login_needed"), wrong
        assert refused.headers["www-authenticate"].startswith("Bearer")
    database = a_round.service.held.get(Database)
    async with database.transaction() as session:
        short = await identity.create_token(
            session,
            name="short",
            role=Role.DASHBOARD,
            agencies=None,
            life=timedelta(minutes=1),
            now=a_round.service.clock.now(),
        )
    assert (await read_rounds(a_round, f"Bearer {short}")).status_code == 200
    a_round.service.clock.advance(timedelta(minutes=1, seconds=1))
    assert (await read_rounds(a_round, f"Bearer {short}")).status_code == 401
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE api_token SET revoked_at = :now WHERE role = 'dashboard'"),
            {"now": a_round.service.clock.now()},
        )
    assert (await read_rounds(a_round, good)).status_code == 401
