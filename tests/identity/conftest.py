"""One open round for all tests of this folder; every test takes people of its own."""

from collections.abc import AsyncIterator

import pytest

from app.core.postgres import LocalPostgres
from tests.signing.opened_round import HEALTH, INSPECTORATE, OpenedRound, opened_round, person_row


@pytest.fixture(scope="session")
async def a_round(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    people = [person_row(n, HEALTH if n % 2 else INSPECTORATE) for n in range(1, 121)]
    async with opened_round(postgres, tmp_path_factory.mktemp("identity"), people) as opened:
        yield opened
