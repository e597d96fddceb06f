"""What an import did is taken back, all of it, while nothing depends on it; whoever comes second is told."""

import asyncio
from typing import Any

import psycopg
from sqlalchemy import text

from app.core.db import Database, libpq_url
from app.device.signer import API
from tests.asn.uploads import all_rows, apply, roster, stage
from tests.service import PEOPLE, UNITS, Service
from tests.signing.opened_round import nip_of, person_row, post_roster

EVERYBODY = (
    "SELECT id, pns_id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position, echelon, unit_id,"
    " email, phone, current FROM employee ORDER BY id"
)
EVERY_UNIT = "SELECT id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position, valid_to FROM unit ORDER BY id"
BELIEVED = (
    "SELECT employee_id, valid_from, valid_to, cause, nip, name, unit_id, position, current FROM employee_version"
    " WHERE superseded_at IS NULL ORDER BY 1, 2"
)


async def contents(service: Service, *statements: str) -> list[Any]:
    async with service.held.get(Database).transaction() as session:
        return [(await session.execute(text(statement))).all() for statement in statements]


async def undo(service: Service, staged: dict[str, Any]) -> Any:
    return await service.http.post(f"{API}/roster-imports/{staged['id']}/undo", headers=service.as_admin())


async def test_undoing_an_import_leaves_the_roster_as_it_was(service: Service) -> None:
    await service.import_roster([*PEOPLE, *(person_row(n) for n in range(11, 19))])
    before = await contents(service, EVERYBODY, EVERY_UNIT, BELIEVED)
    swapped = [person_row(11, **{"NIP BARU": nip_of(12)}), person_row(12, **{"NIP BARU": nip_of(11)})]
    changed = [
        person_row(
            13, **{"NAMA": "NAMA BARU", "UNOR ID": "B1", "TANGGAL LAHIR": "02-01-1985", "GOL AKHIR NAMA": "IV/a"}
        ),
        person_row(14, **{"EMAIL GOV": "baru@malangkota.example", "NOMOR HP": "0899"}),
    ]
    units = UNITS.replace("Inspektorat Daerah", "Inspektorat") + "B2;Bagian Baru;B1;B1;99;\n"
    added = [person_row(n, unit="B2") for n in range(20, 24)]
    reply = await post_roster(service, roster(*swapped, *changed, *added), units=units.encode())
    staged = reply.json()
    missing = await all_rows(service, staged, "missing")
    gone, moved = missing[0]["employee_id"], missing[1]["employee_id"]
    target = next(u["id"] for u in await units_of(service) if u["siasn_id"] == "A2")
    for body in (
        {"employee_ids": [gone], "decision": "left", "on": "2026-11-01"},
        {"employee_ids": [moved], "decision": "transferred", "unit_id": target},
    ):
        path = f"{API}/roster-imports/{staged['id']}/missing"
        decided = await service.http.put(path, json=body, headers=service.as_admin())
        assert decided.json() == {"decided": 1}, decided.text
    assert (await apply(service, staged)).status_code == 200
    assert await contents(service, EVERYBODY, EVERY_UNIT, BELIEVED) != before
    undone = await undo(service, staged)
    assert (undone.status_code, undone.json()["status"]) == (200, "undone")
    assert await contents(service, EVERYBODY, EVERY_UNIT, BELIEVED) == before
    kinds = (await contents(service, "SELECT kind FROM log_entry ORDER BY id"))[0]
    assert [kind for (kind,) in kinds][-2:] == ["roster.applied", "roster.undone"]
    again = await undo(service, staged)
    assert (again.status_code, again.json()["code"]) == (409, "roster.not_staged")
    assert (await apply(service, staged)).json()["code"] == "roster.already_applied"


async def units_of(service: Service) -> list[dict[str, Any]]:
    agencies = (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
    found = []
    for agency in agencies:
        found += (await service.http.get(f"{API}/opd/{agency['id']}/units", headers=service.as_admin())).json()
    return found


async def test_only_the_newest_change_can_be_undone(service: Service) -> None:
    await service.import_roster()
    first = await stage(service, roster(person_row(11)))
    await apply(service, first)
    second = await stage(service, roster(person_row(12)))
    await apply(service, second)
    refused = await undo(service, first)
    assert (refused.status_code, refused.json()["code"]) == (409, "roster.undo_not_last")
    assert refused.json()["params"]["import_id"] == second["id"]
    assert (await undo(service, second)).status_code == 200
    refused = await undo(service, first)
    assert refused.json()["code"] == "roster.undo_not_last"  # the undoing was a change too


async def test_an_import_a_round_was_opened_on_stays(service: Service) -> None:
    await service.import_roster()
    staged = await stage(service, roster(person_row(11, NAMA="BARU")))
    await apply(service, staged)
    await service.open_round()
    refused = await undo(service, staged)
    assert (refused.status_code, refused.json()["code"]) == (409, "roster.undo_depended")
    assert refused.json()["params"]["on"] == "round.opened"


async def test_an_import_somebody_was_activated_from_stays_whole(service: Service) -> None:
    await service.import_roster()
    staged = await stage(service, roster(person_row(11), person_row(12)))
    await apply(service, staged)
    await service.device(nip_of(11))
    before = await contents(service, EVERYBODY, BELIEVED)
    refused = await undo(service, staged)
    assert (refused.status_code, refused.json()["code"]) == (409, "roster.undo_depended")
    assert refused.json()["params"]["on"]
    assert await contents(service, EVERYBODY, BELIEVED) == before


async def test_of_two_admins_who_apply_at_once_one_wins_and_the_other_is_told_what_changed(service: Service) -> None:
    await service.import_roster()
    first = await stage(service, roster(*(person_row(n) for n in range(11, 60))), "pagi.csv")
    second = await stage(service, roster(*(person_row(n) for n in range(30, 90))), "siang.csv")
    replies = await asyncio.gather(apply(service, first), apply(service, second))
    assert sorted(reply.status_code for reply in replies) == [200, 409]
    won, lost = sorted(replies, key=lambda reply: reply.status_code)
    assert lost.json()["code"] == "roster.outdated"
    assert lost.json()["params"]["file_name"] == won.json()["file_name"]
    assert lost.json()["params"]["counts"] == won.json()["counts"]
    assert won.json()["file_name"] in lost.json()["title"]


async def test_an_apply_whose_connection_is_killed_leaves_nothing(service: Service) -> None:
    """The server ends the connection in the middle of the writing, as a kill -9 of the process would."""
    await service.import_roster()
    staged = await stage(service, roster(*(person_row(n) for n in range(11, 400))))
    before = await contents(service, EVERYBODY, BELIEVED, EVERY_UNIT)
    database = service.held.get(Database)
    async with database.transaction() as blocker:
        await blocker.execute(text("LOCK TABLE employee_version IN EXCLUSIVE MODE"))
        applying = asyncio.create_task(apply_safely(service, staged))
        while not await kill_the_waiting(database):
            assert not applying.done()
            await asyncio.sleep(0.02)
        status = await applying
    assert status >= 500
    assert await contents(service, EVERYBODY, BELIEVED, EVERY_UNIT) == before
    assert (await apply(service, staged)).status_code == 200


async def kill_the_waiting(database: Database) -> int:
    """End every connection that waits for a lock, as the server does when the process behind it dies; return how many."""
    statement = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    async with await psycopg.AsyncConnection.connect(libpq_url(database.url)) as owner:  # the service's role may not
        return len(await (await owner.execute(statement)).fetchall())


async def apply_safely(service: Service, staged: dict[str, Any]) -> int:
    return (await apply(service, staged)).status_code
