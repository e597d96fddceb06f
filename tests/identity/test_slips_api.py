"""Activation slips: printed, handed out, used once, revoked, and never a way in for anybody else."""

import io
from datetime import date, timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from httpx import Response
from sqlalchemy import text

from app.core.db import Database
from app.core.errors import TooManyRequests
from app.core.limits import Limits
from app.core.permission import Role
from app.device.signer import API, Device
from app.identity.slips.code import LENGTH, SlipPress, new_slip_code, tidy
from tests.identity.test_activation_api import BORN, GONE, OTHER_DAY, activate, stranger
from tests.signing.acts import refusal
from tests.signing.opened_round import PIN, OpenedRound


async def issue(a_round: OpenedRound, headers: dict[str, str] | None = None, **wanted: Any) -> Response:
    return await a_round.service.http.post(
        f"{API}/activation-slips", json=wanted, headers=headers or a_round.service.as_admin()
    )


def told(pdf: bytes) -> list[tuple[str, list[str]]]:
    """The text of each page, and the addresses of its QR codes."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    pages = []
    for page in document:
        picture = page.render(scale=3).to_pil()
        pages.append(
            (page.get_textpage().get_text_bounded(), [found.text for found in zxingcpp.read_barcodes(picture)])
        )
    return pages


async def slip_of(a_round: OpenedRound, employee_id: str) -> str:
    """Print a slip for a person and read its code from the paper."""
    printed = await issue(a_round, employee_ids=[employee_id])
    assert printed.status_code == 201, printed.text
    ((_, (address,)),) = told(printed.content)
    return address.rsplit("/", 1)[1]


async def person(a_round: OpenedRound) -> dict[str, Any]:
    return await a_round.service.person(a_round.next_nip())


async def slips(a_round: OpenedRound, **filters: str) -> list[dict[str, Any]]:
    reply = await a_round.service.http.get(
        f"{API}/activation-slips", params=filters, headers=a_round.service.as_admin()
    )
    assert reply.status_code == 200, reply.text
    return reply.json()


async def delete(a_round: OpenedRound, path: str, headers: dict[str, str] | None = None) -> int:
    reply = await a_round.service.http.delete(f"{API}{path}", headers=headers or a_round.service.as_admin())
    return reply.status_code


async def test_a_printed_slip_opens_the_account_of_its_person_once(a_round: OpenedRound) -> None:
    who = await person(a_round)
    printed = await issue(a_round, employee_ids=[who["id"]])
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.headers["pakta-slips"] == "1"
    assert printed.headers["cache-control"] == "no-store"
    ((words, (address,)),) = told(printed.content)
    code = address.rsplit("/", 1)[1]
    assert address == f"http://localhost:8000/aktivasi/{code}"
    assert f"{code[:5]}-{code[5:]}" in words
    for word in (
        who["name"],
        "UPT Puskesmas Bareng" if who["unit"].startswith("UPT") else who["unit"],
        "7 Desember 2026",
    ):
        assert word in " ".join(words.split()), word
    assert who["nip"] not in words  # it begins with the birth date
    device = stranger(a_round)
    await device.activate(f"{code[:5]}-{code[5:]}".lower(), date(1985, 1, 1))
    assert len(await device.pending()) == 2
    assert await refusal(activate(stranger(a_round), code)) == GONE
    assert [slip["state"] for slip in await slips(a_round, employee=who["id"])] == ["used"]


async def test_a_slip_typed_with_letters_that_look_alike_is_the_same_slip() -> None:
    assert tidy(" o1il-abcde-9 ") == "0111ABCDE9"
    assert {len(new_slip_code()) for _ in range(50)} == {LENGTH}
    assert not set("".join(new_slip_code() for _ in range(200))) & set("ILOU")


async def test_only_a_keyed_digest_of_a_code_is_stored(a_round: OpenedRound) -> None:
    who = await person(a_round)
    code = await slip_of(a_round, who["id"])
    async with a_round.service.held.get(Database).transaction() as session:
        query = text("SELECT code_hash FROM activation WHERE employee_id = :id")
        stored = bytes((await session.execute(query, {"id": who["id"]})).scalar_one())
    press = a_round.service.held.get(SlipPress)
    assert stored == press.digest(code)
    assert stored != SlipPress(press.settings, b"another master key").digest(code)


async def test_the_fifth_wrong_birth_date_ends_a_slip_and_no_others(a_round: OpenedRound) -> None:
    first, second = await person(a_round), await person(a_round)
    code, other = await slip_of(a_round, first["id"]), await slip_of(a_round, second["id"])
    for _ in range(5):
        assert await refusal(activate(stranger(a_round), code, OTHER_DAY)) == (403, "activation.birth_date")
    assert await refusal(activate(stranger(a_round), code)) == GONE
    assert [slip["state"] for slip in await slips(a_round, employee=first["id"])] == ["locked"]
    await activate(stranger(a_round), other)


async def test_guessing_from_an_address_is_slowed_but_shuts_nobody_there_out(a_round: OpenedRound) -> None:
    """A whole OPD stands behind one address: whoever types nonsense there gets 429, a right code always goes on."""
    code = await slip_of(a_round, (await person(a_round))["id"])
    limit = a_round.service.held.get(Limits).login
    with pytest.raises(TooManyRequests):  # what a thousand guesses within a second leave
        while True:
            limit.take("127.0.0.1")
    guess = {"code": new_slip_code(), "birth_date": BORN}
    refused = await a_round.service.http.post(f"{API}/activation", json=guess)
    assert (refused.status_code, refused.json()["code"]) == (429, "request.too_many")
    assert refused.headers["retry-after"].isdigit()
    await activate(stranger(a_round), code)


def test_the_bounds_on_guessing_hold() -> None:
    """The arithmetic of app/identity/slips/code.py."""
    day, codes, dates = 86_400, 32**LENGTH, 17_000
    assert 5_000 * day / codes < 1e-6
    assert 120 * 1440 / codes < 2e-10
    assert 5_000 * day / codes * 5 / dates < 2e-10


async def test_a_slip_issued_again_ends_the_one_before_and_any_link(a_round: OpenedRound) -> None:
    nip = a_round.next_nip()
    who = await a_round.service.person(nip)
    link = await a_round.link(nip)
    first = await slip_of(a_round, who["id"])
    second = await slip_of(a_round, who["id"])
    assert await refusal(activate(stranger(a_round), link)) == GONE
    assert await refusal(activate(stranger(a_round), first)) == GONE
    await activate(stranger(a_round), second)
    assert [slip["state"] for slip in await slips(a_round, employee=who["id"])] == ["live", "revoked"]


async def test_a_revoked_slip_opens_nothing(a_round: OpenedRound) -> None:
    first, second = await person(a_round), await person(a_round)
    code, other = await slip_of(a_round, first["id"]), await slip_of(a_round, second["id"])
    (slip,) = await slips(a_round, employee=first["id"])
    assert "code" not in slip
    assert await delete(a_round, f"/activation-slips/{slip['id']}") == 204
    assert await delete(a_round, f"/employees/{second['id']}/activation-slips") == 204
    for dead in (code, other):
        assert await refusal(activate(stranger(a_round), dead)) == GONE


async def test_a_slip_lasts_two_weeks(a_round: OpenedRound) -> None:
    code = await slip_of(a_round, (await person(a_round))["id"])
    a_round.service.clock.advance(timedelta(days=14, seconds=1))
    try:
        assert await refusal(activate(stranger(a_round), code)) == GONE
    finally:
        a_round.service.clock.advance(-timedelta(days=14, seconds=1))


async def test_a_unit_gets_slips_for_whoever_cannot_sign_in_yet(a_round: OpenedRound) -> None:
    agencies = (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()
    health = next(a["id"] for a in agencies if a["name"] == "Dinas Kesehatan")
    query = {"opd": health, "limit": 1000}
    people = (
        await a_round.service.http.get(f"{API}/employees", params=query, headers=a_round.service.as_admin())
    ).json()
    await a_round.service.device(people[0]["nip"])
    printed = await issue(a_round, opd=health)
    pages = told(printed.content)
    count = sum(len(addresses) for _, addresses in pages)
    assert int(printed.headers["pakta-slips"]) == count < len(people)
    assert people[0]["name"] not in "".join(words for words, _ in pages)
    assert len({address for _, addresses in pages for address in addresses}) == count
    opd = await a_round.service.token(Role.OPD_ADMIN, [health])
    assert (await issue(a_round, opd, unit=health)).headers["pakta-slips"] == str(count)


async def test_slips_end_at_the_callers_scope(a_round: OpenedRound) -> None:
    agencies = (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()
    health, other = (
        next(a["id"] for a in agencies if a["name"] == name) for name in ("Dinas Kesehatan", "Inspektorat Daerah")
    )
    query = {"opd": other, "limit": 1}
    (foreign,) = (
        await a_round.service.http.get(f"{API}/employees", params=query, headers=a_round.service.as_admin())
    ).json()
    await slip_of(a_round, foreign["id"])
    (slip, *_) = await slips(a_round, employee=foreign["id"])
    opd = await a_round.service.token(Role.OPD_ADMIN, [health])
    for wanted in ({"opd": other}, {"unit": other}, {"employee_ids": [foreign["id"]]}):
        assert (await issue(a_round, opd, **wanted)).status_code == 404, wanted
    assert await delete(a_round, f"/activation-slips/{slip['id']}", opd) == 404
    assert await delete(a_round, f"/employees/{foreign['id']}/activation-slips", opd) == 404
    seen = await a_round.service.http.get(f"{API}/activation-slips", params={"employee": foreign["id"]}, headers=opd)
    assert seen.json() == []


@pytest.mark.parametrize("wanted", [{}, {"unit": "x"}, {"employee_ids": []}, {"unit": BORN, "opd": BORN}])
async def test_a_request_for_nobody_in_particular_is_refused(a_round: OpenedRound, wanted: dict[str, Any]) -> None:
    assert (await issue(a_round, **wanted)).status_code == 422


async def recovered(a_round: OpenedRound) -> tuple[dict[str, Any], Device, Device]:
    """Somebody who lost the phone and got another way by a slip: the person, the old phone, the new one."""
    nip = a_round.next_nip()
    old = await a_round.device(nip)
    who = await a_round.service.person(nip)
    new = stranger(a_round)
    await activate(new, await slip_of(a_round, who["id"]))
    await new._call("POST", "/me/pin", {"pin": PIN})
    return who, old, new


async def test_a_recovered_account_signs_after_a_day_and_its_old_phone_never_again(a_round: OpenedRound) -> None:
    who, old, new = await recovered(a_round)
    assert await refusal(old._call("GET", "/me/obligations")) == (401, "identity.login_needed")
    owed = [one["id"] for one in await new.pending()]
    opening = {"obligation_ids": owed}
    assert await refusal(new._call("POST", "/me/signing-sessions", opening)) == (403, "account.held")
    a_round.service.clock.advance(timedelta(hours=24, seconds=1))
    try:
        fresh = new  # its browser is known: the PIN was chosen there
        login = await fresh._call("POST", "/login/pin", {"nip": who["nip"], "pin": PIN})
        fresh._headers["x-csrf-token"] = login["csrf"]
        await fresh._call("POST", "/me/signing-sessions", opening)
    finally:
        a_round.service.clock.advance(-timedelta(hours=24, seconds=1))


async def test_a_second_administrator_lets_a_recovered_account_sign_at_once(a_round: OpenedRound) -> None:
    who, _, new = await recovered(a_round)
    service = a_round.service
    held = (await service.http.get(f"{API}/recoveries", headers=service.as_admin())).json()
    assert who["id"] in [one["employee_id"] for one in held]
    path = f"{API}/recoveries/{who['id']}/approval"
    own = await service.http.post(path, headers=service.as_admin())
    assert (own.status_code, own.json()["code"]) == (403, "recovery.own")
    second = await service.token(Role.OPD_ADMIN, [who["agency_id"]])
    other = next(
        a["id"]
        for a in (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
        if a["id"] != who["agency_id"]
    )
    elsewhere = await service.token(Role.OPD_ADMIN, [other])
    assert (await service.http.post(path, headers=elsewhere)).status_code == 404
    assert (await service.http.post(path, headers=second)).status_code == 200
    await new._call("POST", "/me/signing-sessions", {"obligation_ids": [one["id"] for one in await new.pending()]})


async def test_a_recovery_is_told_to_the_person(a_round: OpenedRound) -> None:
    who, _, new = await recovered(a_round)
    await a_round.service.run_jobs()
    letters = [path.read_text() for path in (a_round.service.folder / "mail").glob("*.eml")]
    own = f"To: p{int(who['nip'][-3:])}@malangkota.example"
    assert [letter for letter in letters if own in letter and "riwayat-akses" in letter]
    kinds = [event["kind"] for event in await new._call("GET", "/me/access-events")]
    assert "recovered" in kinds
    assert kinds[:4].count("activation_issued") == 1  # and that of the first activation further down


async def test_a_first_activation_holds_nothing(a_round: OpenedRound) -> None:
    device = await a_round.device()
    await device._call("POST", "/me/signing-sessions", {"obligation_ids": [o["id"] for o in await device.pending()]})
