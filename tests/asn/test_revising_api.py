"""One employee revised at the screen: corrections apart from changes, and two records of one person joined."""

import email
import email.policy
from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API
from tests.asn.test_history_api import get, later
from tests.asn.uploads import apply, roster, stage
from tests.service import Service
from tests.signing.acts import mails
from tests.signing.opened_round import nip_of, person_row


async def patch(service: Service, person: str, **body: Any) -> Any:
    sent = {"kind": "change", "reason": "Nota dinas 12/2026", **body}
    return await service.http.patch(f"{API}/employees/{person}", json=sent, headers=service.as_admin())


async def merge(service: Service, person: str, other: str) -> Any:
    body = {"other_id": other, "reason": "NIP baru setelah menjadi PNS"}
    return await service.http.post(f"{API}/employees/{person}/merge", json=body, headers=service.as_admin())


@pytest.fixture
async def someone(town: Service) -> str:
    await town.import_roster([person_row(11), person_row(12)])
    found: str = (await town.person(nip_of(11)))["id"]
    return found


async def test_a_change_of_the_world_holds_from_its_day_and_says_why(town: Service, someone: str) -> None:
    await later(town, 10)
    inspectorate = next(a for a in await get(town, "/opd") if a["name"] == "Inspektorat Daerah")
    reply = await patch(town, someone, unit_id=inspectorate["id"], position="Auditor", effective_on="2026-12-01")
    assert reply.status_code == 200
    assert (reply.json()["unit"], reply.json()["position"]) == ("Inspektorat Daerah", "Auditor")
    history = await get(town, f"/employees/{someone}/history")
    assert [(v["valid_from"], v["valid_to"], v["unit"], v["cause"], v["reason"]) for v in history] == [
        ("2026-12-01", None, "Inspektorat Daerah", "change", "Nota dinas 12/2026"),
        ("2026-11-23", "2026-12-01", "UPT Puskesmas Bareng", "new", ""),
    ]


async def test_a_correction_replaces_what_was_wrong_from_its_first_day(town: Service, someone: str) -> None:
    await later(town, 10)
    assert (await patch(town, someone, kind="correction", name="Bagas Wirawan, S.H.")).status_code == 200
    history = await get(town, f"/employees/{someone}/history")
    assert [(v["valid_from"], v["valid_to"], v["name"], v["cause"]) for v in history] == [
        ("2026-11-23", None, "Bagas Wirawan, S.H.", "correction")
    ]
    assert len(await get(town, f"/employees/{someone}/history", superseded=True)) == 2
    assert [p["id"] for p in await get(town, "/employees", q="wirawan")] == [someone]


async def test_the_old_address_hears_that_another_took_its_place(town: Service, someone: str) -> None:
    assert (await patch(town, someone, email="lama@kota.example")).status_code == 200
    assert (await patch(town, someone, email="baru@kota.example")).status_code == 200
    await town.run_jobs()
    (letter,) = [
        found
        for path in mails(town.folder)
        if (found := email.message_from_bytes(path.read_bytes(), policy=email.policy.default))["to"]
        == "lama@kota.example"
    ]
    assert letter["subject"] == "Alamat surel Anda diganti"
    assert "baru@kota.example" not in letter.as_string()


async def test_who_leaves_is_no_longer_listed_and_may_return(town: Service, someone: str) -> None:
    assert (await patch(town, someone, current=False)).json()["current"] is False
    assert await get(town, "/employees", nip=nip_of(11)) == []
    await later(town, 1)
    assert (await patch(town, someone, current=True)).json()["current"] is True
    causes = [v["cause"] for v in await get(town, f"/employees/{someone}/history", superseded=True)]
    assert causes[0] == "returned"
    assert "left" in causes


async def test_what_stands_already_changes_nothing(town: Service, someone: str) -> None:
    person = await get(town, f"/employees/{someone}")
    assert (await patch(town, someone, name=person["name"])).status_code == 200
    assert len(await get(town, f"/employees/{someone}/history", superseded=True)) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"nip": nip_of(12)}, 409, "employee.nip_held"),
        ({"nip": "1985"}, 422, "employee.invalid"),
        ({"name": "=HYPERLINK()"}, 422, "employee.invalid"),
        ({"name": "   "}, 422, "employee.invalid"),
        ({"effective_on": "2099-01-01", "position": "X"}, 422, "employee.invalid"),
        ({"kind": "correction", "effective_on": "2026-11-23", "position": "X"}, 422, "employee.invalid"),
        ({"unit_id": "00000000-0000-7000-8000-000000000000"}, 404, "resource.not_found"),
        ({"reason": " "}, 422, "request.malformed"),
        ({"name": "a\x00b"}, 422, "request.malformed"),
        ({"employment": "raja"}, 422, "request.malformed"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(office: Service, body: Any, status: int, code: str) -> None:
    people = [person_row(11), person_row(12)]
    await apply(office, await stage(office, roster(*people)))
    person = await office.person(nip_of(11))
    reply = await patch(office, person["id"], **body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


async def test_a_revision_outdates_an_import_compared_with_the_record_before(town: Service, someone: str) -> None:
    staged = await stage(town, roster(person_row(11, **{"JABATAN NAMA": "Arsiparis"}), person_row(12)))
    assert (await patch(town, someone, position="Perencana")).status_code == 200
    assert (await apply(town, staged)).json()["code"] == "roster.outdated"


async def test_two_records_of_one_person_become_one_with_both_histories(town: Service) -> None:
    pppk = nip_of(11)[:12] + "211" + "011"
    await town.import_roster([person_row(11, **{"NIP BARU": pppk, "PNS ID": ""}), person_row(12)])
    old = await town.person(pppk)
    await later(town, 30)
    await apply(town, await stage(town, roster(person_row(11), person_row(12))))
    new = await town.person(nip_of(11))
    assert new["id"] != old["id"]
    reply = await merge(town, new["id"], old["id"])
    assert reply.status_code == 200, reply.text
    history = await get(town, f"/employees/{new['id']}/history")
    assert {(v["nip"], v["cause"]) for v in history} >= {(nip_of(11), "new"), (pppk, "new"), (pppk, "merged")}
    assert await get(town, "/employees", nip=pppk) == []
    detail = await get(town, f"/employees/{old['id']}")
    assert (detail["merged_into"], detail["current"]) == (new["id"], False)
    again = await merge(town, new["id"], old["id"])
    assert (again.status_code, again.json()["code"]) == (409, "employee.different")


async def test_different_people_are_not_joined(town: Service, someone: str) -> None:
    other = await town.person(nip_of(12))
    for one in (other["id"], someone):
        reply = await merge(town, someone, one)
        assert (reply.status_code, reply.json()["code"]) == (409, "employee.different")


async def test_revisions_are_in_the_log_without_personal_data(town: Service, someone: str) -> None:
    await patch(town, someone, position="Perencana")
    async with town.held.get(Database).transaction() as session:
        found = await session.execute(text("SELECT record FROM log_entry WHERE kind = 'employee.changed'"))
        records = [bytes(record) for record in found.scalars()]
    assert len(records) == 1
    assert b"Perencana" not in records[0]
    assert nip_of(11).encode() not in records[0]


async def test_others_than_the_office_may_not_revise(town: Service, someone: str) -> None:
    for role in (Role.OPD_ADMIN, Role.AUDITOR):
        headers = await town.token(role)
        reply = await town.http.patch(
            f"{API}/employees/{someone}", json={"kind": "change", "reason": "uji"}, headers=headers
        )
        assert reply.status_code == 403
