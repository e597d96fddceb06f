"""What the database itself keeps apart: every statement here forgets to ask for a scope."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.confinement import confine
from app.core.db import SCOPED_ROLE, SERVICE_ROLE, Base, Database, Session
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.principal import Principal, Scope
from app.core.schema import LOGIN, service_login
from tests.conftest import database_url
from tests.service import Service

SITI, NURAINI, BUDI = "198501012010012001", "199003032015032003", "197505052000031002"
OPEN_TABLES = {
    "recap_link": "hashes of tokens",
    "compliance_document": "figures",
    "compliance_document_delta": "figures",
    "compliance_cell": "figures",
    "compliance_change": "figures",
    "compliance_checkpoint": "figures",
    "compliance_delta": "figures",
    "compliance_head": "figures",
    "compliance_hour": "figures",
    "compliance_tree": "figures",
    "countersigner": "holders of public offices, printed on every document they take note of",
    "employee_unfollowed": "ids",
    "employee_unindexed": "ids",
    "log_checkpoint": "public",
    "log_entry": "public: no personal data",
    "log_leaf": "public",
    "log_pending": "ids",
    "log_tile": "public",
    "login_challenge": "random numbers",
    "reminder_address": "digests",
    "reminder_pause": "no persons",
    "reminder_plan": "no persons",
    "reminder_wave": "no persons",
    "roster_count": "figures",
    "roster_mapping": "headings of columns",
    "roster_state": "a number",
    "round": "no persons",
    "round_pledge": "no persons",
    "stamp_fault": "addresses of services",
    "template": "no persons",
    "template_version": "no persons",
    "unit": "no persons",
    "unit_change": "no persons",
    "unit_change_plan": "no persons",
    "unit_head": "holders of public offices",
    "unit_predecessor": "no persons",
    "unit_version": "no persons",
    "webhook_outbox": "ids and digests, written by whoever makes the fact",
    "webhook_wanted": "names of events",
}
"""Tables outside row-level security, and why."""


@pytest.fixture
async def signed(service: Service) -> dict[str, UUID]:
    """A round in which people of two agencies have signed; returns the people's and the agencies' ids."""
    await service.import_roster()
    await service.open_round()
    for nip in (SITI, NURAINI, BUDI):
        device = await service.device(nip)
        await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    await service.run_jobs()
    people = {nip: await service.person(nip) for nip in (SITI, NURAINI, BUDI)}
    return {nip: UUID(person["id"]) for nip, person in people.items()} | {
        "health": UUID(people[SITI]["agency_id"]),
        "inspectorate": UUID(people[BUDI]["agency_id"]),
    }


@asynccontextmanager
async def seen_by(
    service: Service, role: Role, agency: UUID | None = None, person: UUID | None = None
) -> AsyncIterator[Session]:
    scope = Scope(frozenset({agency} if agency else ()))
    async with service.held.get(Database).transaction() as session:
        await confine(session, Principal(person or UUID(int=1), role, scope, person))
        yield session


async def count(session: Session, table: str) -> int:
    return (await session.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one()


def protected(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity"
        )
        return {name for (name,) in rows}


def test_every_table_is_under_row_level_security_or_says_why_not(fresh_database: str) -> None:
    assert set(Base.metadata.tables) - protected(fresh_database) == set(OPEN_TABLES)


def test_the_services_roles_own_nothing_and_pass_nothing_by(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as connection:
        flags = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = ANY(%s)",
            [[SERVICE_ROLE, SCOPED_ROLE]],
        ).fetchall()
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner IN (SELECT oid FROM pg_roles WHERE rolname = ANY(%s))",
            [[SERVICE_ROLE, SCOPED_ROLE]],
        ).fetchone()
    assert sorted(flags) == [(SCOPED_ROLE, *[False] * 5), (SERVICE_ROLE, *[False] * 5)]
    assert owned == (0,)


def test_the_embedded_servers_login_is_no_more_than_the_services_roles(
    postgres: LocalPostgres, fresh_database: str
) -> None:
    url = service_login(fresh_database).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT session_user::text").fetchone() == (LOGIN,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM employee")
    with psycopg.connect(url, options=f"-c role={SERVICE_ROLE}") as connection:
        connection.execute("RESET ROLE")  # the connection's own start
        connection.execute(f"SET ROLE {SCOPED_ROLE}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE pakta")
    assert service_login(fresh_database) == service_login(
        database_url(postgres, fresh_database.rsplit("/", 1)[1].split("?", maxsplit=1)[0])
    )


async def test_an_agencys_administrator_sees_its_rows_and_no_others(service: Service, signed: dict[str, UUID]) -> None:
    async with service.held.get(Database).transaction() as session:
        everything = {t: await count(session, t) for t in protected(owner(service))}
    async with seen_by(service, Role.OPD_ADMIN, signed["health"]) as session:
        health = {t: await count(session, t) for t in everything}
        ids = (await session.execute(text("SELECT id FROM employee"))).scalars()
        assert signed[BUDI] not in ids
        agencies = (await session.execute(text("SELECT DISTINCT agency_id FROM document"))).scalars()
        assert list(agencies) == [signed["health"]]
    async with seen_by(service, Role.OPD_ADMIN, signed["inspectorate"]) as session:
        inspectorate = {t: await count(session, t) for t in everything}
    for table in ("employee", "participant", "obligation", "document", "document_revision", "employee_term", "passkey"):
        assert health[table] > 0 < inspectorate[table], table
        assert health[table] + inspectorate[table] == everything[table], table
    for table in ("signing_session", "signing_evidence", "login_session", "device_key", "api_token", "roster_row"):
        assert everything[table] > 0 == health[table], table


async def test_a_person_sees_their_own_rows(service: Service, signed: dict[str, UUID]) -> None:
    async with seen_by(service, Role.ASN, person=signed[SITI]) as session:
        for table in ("employee", "participant", "passkey", "signing_session", "login_session", "activation"):
            assert await count(session, table) == 1, table
        assert await count(session, "document") == 2
        assert await count(session, "obligation") == 2


async def test_a_dashboard_sees_nobody(service: Service, signed: dict[str, UUID]) -> None:
    async with seen_by(service, Role.DASHBOARD) as session:
        assert {t: await count(session, t) for t in protected(owner(service)) if await count(session, t)} == {}
        assert await count(session, "compliance_cell") > 0


async def test_with_nothing_set_the_scoped_role_sees_nothing(service: Service, signed: dict[str, UUID]) -> None:
    async with service.held.get(Database).transaction() as session:
        await session.execute(text(f"SET LOCAL ROLE {SCOPED_ROLE}"))
        for table in protected(owner(service)):
            assert await count(session, table) == 0, table


async def test_nothing_of_a_scope_stays_on_a_pooled_connection(service: Service, signed: dict[str, UUID]) -> None:
    for _ in range(12):  # more than the pool holds
        async with seen_by(service, Role.ASN, person=signed[SITI]) as session:
            assert await count(session, "employee") == 1
        async with service.held.get(Database).transaction() as session:
            assert await count(session, "employee") == 6
            assert (await session.execute(text("SELECT current_user::text"))).scalar_one() == SERVICE_ROLE


async def test_writing_outside_the_scope_changes_nothing_or_is_refused(
    service: Service, signed: dict[str, UUID]
) -> None:
    async with seen_by(service, Role.OPD_ADMIN, signed["health"]) as session:
        changed = await session.execute(text("UPDATE employee SET name = 'X' WHERE id = :id"), {"id": signed[BUDI]})
        assert changed.rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with seen_by(service, Role.OPD_ADMIN, signed["health"]) as session:
            await session.execute(
                text("INSERT INTO pin (employee_id, hash, failures, created_at) VALUES (:id, 'x', 0, now())"),
                {"id": signed[BUDI]},
            )


@pytest.mark.parametrize("table", ["log_entry", "log_leaf", "log_checkpoint", "compliance_change"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {column} = {column}"])
async def test_the_log_cannot_be_rewritten_by_the_service_itself(
    service: Service, signed: dict[str, UUID], table: str, statement: str
) -> None:
    column = {"log_leaf": "entry_id", "log_checkpoint": "size", "compliance_change": "at"}.get(table, "id")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with service.held.get(Database).transaction() as session:
            await session.execute(text(statement.format(table, column=column)))


def owner(service: Service) -> str:
    return service.held.get(Database).url.replace("+psycopg", "")
