"""What a person may ask of the service about themselves, and what it deletes by itself."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.asn.personal.jobs import delete_expired
from app.core.db import Base, Database
from app.core.permission import Role
from app.device.signer import API, Device
from tests.asn.test_history_api import get, later
from tests.asn.uploads import apply, roster, stage
from tests.service import Service
from tests.signing.opened_round import nip_of, person_row


def cookies(device: Device) -> dict[str, str]:
    return device._headers | {"cookie": "; ".join(f"{name}={value}" for name, value in device._cookies.items())}


async def count(service: Service, table: str) -> int:
    async with service.held.get(Database).transaction() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


@pytest.fixture
async def signer(town: Service) -> tuple[Service, dict[str, str]]:
    await town.import_roster([person_row(11), person_row(12)])
    await town.open_round()
    return town, cookies(await town.device(nip_of(11)))


async def test_a_person_reads_everything_kept_about_them_and_nothing_of_others(signer: Any) -> None:
    service, headers = signer
    told = await get(service, "/me/data", headers)
    assert told["employee_id"] == (await service.person(nip_of(11)))["id"]
    assert {"employee", "employee_version", "roster_row", "participant", "obligation", "passkey"} <= told["kept"].keys()
    assert told["kept"]["employee"][0]["email"] == "p11@malangkota.example"
    assert nip_of(12) not in str(told)
    assert "p12@" not in str(told)


async def test_keys_and_hashes_are_told_as_kept_and_not_shown(signer: Any) -> None:
    service, headers = signer
    told = await get(service, "/me/data", headers)
    assert {session["token_hash"] for session in told["kept"]["login_session"]} == {"(kept, not shown)"}
    assert told["kept"]["passkey"][0]["public_key"] == "(kept, not shown)"


async def test_the_report_is_readable_by_people_in_both_languages(signer: Any) -> None:
    service, headers = signer
    for language, words in (("id", "Data kepegawaian"), ("en", "Employment data")):
        reply = await service.http.get(
            f"{API}/me/data", params={"format": "text"}, headers={**headers, "accept-language": language}
        )
        assert reply.headers["content-type"].startswith("text/plain")
        assert words in reply.text
        assert nip_of(11) in reply.text


def test_every_table_that_names_a_person_has_a_title_for_the_report() -> None:
    from app.core.texts import catalogue

    named = {table.name for table in Base.metadata.tables.values() if "employee_id" in table.c}
    titled = {key.removeprefix("personal.table.") for key in catalogue("id") if key.startswith("personal.table.")}
    assert named - titled <= {"employee_unindexed"}


async def test_the_office_answers_on_behalf_of_a_person_and_that_is_logged(signer: Any) -> None:
    service, headers = signer
    person = (await service.person(nip_of(12)))["id"]
    told = await get(service, f"/employees/{person}/data")
    assert told["kept"]["employee"][0]["nip"] == nip_of(12)
    async with service.held.get(Database).transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM log_entry WHERE kind = 'personal.data_read'"))
        assert found.scalar_one() == 1
    for role in (Role.OPD_ADMIN, Role.AUDITOR):
        assert await get(service, f"/employees/{person}/data", await service.token(role)) == 403
    assert await get(service, f"/employees/{person}/data", headers) == 403


async def ask(service: Service, headers: dict[str, str], message: str) -> Any:
    body = {"field": "name", "message": message}
    return await service.http.post(f"{API}/me/data/corrections", json=body, headers=headers)


async def decide(service: Service, request: str, state: str) -> Any:
    body = {"state": state, "reason": "Sesuai SK yang dilampirkan."}
    path = f"{API}/data-corrections/{request}/decision"
    return await service.http.post(path, json=body, headers=service.as_admin())


async def test_a_request_for_correction_is_answered_once_and_the_person_reads_the_answer(signer: Any) -> None:
    service, headers = signer
    asked = await ask(service, headers, "Nama saya Bagas Wirawan.")
    assert asked.status_code == 201, asked.text
    waiting = await get(service, "/data-corrections", state="open")
    assert [(r["id"], r["field"], r["state"]) for r in waiting] == [(asked.json()["id"], "name", "open")]
    assert (await decide(service, asked.json()["id"], "accepted")).status_code == 200
    again = await decide(service, asked.json()["id"], "refused")
    assert (again.status_code, again.json()["code"]) == (409, "personal.decided")
    own = await get(service, "/me/data/corrections", headers)
    assert [(r["state"], r["answer"]) for r in own] == [("accepted", "Sesuai SK yang dilampirkan.")]
    assert await get(service, "/data-corrections", state="open") == []
    assert (await decide(service, "00000000-0000-7000-8000-000000000000", "accepted")).status_code == 404


async def test_requests_come_in_pages_and_not_without_end(signer: Any) -> None:
    service, headers = signer
    replies = [await ask(service, headers, f"Perbaikan {number}") for number in range(11)]
    assert [r.status_code for r in replies] == [201] * 10 + [409]
    assert replies[-1].json()["code"] == "personal.too_many"
    seen, url = [], f"{API}/data-corrections?limit=4"
    while url:
        reply = await service.http.get(url, headers=service.as_admin())
        seen += [r["message"] for r in reply.json()]
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == [f"Perbaikan {number}" for number in range(10)]


async def test_retention_deletes_what_is_over_and_never_what_was_promised(signer: Any) -> None:
    service, _ = signer
    left = (await service.person(nip_of(12)))["id"]
    body = {"kind": "change", "reason": "Pensiun", "current": False}
    gone = await service.http.patch(f"{API}/employees/{left}", json=body, headers=service.as_admin())
    assert gone.status_code == 200
    staged = await stage(service, roster(person_row(13)))
    kept = {
        t: await count(service, t) for t in ("obligation", "participant", "employee_version", "document", "log_entry")
    }
    await delete_expired.body(service.held)
    assert await count(service, "roster_row") == 3
    assert await count(service, "login_session") == 1
    service.clock.advance(timedelta(days=800))
    await delete_expired.body(service.held)
    assert {t: await count(service, t) for t in kept} == kept
    assert await count(service, "login_session") == 0
    assert await count(service, f"roster_row WHERE import_id = '{staged['id']}'") == 0
    assert await count(service, "roster_row") == 2, "the newest applied import can still be undone"
    assert await count(service, f"employee WHERE id = '{left}' AND email = ''") == 1
    assert await count(service, "employee WHERE email <> ''") == 1


async def test_a_file_whose_rows_were_deleted_is_read_anew(town: Service) -> None:
    await town.import_roster([person_row(11)])
    sheet = roster(person_row(11), person_row(12))
    await stage(town, sheet)
    await later(town, 100)
    await delete_expired.body(town.held)
    staged = await stage(town, sheet)
    assert staged["counts"]["new"] == 1
    assert (await apply(town, staged)).status_code == 200
