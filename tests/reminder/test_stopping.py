"""What stops a wave, what it waits for, and what it never sends: pause, cancel, night, deadline, a process that ends."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.core.errors import AppError
from app.pki.keyring import KeyRing
from app.reminder import running, service
from app.reminder.schemas import PauseWrite
from tests.reminder.conftest import ADMIN, Office, open_office
from tests.reminder.sink import Sink


async def test_everything_stops_at_once_and_goes_on_where_it_was(office: Office) -> None:
    addresses = sorted(office.reachable().values())
    seen: list[str] = []

    def stop(address: str) -> None:
        seen.append(address)
        if len(seen) == 10:
            office.sql("UPDATE reminder_pause SET paused_at = now()")

    office.sink.hook = stop
    wave_id = await office.send()
    sent = len(office.sink.messages)
    assert sent < 10
    await running.run(office.means)
    assert len(office.sink.messages) == sent
    assert (await office.wave(wave_id)).state == "running"
    async with office.session() as session:
        await service.pause(session, ADMIN, PauseWrite(paused=False), now=office.clock.now())
    await running.run(office.means)
    assert dict(office.sink.by_address) == dict.fromkeys(addresses, 1)


async def test_a_cancelled_wave_sends_no_further_message(office: Office) -> None:
    waves: list[UUID] = []
    seen: list[str] = []

    def cancel(address: str) -> None:
        seen.append(address)
        if len(seen) == 10:
            office.sql("UPDATE reminder_wave SET state = 'cancelled', cancelled_at = now()")

    office.sink.hook = cancel
    waves.append(await office.send())
    assert len(office.sink.messages) < 10
    async with office.session() as session:
        with pytest.raises(AppError, match="wave_over"):
            await service.cancel_wave(session, ADMIN, waves[0], now=office.clock.now())
    assert office.states()["sent"] == len(office.sink.messages)


async def test_cancelling_before_the_first_message_sends_none(office: Office) -> None:
    wave_id = await office.ask()
    async with office.session() as session:
        await service.cancel_wave(session, ADMIN, wave_id, now=office.clock.now())
    await running.run(office.means)
    assert office.sink.messages == []


async def test_a_wave_asked_for_at_night_waits_for_the_morning_and_one_that_runs_into_the_night_stops(
    office: Office,
) -> None:
    office.clock.advance(timedelta(hours=9, minutes=59))  # 19.59 WIB
    addresses = office.reachable()
    office.sink.hook = lambda _: office.clock.advance(timedelta(seconds=10))
    wave_id = await office.send()
    assert 0 < len(office.sink.messages) < 10
    office.sink.hook = lambda _: None
    office.clock.advance(timedelta(hours=1))
    await running.run(office.means)
    assert len(office.sink.messages) < 10
    at_night = await office.ask()
    assert f"{(await office.wave(at_night)).due_at:%m-%d %H:%M}" == "11-24 00:00"  # 07.00 WIB
    office.clock.advance(timedelta(hours=10))
    await running.run(office.means)
    assert set(office.sink.by_address) == set(addresses.values())
    assert (await office.wave(wave_id)).state == "done"


async def test_nothing_leaves_after_the_deadline(office: Office) -> None:
    person, address = next(iter(office.reachable().items()))
    office.sink.rcpt[address] = ["451 later"]
    wave_id = await office.send()
    office.clock.advance(timedelta(days=40))
    await running.run(office.means)
    assert address not in office.sink.by_address
    assert office.sql("SELECT state, cause FROM reminder_delivery WHERE employee_id = %s", person) == [
        ("skipped", "closed")
    ]
    assert (await office.wave(wave_id)).state == "done"


async def test_the_schedule_sends_by_itself_once_and_what_is_long_past_is_shown_as_missed(
    fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int]
) -> None:
    async with open_office(fresh_database, tmp_path, keys, sink, automatic=True) as office:
        for _ in range(3):
            await running.run(office.means)  # the round opened two hours ago
        assert set(office.sink.by_address.values()) == {1}
        office.clock.advance(timedelta(days=7))  # 10.00 of the next sending day, whose time is 09.00
        await running.run(office.means)
        assert set(office.sink.by_address.values()) == {2}
        office.clock.advance(timedelta(days=20))  # nobody ran the service for twenty days
        await running.run(office.means)
        rows = office.sql(
            "SELECT kind, state, count(*) FROM reminder_wave WHERE kind IN ('first', 'regular', 'last') GROUP BY 1, 2"
        )
        missed = ("regular", "missed", 2)
        assert set(rows) == {("first", "done", 1), ("regular", "done", 1), missed, ("last", "done", 1)}
        assert set(office.sink.by_address.values()) == {3}


async def test_an_activation_link_goes_only_to_who_has_no_account_and_only_where_the_message_leaves(
    office: Office,
) -> None:
    await office.plan(activation_links=True)
    people = list(office.reachable().items())
    (member, with_account), (signer, signing) = people[:2]
    office.sql("INSERT INTO pin (employee_id, hash, failures) VALUES (%s, 'x', 0)", member)
    office.sink.hook = lambda asked: office.sign(signer) if asked == signing else None
    await office.send()
    linked = {row[0] for row in office.sql("SELECT employee_id FROM activation")}
    assert linked == set(office.reachable()) - {member}
    for person, address in people[1:]:
        if person == signer:
            continue
        plain = office.sink.to(address).get_body(("plain",))
        assert plain is not None
        assert "https://ikrar.kota.example/aktivasi/" in plain.get_content()
        assert "/aktivasi/" not in office.sink.to(address)["Subject"]
    assert "/aktivasi/" not in str(office.sink.to(with_account))


async def test_a_cancelled_process_writes_down_what_it_has_sent(office: Office) -> None:
    """Told to stop, a worker brings the messages on its lines to their end; the rest goes on later, nobody twice."""
    await office.ask()
    loop, stopping = asyncio.get_running_loop(), asyncio.create_task(running.run(office.means))
    seen: list[str] = []

    def stop(address: str) -> None:
        seen.append(address)
        if len(seen) == 8:
            loop.call_soon_threadsafe(stopping.cancel)

    office.sink.hook = stop
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert 0 < len(office.sink.messages) < len(office.reachable())
    await running.run(office.means)
    assert dict(office.sink.by_address) == dict.fromkeys(office.reachable().values(), 1)
    assert "unknown" not in office.states()
