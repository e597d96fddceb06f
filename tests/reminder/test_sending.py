"""A wave into a real mail server: everybody once, nobody who may not be written to, and what goes wrong is there to see."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.core.errors import AppError
from app.pki.keyring import KeyRing
from app.reminder import running, service
from app.reminder.audience import preview as previews
from app.reminder.delivery import Place
from app.reminder.listing import service as listing
from app.reminder.schemas import PauseWrite
from tests.reminder.conftest import ADMIN, Office, open_office
from tests.reminder.sink import Sink


def reachable(office: Office) -> dict[UUID, str]:
    return {person: address for person in office.pending() if (address := office.address(person))}


async def test_everybody_who_has_not_signed_gets_one_message_in_both_forms(office: Office) -> None:
    person = next(iter(reachable(office)))
    office.sign(person)
    wave_id = await office.send()
    expected = reachable(office)
    assert person not in expected
    assert len(expected) > 20
    assert dict(office.sink.by_address) == dict.fromkeys(expected.values(), 1)
    assert (await office.wave(wave_id)).state == "done"
    one, address = next(iter(expected.items()))
    ((name, delivery),) = office.sql(
        "SELECT name, id FROM reminder_delivery WHERE employee_id = %s AND state = 'sent'", one
    )
    message = office.sink.to(address)
    assert message["Message-ID"] == f"<{delivery}@kota.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (plain, html):
        assert name in part.get_content()
        assert "https://ikrar.kota.example" in part.get_content()
        assert "aktivasi/" not in part.get_content()
    assert name not in message["Subject"]
    assert "23 Desember 2026" in plain.get_content()


async def test_the_dry_run_is_what_is_sent(office: Office) -> None:
    await office.plan(most_per_day=1)
    first = next(iter(reachable(office)))
    office.sql("UPDATE employee SET email = 'tanpa alamat' WHERE id = %s", first)
    told = []
    after = Place()
    async with office.session() as session:
        while page := await previews.preview(
            session, ADMIN, office.means, office.round_id, "manual", at=office.clock.now(), after=after, limit=7
        ):
            told += [row for _, row in page]
            after = page[-1][0]
    assert office.sql("SELECT count(*) FROM reminder_delivery") == [(0,)]
    await office.send()
    rows = office.sql(
        "SELECT employee_id, CASE state WHEN 'sent' THEN 'send' ELSE cause END, channel FROM reminder_delivery"
    )
    assert {(row.employee_id, row.outcome, row.channel) for row in told} == set(rows)
    assert {row.employee_id for row in told} == office.pending()
    assert {row.outcome for row in told} == {"send", "no_channel"}
    again = office.clock.now() + timedelta(minutes=5)
    async with office.session() as session:
        later = await previews.preview(
            session, ADMIN, office.means, office.round_id, "manual", at=again, after=Place(), limit=100
        )
    assert {row.outcome for _, row in later} == {"cap_day", "no_channel"}


async def test_a_person_gets_no_more_than_the_caps_allow(office: Office) -> None:
    await office.plan(most_per_day=1, most_per_round=2)
    for hours in (0, 1, 23, 24):  # today, today, tomorrow, the day after
        office.clock.advance(timedelta(hours=hours))
        await office.send()
    assert set(office.sink.by_address.values()) == {2}
    causes = dict(office.sql("SELECT cause, count(*) FROM reminder_delivery WHERE cause LIKE 'cap%%' GROUP BY cause"))
    count = len(reachable(office))
    assert causes == {"cap_day": count, "cap_round": count}


async def test_two_waves_at_once_keep_the_cap(office: Office) -> None:
    await office.plan(most_per_day=1)
    first = await office.ask()
    office.clock.advance(timedelta(seconds=1))
    second = await office.ask()
    await asyncio.gather(*(running.run(office.means) for _ in range(3)))
    await running.run(office.means)
    assert set(office.sink.by_address.values()) == {1}
    assert {(await office.wave(wave)).state for wave in (first, second)} == {"done"}


async def test_who_signs_between_the_list_and_the_message_gets_none(office: Office) -> None:
    """The server is already being asked for the address when the person signs: no DATA follows."""
    person, address = next(iter(reachable(office).items()))
    office.sink.hook = lambda asked: office.sign(person) if asked == address else None
    await office.send()
    assert address not in office.sink.by_address
    assert office.sql("SELECT state, cause FROM reminder_delivery WHERE employee_id = %s", person) == [
        ("skipped", "signed")
    ]
    assert len(office.sink.messages) == len(reachable(office))


async def test_an_address_that_is_refused_twice_is_unreachable_and_handed_out(office: Office) -> None:
    await office.plan(most_per_day=9)
    person, address = next(iter(reachable(office).items()))
    office.sink.rcpt[address] = ["550 5.1.1 no such user", "550 5.1.1 no such user"]
    for state in ("failed", "failed", "skipped"):
        wave_id = await office.send()
        ((found, cause, detail),) = office.sql(
            "SELECT state, cause, detail FROM reminder_delivery WHERE wave_id = %s AND employee_id = %s",
            wave_id,
            person,
        )
        assert found == state
        assert (cause, "no such user" in detail) == (("no_channel", False) if state == "skipped" else ("address", True))
        office.clock.advance(timedelta(minutes=1))
    assert address not in office.sink.by_address
    async with office.session() as session:
        told = await previews.handout(
            session, ADMIN, office.means, office.round_id, agency_id=None, after=Place(), limit=100
        )
    causes = {row.employee_id: row.cause for _, row in told}
    assert causes[person] == "unreachable"
    assert set(causes) == (office.pending() - set(reachable(office))) | {person}
    office.sql("UPDATE employee SET email = 'baru@kota.example' WHERE id = %s", person)
    await office.send()
    assert office.sink.by_address["baru@kota.example"] == 1


async def test_a_server_that_says_later_is_asked_again_and_not_for_ever(office: Office) -> None:
    healing, hopeless = list(reachable(office).values())[:2]
    office.sink.rcpt[healing] = ["451 greylisted"]
    office.sink.data[hopeless] = ["452 full"] * 9
    wave_id = await office.send()
    assert (await office.wave(wave_id)).state == "running"
    assert office.states()["waiting"] == 2
    await running.run(office.means)
    assert office.states()["waiting"] == 2  # not before its time
    for minutes in (1, 4, 16):
        office.clock.advance(timedelta(minutes=minutes))
        await running.run(office.means)
    assert office.sink.by_address[healing] == 1
    assert hopeless not in office.sink.by_address
    assert office.sql("SELECT state, cause, attempts, detail FROM reminder_delivery WHERE address = %s", hopeless) == [
        ("failed", "gave_up", 4, "452 full")
    ]
    assert (await office.wave(wave_id)).state == "done"


async def test_a_connection_that_ends_within_a_message_leaves_it_unknown_and_only_a_person_sends_it_again(
    office: Office,
) -> None:
    address = next(iter(reachable(office).values()))
    office.sink.data[address] = ["hang up"]
    wave_id = await office.send()
    office.clock.advance(timedelta(hours=1))
    await running.run(office.means)
    ((delivery, state, cause),) = office.sql(
        "SELECT id, state, cause FROM reminder_delivery WHERE address = %s", address
    )
    assert (state, cause) == ("unknown", "interrupted")
    assert office.sink.by_address[address] == 1
    assert (await office.wave(wave_id)).state == "done"
    async with office.session() as session:
        await listing.resend(session, ADMIN, delivery, now=office.clock.now())
    await running.run(office.means)
    first, second = [message for message in office.sink.messages if message["To"] == address]
    assert first["Message-ID"] == second["Message-ID"]
    with pytest.raises(AppError, match="not_resendable"):
        async with office.session() as session:
            await listing.resend(session, ADMIN, delivery, now=office.clock.now())


async def test_a_server_that_is_away_costs_nobody_a_try(
    fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int]
) -> None:
    async with open_office(fresh_database, tmp_path, keys, (sink[0], 1)) as office:  # nobody listens at port 1
        await office.send()
        await running.run(office.means)
        assert set(office.sql("SELECT state, attempts FROM reminder_delivery WHERE cause = ''")) == {("waiting", 0)}


async def test_everything_stops_at_once_and_goes_on_where_it_was(office: Office) -> None:
    addresses = sorted(reachable(office).values())
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
    addresses = reachable(office)
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
    person, address = next(iter(reachable(office).items()))
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
    people = list(reachable(office).items())
    (member, with_account), (signer, signing) = people[:2]
    office.sql("INSERT INTO pin (employee_id, hash, failures) VALUES (%s, 'x', 0)", member)
    office.sink.hook = lambda asked: office.sign(signer) if asked == signing else None
    await office.send()
    linked = {row[0] for row in office.sql("SELECT employee_id FROM activation")}
    assert linked == set(reachable(office)) - {member}
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
    assert 0 < len(office.sink.messages) < len(reachable(office))
    await running.run(office.means)
    assert dict(office.sink.by_address) == dict.fromkeys(reachable(office).values(), 1)
    assert "unknown" not in office.states()
