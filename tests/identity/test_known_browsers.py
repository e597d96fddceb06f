"""NIP and PIN: enough where the person has signed in before, worth nothing alone anywhere else, and a lock for nobody."""

import email
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from app.core.db import Database
from app.core.limits import Limits, RateLimit
from app.device.signer import API, Device, ServerRefusal
from app.identity import pin as pins
from app.identity.browser import service as browsers
from app.identity.slips.code import SlipPress
from app.signing.act import unb64
from tests.identity.test_slips_api import told
from tests.service import ORIGIN, Service
from tests.signing.acts import mails, refusal
from tests.statements import statements
from tests.web.visits import BUDI, JOKO, SITI, Visit

PIN, WRONG, NO_NIP = "739146", "918273", "198501012010012999"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # these tests judge hundreds of PINs


@pytest.fixture(autouse=True)
def cheap_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "_HASHER", CHEAP)
    monkeypatch.setattr(pins, "_DECOY", CHEAP.hash("no such person"))


@pytest.fixture
async def city(service: Service) -> Service:
    await service.import_roster()
    return service


async def phone(city: Service, nip: str = SITI) -> Device:
    """The phone of somebody who was activated with a PIN."""
    person = await city.person(nip)
    links = await city.http.post(f"{API}/activations", json={"employee_ids": [person["id"]]}, headers=city.as_admin())
    device = browser(city)
    born = f"{nip[:4]}-{nip[4:6]}-{nip[6:8]}"
    login = await device._call("POST", "/activation", {"code": links.json()[0]["code"], "birth_date": born})
    device._headers["x-csrf-token"] = login["csrf"]
    await device._call("POST", "/me/pin", {"pin": PIN})
    city.activated.add(nip)
    return device


def browser(city: Service) -> Device:
    return Device(city.http, ORIGIN, "localhost")


async def sign_in(device: Device, nip: str = SITI, pin: str = PIN) -> dict[str, Any]:
    """NIP and PIN; the answer of a browser that is known has `csrf`, that of any other `pending`."""
    return await device._call("POST", "/login/pin", {"nip": nip, "pin": pin})


async def answer(device: Device, pending: str, code: str) -> dict[str, Any]:
    return await device._call("POST", "/login/code", {"pending": pending, "code": code})


async def mailed_code(city: Service) -> str:
    """Run the jobs; return the code of the newest mail."""
    await city.run_jobs()
    message: Any = email.message_from_bytes(max(mails(city.folder)).read_bytes())
    found = re.search(r"\b(\d{4} \d{4})\b", message.get_payload(decode=True).decode())
    assert found is not None
    return found[1]


async def test_the_browser_of_the_activation_is_known_and_any_other_is_asked_for_the_mailed_code(city: Service) -> None:
    first = await phone(city)
    assert "csrf" in await sign_in(first)
    other = browser(city)
    asked = await sign_in(other)
    assert set(asked) == {"pending", "expires_at"}
    assert await refusal(other._call("GET", "/me/obligations")) == (401, "identity.login_needed")
    code = await mailed_code(city)
    assert await refusal(answer(other, asked["pending"], "00000000")) == (403, "login.code_wrong")
    assert await refusal(answer(other, "made-up", code)) == (410, "login.code_over")
    assert "csrf" in await answer(other, asked["pending"], code)
    assert await refusal(answer(browser(city), asked["pending"], code)) == (410, "login.code_over")
    assert "csrf" in await sign_in(other)
    assert "pending" in await sign_in(other, BUDI)  # known to one person is not known to another


async def test_a_code_lasts_ten_minutes_and_five_answers(city: Service) -> None:
    await phone(city)
    asked = await sign_in(browser(city))
    code = await mailed_code(city)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(ServerRefusal) as refused:
            await answer(browser(city), asked["pending"], "1234 5678")
        assert (refused.value.code, refused.value.status) == ("login.code_wrong", 403), left
    assert await refusal(answer(browser(city), asked["pending"], code)) == (410, "login.code_over")
    asked = await sign_in(browser(city))
    code = await mailed_code(city)
    city.clock.advance(timedelta(minutes=10, seconds=1))
    assert await refusal(answer(browser(city), asked["pending"], code)) == (410, "login.code_over")


