"""A wave into a real mail server: everybody once, nobody who may not be written to, and what goes wrong is there to see."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import AppError
from app.pki.keyring import KeyRing
from app.reminder import running
from app.reminder.audience import preview as previews
from app.reminder.delivery import Place
from app.reminder.listing import service as listing
from tests.reminder.conftest import ADMIN, Office, open_office
from tests.reminder.sink import Sink


async def test_everybody_who_has_not_signed_gets_one_message_in_both_forms(office: Office) -> None:
    person = next(iter(office.reachable()))
    office.sign(person)
    wave_id = await office.send()
    expected = office.reachable()
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
    first = next(iter(office.reachable()))
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
    count = len(office.reachable())
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
    person, address = next(iter(office.reachable().items()))
    office.sink.hook = lambda asked: office.sign(person) if asked == address else None
    await office.send()
    assert address not in office.sink.by_address
    assert office.sql("SELECT state, cause FROM reminder_delivery WHERE employee_id = %s", person) == [
        ("skipped", "signed")
    ]
    assert len(office.sink.messages) == len(office.reachable())


async def test_an_address_that_is_refused_twice_is_unreachable_and_handed_out(office: Office) -> None:
    await office.plan(most_per_day=9)
    person, address = next(iter(office.reachable().items()))
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
    assert set(causes) == (office.pending() - set(office.reachable())) | {person}
    office.sql("UPDATE employee SET email = 'baru@kota.example' WHERE id = %s", person)
    await office.send()
    assert office.sink.by_address["baru@kota.example"] == 1


async def test_a_server_that_says_later_is_asked_again_and_not_for_ever(office: Office) -> None:
    healing, hopeless = list(office.reachable().values())[:2]
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
    address = next(iter(office.reachable().values()))
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
