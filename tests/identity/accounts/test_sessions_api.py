"""Sessions of accounts: the passkey, the cookie and what it is worth when stolen, their end."""

from dataclasses import replace
from datetime import timedelta

from app.core.permission import Role
from app.device.authenticator import SoftAuthenticator
from tests.identity.accounts.refusals import REFUSED, STRANGER
from tests.identity.administrator import Administrator, administrator, events
from tests.identity.role_bodies import NOBODY
from tests.service import ORIGIN, Service
from tests.web.visits import SITI


async def test_every_wrong_passkey_is_refused_alike_and_the_right_one_opens(city: Service) -> None:
    admin = await administrator(city)
    browser = admin.another_browser()

    async def refused(passkey: SoftAuthenticator, challenge: bytes | None = None) -> tuple[int, str | None]:
        return await browser.code("POST", "/sessions", passkey.get(challenge or await browser.challenge()))

    assert await refused(SoftAuthenticator(ORIGIN, "localhost")) == REFUSED
    assert await refused(replace(admin.passkey, origin="https://palsu.example", counter=90)) == REFUSED
    assert await refused(replace(admin.passkey, rp_id="palsu.example", counter=90)) == REFUSED
    assert await refused(admin.passkey, bytes(32)) == REFUSED
    assert await browser.code("POST", "/sessions", {"id": "", "rawId": "*", "type": "", "response": {}}) == REFUSED
    stale = await browser.challenge()
    city.clock.advance(timedelta(minutes=5, seconds=1))
    assert await refused(admin.passkey, stale) == REFUSED
    used = await browser.challenge()
    assert await browser.code("POST", "/sessions", admin.passkey.get(used)) == (200, None)
    assert await refused(admin.passkey, used) == REFUSED
    assert (await events(city, admin.account)).count("login_refused") == 2  # what could be told to be of this account


async def test_a_cloned_passkey_whose_counter_goes_back_is_refused(city: Service) -> None:
    admin = await administrator(city)
    clone = replace(admin.passkey)
    await admin.another_browser().sign_in()
    browser = admin.another_browser()
    assert await browser.code("POST", "/sessions", clone.get(await browser.challenge())) == REFUSED
    await admin.another_browser().sign_in()


async def test_a_session_ends_when_it_is_idle_and_after_its_hours(city: Service) -> None:
    admin = await administrator(city)
    city.clock.advance(timedelta(minutes=29))
    await admin.told("GET", "/sessions")
    city.clock.advance(timedelta(minutes=29))
    await admin.told("GET", "/sessions")
    city.clock.advance(timedelta(minutes=30))
    assert await admin.code("GET", "/sessions") == STRANGER
    await admin.sign_in()
    for _ in range(24):
        city.clock.advance(timedelta(minutes=25))
        status, _ = await admin.code("GET", "/sessions")
    assert status == 401
    await admin.sign_in()
    for _ in range(23):
        city.clock.advance(timedelta(minutes=25))
        status, _ = await admin.code("GET", "/sessions")
    assert status == 200


async def test_a_stolen_cookie_without_the_csrf_token_changes_nothing(city: Service) -> None:
    admin = await administrator(city)
    before = await admin.told("GET", "/sessions")
    thief = Administrator(city, cookies=dict(admin.cookies))
    for given in ("", "0" * 64, "\xe9"):
        thief.csrf = given.encode("latin-1")  # type: ignore[assignment]
        for method, path, body in (
            ("POST", "/sessions/confirm-options", {}),
            ("DELETE", "/sessions", None),
            ("POST", "/accounts", {"name": "Uji", "email": "x@kota.example", "role": "auditor"}),
        ):
            assert await thief.code(method, path, body) == (403, "request.foreign"), path
    assert len(await admin.told("GET", "/sessions")) == len(before)


async def test_the_cookie_is_out_of_reach_and_every_sign_in_and_confirmation_draws_a_new_one(city: Service) -> None:
    admin = await administrator(city)
    first = dict(admin.cookies)
    reply = await admin.ask("POST", "/sessions", admin.passkey.get(await admin.challenge()))
    admin.csrf = reply.json()["csrf"]
    attributes = set(reply.headers["set-cookie"].split("; "))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= attributes
    assert await Administrator(city, cookies=first).code("GET", "/sessions") == STRANGER  # the one before has ended
    second, csrf = dict(admin.cookies), admin.csrf
    await admin.confirm()
    assert admin.cookies != second
    assert await Administrator(city, cookies=second, csrf=csrf).code("GET", "/sessions") == STRANGER
    assert len(await admin.told("GET", "/sessions")) == 1