async def test_the_slip_of_the_person_stands_in_for_the_mail(city: Service) -> None:
    await phone(city)
    await phone(city, BUDI)
    codes = {}
    for nip in (SITI, BUDI):
        body = {"employee_ids": [(await city.person(nip))["id"]]}
        printed = await city.http.post(f"{API}/activation-slips", json=body, headers=city.as_admin())
        ((_, (address,)),) = told(printed.content)
        codes[nip] = address.rsplit("/", 1)[1]
    guessed = await sign_in(browser(city), pin=WRONG)
    assert await refusal(answer(browser(city), guessed["pending"], codes[SITI])) == (403, "login.code_wrong")
    device = browser(city)
    asked = await sign_in(device)
    assert await refusal(answer(device, asked["pending"], codes[BUDI])) == (403, "login.code_wrong")
    await answer(device, asked["pending"], codes[SITI].lower())
    assert len(await device.pending()) == 0  # signed in, and no recovery was begun: there is no round either
    again = await sign_in(browser(city))
    assert await refusal(answer(browser(city), again["pending"], codes[SITI])) == (403, "login.code_wrong")


async def test_nobody_can_tell_a_right_pin_a_wrong_one_and_a_nip_that_is_nobodys_apart(city: Service) -> None:
    await phone(city)
    answers, asked, refused = [], [], []
    for nip, pin in ((SITI, PIN), (SITI, WRONG), (JOKO, PIN), (NO_NIP, PIN)):
        with statements() as seen:
            reply = await city.http.post(f"{API}/login/pin", json={"nip": nip, "pin": pin})
        answers.append((reply.status_code, {name: len(str(value)) for name, value in reply.json().items()}))
        asked.append(seen)
        await city.run_jobs()
        with statements() as seen:
            reply = await city.http.post(
                f"{API}/login/code", json={"pending": reply.json()["pending"], "code": "12345678"}
            )
        refused.append((reply.status_code, reply.text, tuple(seen)))
        city.http.cookies.clear()
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 202
    assert asked == [asked[0]] * 4
    assert refused == [refused[0]] * 4


async def test_a_malformed_nip_or_pin_is_asked_for_a_code_as_well(city: Service) -> None:
    for nip, pin in (("\0", "\0"), ("", ""), ("x" * 40, "٣" * 32)):
        assert set(await sign_in(browser(city), nip, pin)) == {"pending", "expires_at"}


async def test_a_day_of_guessing_by_somebody_who_knows_the_pin_is_worth_less_than_a_millionth(city: Service) -> None:
    """As often as one likes, evenly and in bursts around the turn of the window: ten codes, five answers each."""
    await phone(city)
    await city.run_jobs()
    before = len(mails(city.folder))
    judged = 0
    for pause in [timedelta(minutes=1)] * 12 + [timedelta(hours=3)] * 7 + [timedelta(minutes=10)] * 12:
        asked = await sign_in(browser(city))
        await city.run_jobs()
        for _ in range(6):
            with suppress(ServerRefusal):
                await answer(browser(city), asked["pending"], "00000000")
        mailed, left = await numbers(city, asked["pending"])
        judged += (5 - left) if mailed else 0
        city.clock.advance(pause)
    assert len(mails(city.folder)) - before == browsers.CODES_A_DAY
    assert judged == browsers.CODES_A_DAY * browsers.CODE_TRIES
    assert judged / 10**browsers.CODE_DIGITS < 1e-6
    city.clock.advance(timedelta(hours=24))
    await sign_in(browser(city))
    await city.run_jobs()
    assert len(mails(city.folder)) - before == browsers.CODES_A_DAY + 1


async def numbers(city: Service, pending: str) -> tuple[bool, int]:
    async with city.held.get(Database).transaction() as session:
        found = await session.execute(
            text("SELECT mailed_at IS NOT NULL, tries_left FROM login_code WHERE digest = sha256(:pending)"),
            {"pending": pending.encode()},
        )
        return found.one()


async def test_wrong_pins_of_strangers_lock_nothing_and_fill_no_history(city: Service) -> None:
    own = await phone(city)
    await city.run_jobs()
    before = mails(city.folder)
    for n in range(40):
        await sign_in(browser(city), pin=f"{200000 + 7 * n}")
        if n % 10 == 9:
            await city.run_jobs()
    assert mails(city.folder) == before
    assert "csrf" in await sign_in(own)
    elsewhere = browser(city)
    asked = await sign_in(elsewhere)
    assert "csrf" in await answer(elsewhere, asked["pending"], await mailed_code(city))
    listed = await own._call("GET", "/me/access-events?limit=200")
    kinds = [one["kind"] for one in listed]
    assert kinds.count("login_refused") == 15
    assert kinds.count("login_code_sent") == 1


