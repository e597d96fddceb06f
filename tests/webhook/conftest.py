"""A fresh database, everything that delivers, and a real receiver at the other end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from app.core.clock import SetClock
from app.core.db import Database, Session
from app.core.ids import new_id
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.settings import DatabaseSettings, ServiceSettings, Settings, StorageSettings
from app.core.webhook_settings import WebhookSettings
from app.pki.keyring import KeyRing
from app.webhook import delivering, service
from app.webhook.means import Means, means_of
from app.webhook.models import Webhook
from app.webhook.schemas import WebhookCreate, WebhookUpdate
from app.wiring import build, open_keys
from tests.webhook.receiver import Receiver, receiving

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ADMIN = Principal(UUID(int=1), Role.BKPSDM_ADMIN, Scope())


@dataclass
class Post:
    """What delivers, and what there is to deliver."""

    url: str
    means: Means
    clock: SetClock

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with self.means.database.transaction() as session:
            yield session

    async def hook(self, url: str, *events: Any) -> tuple[UUID, str]:
        async with self.session() as session:
            wanted = WebhookCreate(url=url, events=list(events) or ["document.sealed"])
            webhook, secret = await service.create(session, ADMIN, self.means, wanted)
            return webhook.id, secret

    async def change(self, webhook_id: UUID, **changes: Any) -> None:
        async with self.session() as session:
            await service.change(session, ADMIN, self.means, webhook_id, WebhookUpdate(**changes))

    async def webhook(self, webhook_id: UUID) -> Webhook:
        async with self.session() as session:
            return await service.get(session, ADMIN, webhook_id)

    def happen(self, count: int = 1, kind: str = "document.sealed") -> None:
        """Put facts into the outbox as the triggers do."""
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            rows = [(kind, self.clock.now(), Jsonb({"document_id": str(new_id())})) for _ in range(count)]
            cursor.executemany("INSERT INTO webhook_outbox (kind, at, data) VALUES (%s, %s, %s)", rows)

    async def deliver(self, after: timedelta = timedelta()) -> None:
        self.clock.advance(after)
        await delivering.run(self.means)

    def states(self, webhook_id: UUID) -> dict[str, int]:
        rows = self.sql("SELECT state, count(*) FROM webhook_delivery WHERE webhook_id = %s GROUP BY 1", webhook_id)
        return dict(rows)

    def with_settings(self, **changes: Any) -> None:
        settings = self.means.settings.model_copy(update=changes)
        self.means = replace(self.means, settings=settings)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    folder = tmp_path_factory.mktemp("keys")
    settings = Settings(given=[StorageSettings(data_dir=folder)])
    return open_keys(settings, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def local(*receivers: Receiver, **changes: Any) -> WebhookSettings:
    """Settings that let messages go to receivers on this machine."""
    ports = ",".join(str(one.port) for one in receivers)
    return WebhookSettings(plain_http=True, ports=ports, allowed_networks="127.0.0.0/8", **changes)


@asynccontextmanager
async def open_post(url: str, folder: Path, keys: KeyRing, settings: WebhookSettings) -> AsyncIterator[Post]:
    given = Settings(
        given=[
            ServiceSettings(jobs=False),
            StorageSettings(data_dir=folder),
            DatabaseSettings(url=SecretStr(url), pool_size=10),
            settings,
        ]
    )
    clock = SetClock(NOON)
    held = build(given, clock, keys, url)
    async with held.get(procrastinate.App).open_async():
        try:
            yield Post(url, replace(means_of(held), chance=lambda: 0.5), clock)
        finally:
            await held.get(Database).close()


@pytest.fixture
async def post(fresh_database: str, tmp_path: Path, keys: KeyRing, receiver: Receiver) -> AsyncIterator[Post]:
    async with open_post(fresh_database, tmp_path, keys, local(receiver)) as opened:
        yield opened
