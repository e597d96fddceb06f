"""Signing with a PIN and a one-time code: every try counts, and one answer hides which of the two was wrong."""

from datetime import timedelta
from typing import Any

from app.device.signer import Device, Prepared
from app.signing.states import CODE_DIGITS, CODE_PAUSE, CODE_TRIES, CODES_A_DAY
from tests.signing.acts import (
    BOTH_ONCE,
    OPEN,
    certify,
    count,
    hand_in,
    kept,
    mails,
    make_act,
    read_code,
    refusal,
    restart,
    signatures,
)
from tests.signing.opened_round import PIN, OpenedRound

WRONG, NONE, LOCKED = (403, "pin_or_code.wrong"), (403, "code.none"), (403, "pin.locked")


async def ask_message(a_round: OpenedRound, device: Device, prepared: Prepared) -> tuple[str, str]:
    """Have a code sent, after the pause between two of them; return it and the text it came in."""
    a_round.service.clock.advance(CODE_PAUSE)
    before = mails(a_round.service.folder)
    await device._call("POST", f"{OPEN}/{prepared.session['id']}/code", {})
    (message,) = mails(a_round.service.folder) - before
    return read_code(message)


async def ask_code(a_round: OpenedRound, device: Device, prepared: Prepared) -> str:
    return (await ask_message(a_round, device, prepared))[0]


def request(device: Device, prepared: Prepared, code: str, pin: str = PIN) -> dict[str, Any]:
    return make_act(device, prepared, authentication={"method": "pin+code", "pin": pin, "code": code}).request


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


async def test_pin_and_code_sign_and_are_recorded_as_what_they_are(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    assert (prepared.session["pin"], prepared.session["credentials"]) == (True, [])
    code, body = await ask_message(a_round, device, prepared)
    assert prepared.session["mark"] in body
    assert "2" in body.replace(code, "").replace(prepared.session["mark"], "")
    made = make_act(device, prepared, authentication={"method": "pin+code", "pin": PIN, "code": f" {code} "})
    answer = await certify(device, prepared, made.request)
    assert await certify(device, prepared, made.request) == answer
    await hand_in(device, prepared, signatures(made, prepared, answer))
    assert await kept(a_round.service, prepared) == BOTH_ONCE
    recorded = "SELECT count(*) FROM signing_evidence WHERE session_id = :id AND method = 'pin+code'"
    assert await count(a_round.service, recorded, id=prepared.session["id"]) == 1
    secrets = "SELECT count(*) FROM signing_evidence WHERE session_id = :id AND (data::text LIKE :pin OR data::text LIKE :code)"
    asked = {"id": prepared.session["id"], "pin": f'%"{PIN}"%', "code": f'%"%{code}%"%'}
    assert await count(a_round.service, secrets, **asked) == 0


async def test_three_wrong_codes_are_all_there_are(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    assert await refusal(certify(device, prepared, request(device, prepared, "000000"))) == NONE
    code = await ask_code(a_round, device, prepared)
    for _ in range(3):
        assert await refusal(certify(device, prepared, request(device, prepared, other(code)))) == WRONG
    assert await refusal(certify(device, prepared, request(device, prepared, code))) == NONE
    fresh = await ask_code(a_round, device, prepared)
    await certify(device, prepared, request(device, prepared, fresh))


async def test_a_code_asked_for_again_at_once_is_not_sent(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    code = await ask_code(a_round, device, prepared)
    asking = device._call("POST", f"{OPEN}/{prepared.session['id']}/code", {})
    assert await refusal(asking) == (429, "code.too_soon")
    await certify(device, prepared, request(device, prepared, code))


async def test_twelve_codes_a_day_leave_less_than_a_millionth_to_somebody_who_knows_the_pin(
    a_round: OpenedRound,
) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    for _ in range(CODES_A_DAY):
        await ask_code(a_round, device, prepared)
    a_round.service.clock.advance(CODE_PAUSE)
    asking = device._call("POST", f"{OPEN}/{prepared.session['id']}/code", {})
    assert await refusal(asking) == (409, "code.spent")
    assert CODES_A_DAY * CODE_TRIES / 10**CODE_DIGITS < 1e-6


async def test_pin_and_slip_sign_at_a_kiosk_only(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    made = make_act(device, prepared, authentication={"method": "pin+slip", "pin": PIN}).request
    assert await refusal(certify(device, prepared, made)) == WRONG


async def test_a_code_is_used_once(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    code = await ask_code(a_round, device, prepared)
    await certify(device, prepared, request(device, prepared, code))
    again = await restart(device, prepared)
    assert await refusal(certify(device, again, request(device, again, code))) == NONE


async def test_five_wrong_pins_lock_and_the_lock_grows(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    code = await ask_code(a_round, device, prepared)
    for wrong in range(5):
        if wrong == 3:
            code = await ask_code(a_round, device, prepared)
        assert await refusal(certify(device, prepared, request(device, prepared, code, "111222"))) == WRONG
    code = await ask_code(a_round, device, prepared)
    assert await refusal(certify(device, prepared, request(device, prepared, code))) == LOCKED
    a_round.service.clock.advance(timedelta(minutes=1, seconds=1))
    assert await refusal(certify(device, prepared, request(device, prepared, code, "111222"))) == WRONG
    a_round.service.clock.advance(timedelta(minutes=1, seconds=1))
    assert await refusal(certify(device, prepared, request(device, prepared, code))) == LOCKED
    a_round.service.clock.advance(timedelta(minutes=1))
    code = await ask_code(a_round, device, prepared)
    await certify(device, prepared, request(device, prepared, code))


async def test_a_code_of_another_session_is_wrong(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    stranger, others = await a_round.prepared(await a_round.device_with_pin())
    await ask_code(a_round, device, prepared)
    foreign = await ask_code(a_round, stranger, others)
    assert await refusal(certify(device, prepared, request(device, prepared, foreign))) == WRONG


async def test_a_code_sent_before_a_restart_is_wrong_after_it(a_round: OpenedRound) -> None:
    device = await a_round.device_with_pin()
    options = await device._call("POST", "/me/passkey-options", {})
    await device._call("POST", "/me/passkeys", device.passkey.create(options))
    _, prepared = await a_round.prepared(device)
    code = await ask_code(a_round, device, prepared)
    await certify(device, prepared, make_act(device, prepared).request)
    again = await restart(device, prepared)
    assert await refusal(certify(device, again, request(device, again, code))) == WRONG


async def test_a_code_lives_five_minutes(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    code = await ask_code(a_round, device, prepared)
    a_round.service.clock.advance(timedelta(minutes=5, seconds=1))
    assert await refusal(certify(device, prepared, request(device, prepared, code))) == NONE


async def test_somebody_without_a_pin_cannot_sign_with_one(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    code = await ask_code(a_round, device, prepared)
    assert await refusal(certify(device, prepared, request(device, prepared, code))) == WRONG


async def test_a_key_without_proof_costs_no_try(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared(await a_round.device_with_pin())
    code = await ask_code(a_round, device, prepared)
    for _ in range(4):
        wrong = request(device, prepared, code) | {"proof_of_possession": ""}
        assert await refusal(certify(device, prepared, wrong)) == (403, "key.no_proof")
    await certify(device, prepared, request(device, prepared, code))
