"""One application with the six people of the tests on its roster; every test adds people of its own."""

from collections.abc import AsyncIterator

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
