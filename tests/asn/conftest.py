"""One application with the six people of the tests on its roster; every test adds people of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.postgres import LocalPostgres
from tests.service import Service, running_service
from tests.signing.opened_round import NOON, new_database


@pytest.fixture(scope="session")
async def office(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("asn"), NOON) as service:
            await service.import_roster()
            yield service


@pytest.fixture
async def town(postgres: LocalPostgres, tmp_path: Path) -> AsyncIterator[Service]:
    """An application of this test's own with the units of `tests.opd.units` and nobody on the roster."""
    with new_database(postgres) as url:
        async with running_service(url, tmp_path, NOON) as service:
            yield service
