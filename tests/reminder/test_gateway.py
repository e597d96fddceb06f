"""A wave through an SMS gateway, its bad days, and its word on what became of the messages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.errors import AppError
from app.core.reminder_settings import SmsSettings
from app.pki.keyring import KeyRing
from app.reminder import running
from app.reminder.listing import service as listing
from app.reminder.schemas import CallbackRead
from app.reminder.simulator import UNKNOWN_PREFIX, Gateway
from tests.reminder.conftest import Office, open_office
from tests.reminder.sink import Sink
from tests.reminder.test_channels import gateway_server

SECRET = "rahasia-panggilan"


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def texting(
    fresh_database: str, tmp_path: Path, keys: KeyRing, sink: tuple[Sink, int], gateway: Gateway
) -> AsyncIterator[Office]:
    """Twelve people: those with a phone are sent a text message, the others mail."""
    with gateway_server(gateway) as url:
        sms = SmsSettings.model_validate(
            {
                "url": url,
                "headers": SecretStr('{"Authorization": "Bearer rahasia-gerbang"}'),
                "callback_secret": SecretStr(SECRET),
            }
        )
        async with open_office(fresh_database, tmp_path, keys, sink, people=12, sms=sms) as office:
            office.sql("UPDATE employee SET phone = '08123456' || right(nip, 4) WHERE right(nip, 1)::int % 2 = 0")
            await office.plan(channels=["sms", "mail"], most_per_day=9)
            yield office


async def tell(office: Office, gateway_id: str, status: str, secret: str = SECRET) -> CallbackRead:
    async with office.session() as session:
        body = {"id": gateway_id, "status": status, "reason": "no such subscriber"}
        settings = office.means.reminder
        sms = SmsSettings(callback_secret=SecretStr(SECRET))
        return await listing.take_callback(session, sms, settings, "sms", secret, body, now=office.clock.now())


async def test_each_person_gets_one_message_by_the_first_channel_there_is(texting: Office, gateway: Gateway) -> None:
    await texting.send()
    rows = texting.sql("SELECT channel, state, count(*) FROM reminder_delivery GROUP BY 1, 2")
    by_channel = {channel: count for channel, state, count in rows if state == "sent"}
    assert by_channel == {"sms": len(gateway.taken), "mail": len(texting.sink.messages)}
    assert min(by_channel.values()) > 2
    assert sum(by_channel.values()) == len(texting.pending())
    assert {body["to"][:9] for body in gateway.taken.values()} == {"628123456"}
    assert all("https://ikrar.kota.example" in body["text"] for body in gateway.taken.values())


async def test_a_busy_gateway_is_left_alone_as_long_as_it_asks(texting: Office, gateway: Gateway) -> None:
    gateway.faults = ["busy"]
    await texting.send()
    taken = len(gateway.taken)
    texting.clock.advance(timedelta(seconds=70))  # our own pause is over, the gateway's is not
    await running.run(texting.means)
    assert (len(gateway.taken), texting.states()["waiting"]) == (taken, 1)
    texting.clock.advance(timedelta(seconds=60))
    await running.run(texting.means)
    assert len(gateway.taken) == taken + 1
    assert "waiting" not in texting.states()


async def test_a_lost_answer_is_not_asked_again(texting: Office, gateway: Gateway) -> None:
    gateway.faults = ["hangup"]
    await texting.send()
    texting.clock.advance(timedelta(hours=1))
    await running.run(texting.means)
    assert texting.states()["unknown"] == 1
    assert len({body["to"] for body in gateway.taken.values()}) == len(gateway.taken) == gateway.requests


async def test_callbacks_tell_what_became_of_a_message_and_two_failures_make_a_number_unreachable(
    texting: Office, gateway: Gateway
) -> None:
    for count in (1, 2):
        await texting.send()
        first, second, *_ = (
            row[0]
            for row in texting.sql(
                "SELECT gateway_id FROM reminder_delivery WHERE channel = 'sms' AND state = 'sent' ORDER BY recipient"
            )
        )
        assert (await tell(texting, first, "failed")).state == "bounced"
        assert (await tell(texting, first, "failed")).state == "bounced"  # told twice, counted once
        assert (await tell(texting, second, "delivered")).state == "delivered"
        assert texting.sql("SELECT hard_failures, unreachable_at IS NOT NULL FROM reminder_address") == [
            (count, count == 2)
        ]
        texting.clock.advance(timedelta(minutes=1))
    ((person,),) = texting.sql("SELECT DISTINCT employee_id FROM reminder_delivery WHERE state = 'bounced'")
    wave_id = await texting.send()
    rows = texting.sql(
        "SELECT channel, cause FROM reminder_delivery WHERE wave_id = %s AND employee_id = %s", wave_id, person
    )
    assert rows in ([("mail", "")], [("", "no_channel")])  # who has a mail address is reached by mail from now on


async def test_a_callback_needs_the_secret_and_one_about_nothing_of_ours_changes_nothing(texting: Office) -> None:
    await texting.send()
    ((known,), *_) = texting.sql("SELECT gateway_id FROM reminder_delivery WHERE gateway_id IS NOT NULL")
    for secret in ("", "salah"):
        with pytest.raises(AppError, match="callback_refused"):
            await tell(texting, known, "failed", secret)
    assert await tell(texting, "nothing of ours", "failed") == CallbackRead(known=False)
    assert await tell(texting, known, "queued") == CallbackRead(known=True, state="sent")
    assert "bounced" not in texting.states()


async def test_a_number_the_gateway_does_not_know_fails_with_its_words(texting: Office) -> None:
    texting.sql(f"UPDATE employee SET phone = '{UNKNOWN_PREFIX}1234' WHERE phone <> ''")
    await texting.send()
    rows = texting.sql(
        "SELECT DISTINCT state, cause, detail LIKE '%%unknown number%%' FROM reminder_delivery WHERE channel = 'sms'"
    )
    assert rows == [("failed", "address", True)]
