"""kill -9 in the middle of 80 ceremonies: what was acknowledged is kept, what was not can be finished, nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.journeys.crashing_city import (
    PATIENCE,
    City,
    Person,
    at_once,
    check_figures,
    check_files,
    check_register,
    open_city,
    receipts_of,
)

PEOPLE, SIGNERS = 250, 80


@pytest.fixture(scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    folder = tmp_path_factory.mktemp("city")
    async with open_city(folder, people=PEOPLE, signers=SIGNERS + 60, connections=SIGNERS, more={}) as opened:
        yield opened


@pytest.mark.parametrize(
    ("signers", "acknowledged", "also_postgres"),
    [(SIGNERS, 25, False), (60, 20, True)],
    ids=["server", "server-and-postgres"],
)
async def test_a_kill_loses_no_acknowledged_signature_and_counts_none_twice(
    city: City, signers: int, acknowledged: int, also_postgres: bool
) -> None:
    people = await city.people(signers)
    await sign_until_killed(city, people, acknowledged, also_postgres=also_postgres)
    done = [person for person in people if person.receipts]
    undone = [person for person in people if not person.receipts]
    assert acknowledged <= len(done) < signers
    await city.server.start()
    receipts = await at_once([receipts_of(person) for person in done], 8)
    assert receipts == [person.receipts for person in done]

    await at_once([person.finish() for person in undone], 8)
    city.signed += signers
    await check_figures(city)
    await check_register(city)
    await check_files(city, people)
    for person in people:
        assert await person.device.pending() == []


async def sign_until_killed(city: City, people: list[Person], most: int, *, also_postgres: bool) -> None:
    """All at once; a quarter begins late, so that the kill finds people in every step."""
    count, first, enough = 0, asyncio.Event(), asyncio.Event()

    def acknowledged() -> None:
        nonlocal count
        count += 1
        first.set()
        if count >= most:
            enough.set()

    async def sign(number: int, person: Person) -> None:
        if number % 4 == 0:
            await first.wait()
        await person.sign(acknowledged)

    ceremonies = [asyncio.create_task(sign(number, person)) for number, person in enumerate(people)]
    await asyncio.wait_for(enough.wait(), 2 * PATIENCE)
    if also_postgres:
        city.server.kill_postgres()
    city.server.kill()
    ends = await asyncio.gather(*ceremonies, return_exceptions=True)
    refused = [end for end in ends if end is not None and not isinstance(end, httpx.TransportError)]
    # between the two kills a request may meet the server without its database
    assert not refused or also_postgres, refused[:3]
