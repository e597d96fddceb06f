"""Finished documents by agency: counted by triggers, the same as a recount, whatever happened and whenever it is folded."""

from typing import Any

import pytest

from app.compliance.documents import service as documents
from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API
from app.document.jobs import seal
from tests.service import Service
from tests.signing.acts import count

SITI, NURAINI, BUDI = "198501012010012001", "199003032015032003", "197505052000031002"


@pytest.fixture
async def round_id(service: Service) -> str:
    """Three people have signed two pledges each; Budi leads his agency."""
    await service.import_roster()
    budi = await service.person(BUDI)
    body = {"employee_id": budi["id"], "kind": "definitive", "valid_from": "2026-01-01"}
    made = await service.http.post(f"{API}/opd/{budi['agency_id']}/heads", json=body, headers=service.as_admin())
    assert made.status_code == 201, made.text
    opened = await service.open_round()
    for nip in (SITI, NURAINI, BUDI):
        device = await service.device(nip)
        await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    return opened


async def read(service: Service, round_id: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    reply = await service.http.get(
        f"{API}/rounds/{round_id}/compliance/documents", headers=headers or service.as_admin()
    )
    assert reply.status_code == 200, reply.text
    return reply.json()


async def fold(service: Service) -> None:
    async with service.held.get(Database).transaction() as session:
        await documents.fold(session)


async def test_sealed_documents_are_counted_before_and_after_the_fold(service: Service, round_id: str) -> None:
    assert (await read(service, round_id))["sealed"] == 0
    await seal.body(service.held)  # no other job: the fold may be due any second
    waiting = await read(service, round_id)
    assert await count(service, "SELECT count(*) FROM compliance_document_delta") == 6
    await fold(service)
    assert await count(service, "SELECT count(*) FROM compliance_document_delta") == 0
    assert await read(service, round_id) == waiting
    by_name = {group["name"]: group for group in waiting["groups"]}
    assert (waiting["sealed"], waiting["countersigned"]) == (6, 0)
    assert by_name["Dinas Kesehatan"]["sealed"] == 4
    assert by_name["Inspektorat Daerah"]["sealed"] == 2


async def test_a_voided_document_is_sealed_no_longer(service: Service, round_id: str) -> None:
    await service.run_jobs()
    await fold(service)
    async with service.held.get(Database).transaction() as session:
        found = await session.connection()
        ids = (await found.exec_driver_sql("SELECT id FROM document ORDER BY id LIMIT 1")).scalars().all()
    body = {"reason": "Naskah yang keliru terpasang", "ground": "wrong_template"}
    done = await service.http.post(f"{API}/documents/{ids[0]}/void", json=body, headers=service.as_admin())
    assert done.status_code == 200, done.text
    assert (await read(service, round_id))["sealed"] == 5
    await fold(service)
    assert (await read(service, round_id))["sealed"] == 5


async def test_wrong_counters_are_found_and_set_right_from_the_documents(service: Service, round_id: str) -> None:
    """Half folded, half waiting; a counter that is too high, one of an agency that has no documents, one that is gone."""
    await service.run_jobs()
    right = await read(service, round_id)
    await fold(service)
    async with service.held.get(Database).transaction() as session:
        assert await documents.verify(session) == (2, 0)
        spoil = await session.connection()
        await spoil.exec_driver_sql(
            "UPDATE document SET state = 'signed' WHERE id = (SELECT min(id::text)::uuid FROM document)"
        )
        assert await documents.verify(session) == (2, 0)
        await spoil.exec_driver_sql(
            "WITH first AS (SELECT * FROM compliance_document ORDER BY agency_id LIMIT 1)"
            " UPDATE compliance_document c SET sealed = c.sealed + 1, countersigned = 3 FROM first WHERE c.agency_id = first.agency_id"
        )
        await spoil.exec_driver_sql(
            "INSERT INTO compliance_document SELECT round_id, gen_random_uuid(), 1, 1 FROM compliance_document LIMIT 1"
        )
        assert await documents.verify(session) == (3, 2)
        await documents.repair(session)
        assert (await documents.verify(session))[1] == 0
    after = await read(service, round_id)
    assert (after["sealed"], after["countersigned"]) == (right["sealed"] - 1, 0)
    async with service.held.get(Database).transaction() as session:
        gone = await session.connection()
        await gone.exec_driver_sql("UPDATE compliance_document SET sealed = 0")
        await documents.repair(session)
    await fold(service)
    assert await read(service, round_id) | {"computed_at": None} == after | {"computed_at": None}


async def test_whether_the_head_has_signed_is_told_to_those_who_may_see_people(service: Service, round_id: str) -> None:
    def heads(found: dict[str, Any]) -> dict[str, bool | None]:
        return {group["name"]: group["head_signed"] for group in found["groups"]}

    assert heads(await read(service, round_id)) == {"Dinas Kesehatan": None, "Inspektorat Daerah": True}
    outsider = await read(service, round_id, await service.token(Role.DASHBOARD))
    assert set(heads(outsider).values()) == {None}


async def test_where_no_head_is_recorded_who_takes_note_stands_for_one(service: Service) -> None:
    """The roster's heads take note: found by their position when a round with countersigning opens."""
    await service.import_roster()
    round_id = await service.open_round(countersign=True)
    before = {group["name"]: group["head_signed"] for group in (await read(service, round_id))["groups"]}
    assert before == {"Dinas Kesehatan": None, "Inspektorat Daerah": False}
    device = await service.device(BUDI)
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    after = {group["name"]: group["head_signed"] for group in (await read(service, round_id))["groups"]}
    assert after == before | {"Inspektorat Daerah": True}


async def test_an_agency_sees_its_own_only(service: Service, round_id: str) -> None:
    await service.run_jobs()
    agency = (await service.person(BUDI))["agency_id"]
    found = await read(service, round_id, await service.token(Role.OPD_ADMIN, [agency]))
    assert [group["name"] for group in found["groups"]] == ["Inspektorat Daerah"]
    assert found["sealed"] == 2
