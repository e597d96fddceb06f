"""Real PostgreSQL for every test: one server a run, one database a test, copied from a migrated template."""

import fcntl
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from app.core.ids import new_id
from app.core.memory import loading
from app.core.postgres import LocalPostgres, find_binaries
from app.core.schema import upgrade
from tests.in_memory import work_in_memory
from tests.service import Service, running_service

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # 12.00 WIB on the cut-off day of the tests' rounds
TEMPLATE = "pakta_template"
HASTY = ("fsync", "full_page_writes", "synchronous_commit")
"""What this run's server leaves out: nobody cuts its power. Tests that kill a server start one of their own."""
LONGEST = ("journeys", "cli", "tests")  # folders: of the last only the modules beside this one


def pytest_configure(config: pytest.Config) -> None:
    work_in_memory(config)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """What is imported stays to the end of the run: a third of what the collector would look through again and again."""
    with loading():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys and benchmarks take longest: begun last, one of them would have the other worker wait for minutes."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder all worker processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[LocalPostgres]:
    """The server of this run with the migrated template database."""
    server = LocalPostgres(run_folder / "postgres", find_binaries(None))
    url = server.start()
    with (run_folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (run_folder / "template.done").exists():
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
                for setting in HASTY:
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
            upgrade(database_url(server, TEMPLATE))
            (run_folder / "template.done").touch()
    yield server
    server.stop()


def database_url(server: LocalPostgres, name: str) -> str:
    return server.url.replace("/pakta?", f"/{name}?")


@pytest.fixture
def fresh_database(postgres: LocalPostgres) -> Iterator[str]:
    """The URL of a database of this test's own."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield database_url(postgres, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def service(fresh_database: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The whole application over a fresh database, with a clock that stands at noon."""
    async with running_service(fresh_database, tmp_path, NOON) as started:
        yield started
