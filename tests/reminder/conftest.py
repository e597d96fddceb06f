"""A round in a fresh database, everything that sends, and a real mail server at the other end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
import pytest
from pydantic import SecretStr

from app.core.clock import SetClock
from app.core.db import Database, Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.reminder_settings import ReminderSettings, SmsSettings
from app.core.resources import Resources
from app.core.settings import DatabaseSettings, MailSettings, ServiceSettings, Settings, StorageSettings
from app.pki.keyring import KeyRing
from app.reminder import queries, running, service
from app.reminder.means import Means, means_of
from app.reminder.models import ReminderWave
from app.reminder.plan import Plan
from app.reminder.schemas import WaveCreate
from app.wiring import build, open_keys
from tests.compliance.register import Register, move, write_round
from tests.reminder.sink import Sink, smtp_sink

TEN = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 10.00 WIB of the day the round opened (08.00 WIB)
ADMIN = Principal(UUID(int=1), Role.BKPSDM_ADMIN, Scope())
PLEDGES = ("ikrar_netralitas", "pakta_integritas")


@dataclass
class Office:
    """The register of a round, what sends, and what arrived."""

    url: str
    register: Register
    held: Resources
    means: Means
    clock: SetClock
    sink: Sink

    @property
    def round_id(self) -> UUID:
        return self.register.round_id

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def sign(self, person: UUID) -> None:
        with psycopg.connect(self.url) as connection:
            move(connection, self.register, person, PLEDGES, "signed", self.clock.now())

    def address(self, person: UUID) -> str:
        ((email,),) = self.sql("SELECT email FROM employee WHERE id = %s", person)
        return str(email)

    def pending(self) -> set[UUID]:
        return {row[0] for row in self.sql("SELECT employee_id FROM participant WHERE state = 'pending'")}

    def reachable(self) -> dict[UUID, str]:
        """Who has not signed and has an address."""
        return {person: address for person in self.pending() if (address := self.address(person))}

    def states(self) -> dict[str, int]:
        return dict(self.sql("SELECT state, count(*) FROM reminder_delivery GROUP BY state"))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with self.held.get(Database).transaction() as session:
            yield session

    async def plan(self, **changes: Any) -> None:
        async with self.session() as session:
            await service.change_plan(session, ADMIN, self.means, self.round_id, Plan.model_validate(changes))

    async def ask(self, kind: str = "manual") -> UUID:
        async with self.session() as session:
            wanted = WaveCreate.model_validate({"kind": kind})
            return (await service.ask_wave(session, ADMIN, self.means, self.round_id, wanted)).id

    async def send(self, kind: str = "manual") -> UUID:
        wave_id = await self.ask(kind)
        await running.run(self.means)
        return wave_id

    async def wave(self, wave_id: UUID) -> ReminderWave:
        async with self.session() as session:
            found = await queries.lock_wave(session, wave_id)
            assert found is not None
            return found


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    folder = tmp_path_factory.mktemp("keys")
    settings = Settings(given=[StorageSettings(data_dir=folder)])
    return open_keys(settings, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    with smtp_sink() as opened:
        yield opened


@asynccontextmanager
async def open_office(
    url: str,
    folder: Path,
    keys: KeyRing,
    sink: tuple[Sink, int],
    *,
    people: int = 30,
    sms: SmsSettings | None = None,
    **reminder: Any,
) -> AsyncIterator[Office]:
    with psycopg.connect(url) as connection:
        register = write_round(connection, people=people)
        connection.execute(
            "UPDATE employee SET email = 'p' || ltrim(nip, '0') || '@kota.example' WHERE ltrim(nip, '0') <> ''"
        )
        connection.execute(
            "UPDATE participant SET printed = jsonb_build_object('name', name, 'unit', 'Unit', 'position', 'Staf')"
        )
    settings = Settings(
        given=[
            ServiceSettings(base_url="https://ikrar.kota.example", jobs=False, smallest_group=1),
            StorageSettings(data_dir=folder),
            DatabaseSettings(url=SecretStr(url), pool_size=10),
            MailSettings(url=SecretStr(f"smtp://127.0.0.1:{sink[1]}"), sender="pakta@kota.example"),
            ReminderSettings.model_validate({"connections": 3, "automatic": False} | reminder),
            sms or SmsSettings(),
        ]
    )
    clock = SetClock(TEN)
    held = build(settings, clock, keys, url)
    async with held.get(procrastinate.App).open_async():
        try:
            yield Office(url, register, held, means_of(held), clock, sink[0])
        finally:
            await held.get(Database).close()


@pytest.fixture
async def office(fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int]) -> AsyncIterator[Office]:
    """Thirty people, one of them without a mail address; three or so are exempt."""
    async with open_office(fresh_database, tmp_path, keys, sink) as opened:
        yield opened
