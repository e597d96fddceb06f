"""A city with people for the tests of each module; they let days pass."""

from collections.abc import AsyncIterator

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.web.visits import database_of_a_module


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("accounts"), NOON) as service:
            await service.import_roster()
            yield service


@pytest.fixture(autouse=True)
async def today(city: Service) -> None:
    """Tokens live a day, and the tests of this module let days pass."""
    city.admin = (await city.token(Role.BKPSDM_ADMIN))["authorization"].removeprefix("Bearer ")
