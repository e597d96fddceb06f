"""Whoever hands out an activation and takes it up: looked at twice, told to the person, seen on what is signed, contested."""

import email
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.core.account_settings import ActivationSettings
from app.core.handing import Handing, NotHanded
from app.core.permission import Role
from app.core.reminder_settings import WhatsappSettings
from app.core.settings import Settings
from app.device.signer import API, Device
from app.reminder.channels.base import Letter, Receipt
from app.reminder.channels.registry import Channels
from tests.identity.administrator import Administrator, administrator
from tests.identity.test_activation_api import BORN, activate, stranger
from tests.service import ORIGIN, Service
from tests.signing.acts import certify, mails, make_act, refusal
from tests.signing.opened_round import PIN, OpenedRound
from tests.signing.test_pin_and_code_api import ask_code, request
from tests.web.visits import JOKO, NUR, SITI, Visit

UNCONFIRMED = (403, "account.unconfirmed")


async def taken_up(a_round: OpenedRound, nip: str, browser: str | None = None, *, shared: bool = False) -> Device:
    """Somebody's activation taken up with a PIN, in the browser of a cookie."""
    device = stranger(a_round)
    if browser is not None:
        device._cookies["pakta-browser"] = browser
    given = {"code": await a_round.link(nip), "birth_date": BORN, "shared": shared}
    await device._call("POST", "/activation", given)
    await device._call("POST", "/me/pin", {"pin": PIN})
    a_round.service.activated.add(nip)
    return device


async def open_(device: Device) -> Any:
    return await device._call(
        "POST", "/me/signing-sessions", {"obligation_ids": [o["id"] for o in await device.pending()]}
    )


