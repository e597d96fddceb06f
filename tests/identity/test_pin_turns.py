"""A hall full of people who sign in by PIN at once."""

import asyncio
from contextlib import AsyncExitStack

from app.core.db import Database
from app.identity import pin as pins
from app.identity.browser.edge import PinTurns
from tests.identity.test_known_browsers import browser, sign_in
from tests.service import Service


def test_a_pin_of_nobody_costs_what_a_stored_one_does() -> None:
    assert not pins._HASHER.check_needs_rehash(pins._DECOY)
    assert not pins.matches("no such person", None)


async def test_people_who_wait_for_their_pin_to_be_judged_take_no_connection(service: Service) -> None:
    turns, pool = service.held.get(PinTurns), service.held.get(Database).engine.pool
    async with AsyncExitStack() as held:
        for _ in range(4):
            await held.enter_async_context(turns.free)
        waiting = [asyncio.create_task(sign_in(browser(service))) for _ in range(12)]
        for _ in range(200):
            await asyncio.sleep(0)
        assert turns.free.locked()
        assert pool.checkedout() == 0
    assert len(await asyncio.gather(*waiting)) == 12
