"""One authority of ours, two simulated services on loopback, and one token, for all tests of providers."""

from collections.abc import AsyncIterator

import pytest

from app.core.postgres import LocalPostgres
from app.pki import keyring
from app.simulator import bsre, csc
from app.simulator.authority import make_authority
from tests.signing.providers.cases import CASES, NOW, Case, World, make_token, served
from tests.signing.providers.town import Town, running_town


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("providers")
    keyring.init_keys(folder / "keys", b"uji", institution="Pemerintah Kota Contoh", now=NOW)
    ours = keyring.load_keys(folder / "keys", b"uji").authority
    simulated = make_authority("BSrE", NOW)
    gateway, remote = bsre.Gateway(simulated, lambda: NOW), csc.Service(simulated, lambda: NOW)
    gateway.faults.slow_seconds = remote.faults.slow_seconds = 30.0
    token = make_token(folder, simulated)
    async with served(bsre.build(gateway)) as bsre_url, served(csc.build(remote)) as csc_url:
        yield World(ours, simulated, folder, bsre_url, gateway, csc_url, remote, token)


@pytest.fixture(params=CASES)
async def case(world: World, request: pytest.FixtureRequest) -> Case:
    """Each provider in turn: what holds for one holds for all."""
    made = CASES[request.param](world)
    made.faults.waiting.clear()
    return made


@pytest.fixture(scope="session")
async def elsewhere(
    world: World, postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """The application with every provider."""
    folder = tmp_path_factory.mktemp("town")
    async with running_town(postgres, folder, world, ",".join(CASES), seconds=2.0) as town:
        yield town


@pytest.fixture(autouse=True)
def good_day(world: World) -> None:
    """No fault is left over from another test."""
    world.bsre.faults.waiting.clear()
    world.csc.faults.waiting.clear()
    world.bsre.shape = "pdf"
