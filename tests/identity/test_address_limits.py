"""One address is a whole OPD's: what an attacker behind it types costs only the attacker."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.core.limits import Limits, RateLimit
from app.core.permission import Role
from app.device.signer import ServerRefusal
from app.signing.act import unb64
from tests.identity.administrator import administrator
from tests.identity.test_activation_api import activate, stranger
from tests.service import ORIGIN
from tests.signing.acts import refusal
from tests.signing.opened_round import PIN, OpenedRound, nip_of
from tests.web.visits import Visit

MANY = (429, "request.too_many")


@pytest.fixture
def tight(a_round: OpenedRound) -> Iterator[Limits]:
    """Few tries for each address, and no time passes."""
    held = a_round.service.held
    before, few = held.get(Limits), RateLimit(3, timer=lambda: 0.0)
    held.add(Limits, Limits(few, few, before.token, before.person, RateLimit(6, timer=lambda: 0.0)))
    yield held.get(Limits)
    held.add(Limits, before)


async def test_wrong_pins_for_everybody_of_an_opd_lock_nobody_out_who_has_something_of_the_own(
    a_round: OpenedRound, tight: Limits
) -> None:
    nip = a_round.next_nip()
    known, phone = stranger(a_round), await a_round.device()
    await activate(known, await a_round.link(nip))
    await known._call("POST", "/me/pin", {"pin": PIN})
    office = await administrator(a_round.service)
    slip = await a_round.link(a_round.next_nip())
    token = (await a_round.service.token(Role.DASHBOARD))["authorization"].removeprefix("Bearer ")
    answers = []
    for number in range(1, 41):
        with suppress(ServerRefusal):
            answers.append(
                await stranger(a_round)._call("POST", "/login/pin", {"nip": nip_of(number), "pin": "918273"})
            )
    assert len(answers) == 3
    wrong = stranger(a_round)
    assert await refusal(activate(wrong, "00000000")) == MANY
    assert await refusal(wrong._call("POST", "/login/pin", {"nip": nip, "pin": PIN})) == MANY
    assert "csrf" in await known._call("POST", "/login/pin", {"nip": nip, "pin": PIN})
    asked = await stranger(a_round)._call("POST", "/login/passkey-options", {})
    assert "csrf" in await stranger(a_round)._call(
        "POST", "/login/passkey", phone.passkey.get(unb64(asked["challenge"]))
    )
    await activate(stranger(a_round), slip)
    await office.sign_in()
    entered = await Visit(a_round.service.http).post("/dashboard/masuk", {"token": token}, headers={"origin": ORIGIN})
    assert (entered.status_code, entered.headers.get("location")) == (303, "/dashboard")


@pytest.mark.parametrize("path", ["/login/passkey-options", "/sessions/passkey-options"])
async def test_challenges_are_counted_by_address(a_round: OpenedRound, tight: Limits, path: str) -> None:
    browser: Any = stranger(a_round)
    for _ in range(6):
        await browser._call("POST", path, {})
    assert await refusal(browser._call("POST", path, {})) == MANY


async def test_wrong_tokens_at_the_offices_door_are_counted_by_address(a_round: OpenedRound, tight: Limits) -> None:
    visit = Visit(a_round.service.http)
    seen = [
        (await visit.post("/dashboard/masuk", {"token": f"pakta_{n:049}"}, headers={"origin": ORIGIN})).status_code
        for n in range(4)
    ]
    assert seen == [403, 403, 403, 429]