async def origin(a_round: OpenedRound, nip: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    who = await a_round.service.person(nip)
    query = {"employee": who["id"], "used": "true"}
    reply = await a_round.service.http.get(
        f"{API}/activations", params=query, headers=headers or a_round.service.as_admin()
    )
    return reply.json()[0]


async def approve(a_round: OpenedRound, nip: str, headers: dict[str, str]) -> tuple[int, str | None]:
    who = await a_round.service.person(nip)
    reply = await a_round.service.http.post(f"{API}/recoveries/{who['id']}/approval", headers=headers)
    return reply.status_code, None if reply.is_success else reply.json()["code"]


async def letter_to(a_round: OpenedRound, nip: str) -> str:
    """The newest letter to a person."""
    await a_round.service.run_jobs()
    found = sorted(mails(a_round.service.folder))
    own = [one for one in found if f"To: p{int(nip[-3:])}@malangkota.example" in one.read_text()]
    return email.message_from_bytes(own[-1].read_bytes()).get_payload(decode=True).decode()


@pytest.fixture(scope="module")
async def issuer(a_round: OpenedRound) -> Administrator:
    return await administrator(a_round.service)


async def test_a_first_activation_in_an_issuers_browser_signs_by_mailed_code_or_after_a_second_administrator(
    a_round: OpenedRound, issuer: Administrator
) -> None:
    nip = a_round.next_nip()
    device = await taken_up(a_round, nip, issuer.cookies["pakta-browser"])
    assert (await origin(a_round, nip))["risk"] == "office"
    prepared = await device.open([o["id"] for o in await device.pending()])
    made = make_act(device, prepared)
    assert await refusal(certify(device, prepared, made.request)) == UNCONFIRMED
    assert await approve(a_round, nip, a_round.service.as_admin()) == (403, "recovery.own")
    await certify(device, prepared, request(device, prepared, await ask_code(a_round, device, prepared)))
    other = a_round.next_nip()
    second = await taken_up(a_round, other, issuer.cookies["pakta-browser"])
    held = (await a_round.service.http.get(f"{API}/recoveries", headers=a_round.service.as_admin())).json()
    assert ("risk", None) in [(one["cause"], one["until"]) for one in held]
    a_round.service.clock.advance(timedelta(minutes=30))
    assert await approve(a_round, other, await a_round.service.token(Role.BKPSDM_ADMIN)) == (200, None)
    prepared = await second.open([o["id"] for o in await second.pending()])
    kinds = [one["kind"] for one in await second._call("GET", "/me/access-events")]
    assert {"activation_held", "recovery_approved"} <= set(kinds)


async def test_an_issuers_browser_stays_one_when_its_computer_is_called_shared(
    a_round: OpenedRound, issuer: Administrator
) -> None:
    nip = a_round.next_nip()
    await taken_up(a_round, nip, issuer.cookies["pakta-browser"], shared=True)
    assert (await origin(a_round, nip))["risk"] == "office"


async def test_an_administrator_takes_up_the_own_activation_unhindered(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    who = await a_round.service.person(nip)
    own = await administrator(a_round.service, employee_id=who["id"])
    device = await taken_up(a_round, nip, own.cookies["pakta-browser"])
    assert (await origin(a_round, nip))["risk"] is None
    await open_(device)


async def test_the_fourth_person_in_one_browser_is_looked_at_and_a_kiosk_is_not(a_round: OpenedRound) -> None:
    first = a_round.next_nip()
    cookie = (await taken_up(a_round, first))._cookies["pakta-browser"]
    nips = [first, *(a_round.next_nip() for _ in range(3))]
    for nip in nips[1:]:
        await taken_up(a_round, nip, cookie)
    assert [(await origin(a_round, nip))["risk"] for nip in nips] == [None, None, None, "crowd"]


async def settle(city: Service, nip: str) -> Device:
    """Somebody of the small city comes in by a fresh link."""
    person = await city.person(nip)
    links = await city.http.post(f"{API}/activations", json={"employee_ids": [person["id"]]}, headers=city.as_admin())
    device = Device(city.http, ORIGIN, "localhost")
    await activate(device, links.json()[0]["code"], f"{nip[:4]}-{nip[4:6]}-{nip[6:8]}")
    await device._call("POST", "/me/pin", {"pin": PIN})
    return device


async def test_an_account_of_somebody_who_cannot_be_told_is_not_recovered_without_a_second_administrator(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.import_roster()
    await service.open_round()
    await open_(await settle(service, NUR))
    again = await settle(service, NUR)
    service.clock.advance(timedelta(days=2))
    service.admin = (await service.token(Role.BKPSDM_ADMIN))["authorization"].removeprefix("Bearer ")
    await again._call("POST", "/login/pin", {"nip": NUR, "pin": PIN})
    assert await refusal(open_(again)) == UNCONFIRMED
    second = await service.token(Role.BKPSDM_ADMIN)
    person = await service.person(NUR)
    assert (await service.http.post(f"{API}/recoveries/{person['id']}/approval", headers=second)).status_code == 200
    await open_(again)
    monkeypatch.setattr(service.held.get(Settings), "activation", ActivationSettings(witness=True))
    assert await refusal(open_(await settle(service, JOKO))) == UNCONFIRMED
    await open_(await settle(service, SITI))


async def test_the_person_is_told_and_stops_the_account_by_the_mailed_link(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    device = await taken_up(a_round, nip)
    letter = await letter_to(a_round, nip)
    (link,) = re.findall(rf"{ORIGIN}(/bukan-saya/\S+)", letter)
    visit = Visit(a_round.service.http)
    assert (await visit.get(link)).status_code == 200
    await open_(device)
    wrong = link[:-1] + ("0" if link[-1] != "0" else "1")
    assert (await visit.get(wrong)).status_code == 404
    assert (await visit.post(wrong, {})).status_code == 404
    assert (await visit.post(link, {}, headers={"origin": "https://elsewhere.example"})).status_code == 403
    await open_(device)
    assert (await visit.post(link, {}, headers={"origin": ORIGIN})).status_code == 200
    assert await refusal(open_(device)) == UNCONFIRMED
    await a_round.service.run_jobs()
    assert await refusal(device._call("GET", "/me/obligations")) == (401, "identity.login_needed")
    found = await origin(a_round, nip)
    assert found["contested_at"] is not None
    who = await a_round.service.person(nip)
    opd = await a_round.service.token(Role.OPD_ADMIN, [who["agency_id"]])
    assert await approve(a_round, nip, opd) == (403, "identity.not_permitted")
    again = stranger(a_round)  # the next slip does not end it: nobody recovers what is contested alone
    await activate(again, await a_round.link(nip))
    await again._call("POST", "/me/pin", {"pin": PIN})
    a_round.service.clock.advance(timedelta(minutes=1))
    assert await refusal(open_(again)) == UNCONFIRMED
    assert await approve(a_round, nip, await a_round.service.token(Role.BKPSDM_ADMIN)) == (200, None)
    await open_(again)
    assert (await origin(a_round, nip))["contested_at"] is None


async def test_who_issued_what_was_taken_up_where_is_seen_by_head_and_inspectorate_and_shown_on_what_was_signed(
    a_round: OpenedRound,
) -> None:
    nip = a_round.next_nip()
    device = await a_round.device(nip)
    _, prepared = await a_round.prepared(device)
    receipt = (await device.sign(prepared)).receipts[0]
    who = await a_round.service.person(nip)
    for role, scope in ((Role.HEAD, [who["agency_id"]]), (Role.AUDITOR, None)):
        headers = await a_round.service.token(role, scope)
        found = await origin(a_round, nip, headers)
        assert (found["kind"], found["issued_role"], found["used_address"]) == ("link", "bkpsdm_admin", "127.0.0.1")
        path = f"{API}/activations/{found['id']}/contest"
        assert (await a_round.service.http.post(path, json={"reason": "x"}, headers=headers)).status_code == 422
    others = [
        a["id"] for a in (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()
    ]
    elsewhere = await a_round.service.token(Role.HEAD, [next(one for one in others if one != who["agency_id"])])
    seen = await a_round.service.http.get(f"{API}/activations", params={"employee": who["id"]}, headers=elsewhere)
    assert seen.json() == []
    path = f"{API}/activations/{found['id']}/contest"
    body = {"reason": "orangnya cuti di luar tanggungan"}
    assert (await a_round.service.http.post(path, json=body, headers=elsewhere)).status_code == 404
    await a_round.service.run_jobs()
    visit = Visit(a_round.service.http)
    seen = await a_round.service.http.get(f"{API}/documents/{receipt['id']}", headers=a_round.service.as_admin())
    page = f"/v/{seen.json()['code']}"
    before = (await visit.get(page)).text
    assert "Tautan aktivasi dari pengelola" in before
    assert "bukan dibuka oleh orangnya sendiri" not in before
    assert (await a_round.service.http.post(path, json=body, headers=headers)).status_code == 200
    after = (await visit.get(page)).text
    assert "bukan dibuka oleh orangnya sendiri" in after


async def test_the_offices_page_lists_holds_and_activations_and_contests(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    await taken_up(a_round, nip)
    other = await administrator(a_round.service)
    visit = Visit(a_round.service.http, cookies=dict(other.cookies))
    page = (await visit.get("/kantor/aktivasi")).text
    found = await origin(a_round, nip)
    assert f'action="/kantor/aktivasi/{found["id"]}"' in page
    done = await visit.post(f"/kantor/aktivasi/{found['id']}", {"reason": "salah orang"})
    assert done.status_code == 303
    who = await a_round.service.person(nip)
    page = (await visit.get("/kantor/aktivasi")).text
    assert f'action="/kantor/aktivasi/orang/{who["id"]}"' in page
    assert (await visit.post(f"/kantor/aktivasi/orang/{who['id']}", {})).status_code == 303
    assert (await origin(a_round, nip))["contested_at"] is None


class Gateway:
    """A channel that remembers what it was handed."""

    available = delivers = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.handed: list[tuple[str, str]] = []

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Gateway"]:
        yield self

    async def begin(self, address: str) -> None:
        if self.name == "sms":
            raise NotHanded(Handing.ADDRESS, "no number")

    async def load(self, address: str, letter: Letter) -> None:
        self.handed.append((address, letter.short))

    def hand(self) -> None: ...

    async def finish(self) -> Receipt:
        return Receipt()

    async def abandon(self) -> None: ...


async def test_the_person_is_told_by_every_phone_channel_there_is(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.import_roster()
    whatsapp = Gateway("whatsapp")
    service.held.add(Channels, Channels([whatsapp, Gateway("sms")]))
    monkeypatch.setattr(service.held.get(Settings), "whatsapp", WhatsappSettings(url="https://gateway.example"))
    await settle(service, NUR)
    await service.run_jobs()
    await settle(service, NUR)
    await service.run_jobs()
    (first, opened), (_, recovered) = whatsapp.handed
    assert first == "0813"
    assert "baru saja diaktifkan" in opened
    assert "baru saja diganti" in recovered
    (link,) = re.findall(rf"{ORIGIN}(/bukan-saya/\S+)", recovered)
    assert (await Visit(service.http).get(link)).status_code == 200