async def test_sessions_are_listed_and_ended_by_their_owner_and_by_an_administrator(city: Service) -> None:
    admin, helper = await administrator(city), await administrator(city, Role.AUDITOR)
    phone = helper.another_browser()
    await phone.sign_in()
    desk = helper.another_browser()
    await desk.sign_in()
    listed = await helper.told("GET", "/sessions")
    assert {one["browser"] for one in listed} == {"Mozilla/5.0 (X11; Linux) Chrome/140"}
    assert [one["current"] for one in listed] == [False, False, True]
    assert await helper.code("DELETE", f"/sessions/{NOBODY}") == (404, "resource.not_found")
    foreign = (await admin.told("GET", "/sessions"))[0]["id"]
    assert await helper.code("DELETE", f"/sessions/{foreign}") == (404, "resource.not_found")
    await helper.told("DELETE", f"/sessions/{listed[0]['id']}")
    assert await desk.code("GET", "/sessions") == STRANGER
    assert await helper.told("DELETE", "/sessions") == {"ended": 1}
    assert await phone.code("GET", "/sessions") == STRANGER
    path = f"/accounts/{helper.account}/sessions"
    assert await helper.code("GET", path) == (403, "identity.not_permitted")
    seen = await admin.told("GET", path)
    assert len(seen) == 1
    assert await admin.code("DELETE", f"{path}/{NOBODY}") == (404, "resource.not_found")
    await admin.told("DELETE", f"{path}/{seen[0]['id']}")
    assert await helper.code("GET", "/sessions") == STRANGER
    await helper.sign_in()
    assert await admin.told("DELETE", path) == {"ended": 1}
    await helper.sign_in()
    mine = next(one["id"] for one in await helper.told("GET", "/sessions") if one["current"])
    await helper.told("DELETE", f"/sessions/{mine}")
    assert await helper.code("GET", "/sessions") == STRANGER


async def test_several_passkeys_open_an_account_and_the_last_stays(city: Service) -> None:
    admin = await administrator(city)
    second = SoftAuthenticator(ORIGIN, "localhost")
    options = await admin.told("POST", "/account-passkeys/options", {})
    assert len(options["excludeCredentials"]) == 1
    answer = second.create(options)
    await admin.told("POST", "/account-passkeys", answer)
    assert await admin.code("POST", "/account-passkeys", answer) == (403, "passkey.refused")  # its challenge is used
    await Administrator(city, second).sign_in()
    options = await admin.told("POST", "/account-passkeys/options", {})
    assert await admin.code("POST", "/account-passkeys", second.create(options)) == (403, "passkey.refused")
    listed = await admin.told("GET", "/account-passkeys")
    await admin.told("DELETE", f"/account-passkeys/{listed[0]['id']}")
    assert await admin.code("POST", "/sessions", admin.passkey.get(await admin.challenge())) == REFUSED
    assert await admin.code("DELETE", f"/account-passkeys/{listed[1]['id']}") == (409, "account.last_passkey")
    assert await admin.code("DELETE", f"/account-passkeys/{NOBODY}") == (404, "resource.not_found")


async def test_one_browser_may_be_a_person_and_an_account_at_once(city: Service) -> None:
    device, admin = await city.device(SITI), await administrator(city)
    both = dict(device._cookies) | admin.cookies
    person = Administrator(city, cookies=dict(both), csrf=device._headers["x-csrf-token"])
    office = Administrator(city, cookies=dict(both), csrf=admin.csrf)
    assert await person.code("GET", "/me/obligations") == (200, None)
    assert await person.code("GET", "/accounts") == (403, "identity.not_permitted")
    assert await office.code("GET", "/accounts") == (200, None)
    assert await office.code("GET", "/me/obligations") == (403, "identity.not_permitted")
    person.csrf = ""  # a plain link: the person's, as ever
    assert await person.code("GET", "/me/obligations") == (200, None)
    assert await person.code("POST", "/sessions/confirm-options", {}) == (403, "request.foreign")