async def test_a_known_browser_is_unknown_again_after_five_wrong_pins_in_a_row_or_twenty_in_all(city: Service) -> None:
    device = await phone(city)
    for _ in range(5):
        assert await refusal(sign_in(device, pin=WRONG)) == (403, "login.refused")
    assert "pending" in await sign_in(device)
    asked = await sign_in(device)
    await answer(device, asked["pending"], await mailed_code(city))
    for _ in range(5):  # a colleague at a shared computer, whose owner comes back in between
        for _ in range(4):
            with suppress(ServerRefusal):
                await sign_in(device, pin=WRONG)
        entered = await sign_in(device)
    assert "pending" in entered
    worth = browsers.MOST_MISSES_EVER / 10**6 / browsers.KNOWN_LIFE.days
    assert worth < 1e-6


async def test_a_known_browser_is_forgotten_with_its_time_and_with_a_recovery(city: Service) -> None:
    device = await phone(city)
    lost = await phone(city)  # a second activation: the account is recovered
    assert "pending" in await sign_in(device)
    city.clock.advance(timedelta(days=180))
    assert "pending" in await sign_in(lost)


async def test_one_who_types_nonsense_behind_the_address_of_an_opd_shuts_out_nobody_who_was_there(
    city: Service,
) -> None:
    known, with_passkey = await phone(city), await city.device(BUDI)
    person = await city.person(JOKO)
    made = await city.http.post(f"{API}/activations", json={"employee_ids": [person["id"]]}, headers=city.as_admin())
    waiting = browser(city)
    asked = await sign_in(waiting)
    code = await mailed_code(city)
    spent = RateLimit(1, timer=lambda: 0.0)  # by a clock that stands
    spent.take("127.0.0.1")
    city.held.add(Limits, replace(city.held.get(Limits), login=spent))
    assert await refusal(sign_in(browser(city))) == (429, "request.too_many")
    assert "csrf" in await sign_in(known)
    assert "csrf" in await answer(waiting, asked["pending"], code)
    challenge = await browser(city)._call("POST", "/login/passkey-options", {})
    proof = with_passkey.passkey.get(unb64(challenge["challenge"]))
    assert "csrf" in await browser(city)._call("POST", "/login/passkey", proof)
    assert await refusal(browser(city)._call("POST", "/login/passkey", proof)) == (429, "request.too_many")
    body = {"code": made.json()[0]["code"], "birth_date": "1988-02-02"}
    assert "csrf" in await browser(city)._call("POST", "/activation", body)


async def test_the_pages_ask_for_the_code_too_and_lead_on(city: Service) -> None:
    await phone(city)
    visit = Visit(city.http)
    page = await visit.post("/masuk", {"nip": SITI, "pin": PIN, "lanjut": "/log"})
    assert (page.status_code, "surel dinas Anda" in page.text) == (200, True)
    found = re.search(r'name="pending" value="([\w-]+)"', page.text)
    assert found is not None
    wrong = await visit.post("/masuk/kode", {"pending": found[1], "code": "1", "lanjut": "/log"})
    assert (wrong.status_code, "Sisa percobaan: 4" in wrong.text) == (403, True)
    code = await mailed_code(city)
    entered = await visit.post("/masuk/kode", {"pending": found[1], "code": code, "lanjut": "/log"})
    assert entered.headers["location"] == "/log"
    over = await Visit(city.http).post("/masuk/kode", {"pending": found[1], "code": code})
    assert (over.status_code, "login.code_over" in over.text) == (410, True)
    assert "pakta-browser" in visit.cookies


async def test_nothing_that_opens_a_session_is_kept_readable(city: Service) -> None:
    device = await phone(city)
    asked = await sign_in(browser(city))
    code = (await mailed_code(city)).replace(" ", "")
    secrets = [asked["pending"], code, PIN, device._cookies["pakta-browser"], device._cookies["pakta"]]
    async with city.held.get(Database).transaction() as session:
        for table in ("login_code", "known_browser", "login_session", "pin", "access_event", "procrastinate_jobs"):
            kept = (
                await session.execute(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t"))
            ).scalar_one()
            assert not [one for one in secrets if one in kept or one.encode().hex() in kept], table
    assert len(city.held.get(SlipPress).digest(code)) == 32
