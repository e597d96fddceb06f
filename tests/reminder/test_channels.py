"""One contract for every channel: taken, refused for good, later, away, and in doubt, each told as what it is."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.core.errors import CannotStart
from app.core.handing import Handing, NotHanded
from app.core.mail import SmtpMailer
from app.core.reminder_settings import GatewaySettings
from app.reminder.channels.base import Channel, Letter, Line, Receipt
from app.reminder.channels.http_gateway import HttpGatewayChannel, at_path, filled, international
from app.reminder.channels.smtp import MailChannel
from app.reminder.simulator import RETRY_AFTER, UNKNOWN_PREFIX, Gateway, build
from tests.core.test_mail import free_port
from tests.reminder.sink import smtp_sink

FIELDS = {"name": 'Siti "{to}" Rahayu', "round": "Pilkada", "deadline": "besok", "link": "https://x.example"}


def letter() -> Letter:
    return Letter(uuid4(), "Pengingat", "Yth. Siti\n", "<p>Yth. Siti</p>", "Yth. Siti", FIELDS)


@dataclass
class Bench:
    """A channel with the other side of it; each way of going wrong is arranged by a call."""

    channel: Channel
    good: str
    bad: str
    taken: Callable[[], int]
    later: Callable[[], None]
    doubt: Callable[[], None]
    away: Channel


@contextmanager
def gateway_server(gateway: Gateway) -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = uvicorn.Server(uvicorn.Config(build(gateway), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/messages"
        server.should_exit = True
        thread.join(10)


def settings(url: str, **changes: Any) -> GatewaySettings:
    return GatewaySettings.model_validate(
        {"url": url, "headers": SecretStr('{"Authorization": "Bearer rahasia-gerbang"}')} | changes
    )


@contextmanager
def mail_bench() -> Iterator[Bench]:
    with smtp_sink() as (sink, port):
        channel = MailChannel(SmtpMailer(f"smtp://127.0.0.1:{port}", "pakta@x.example"))
        away = MailChannel(SmtpMailer(f"smtp://127.0.0.1:{free_port()}", "pakta@x.example"))
        sink.rcpt["nobody@x.example"] = ["550 no such user"]
        yield Bench(
            channel,
            "siti@x.example",
            "nobody@x.example",
            lambda: len(sink.messages),
            lambda: sink.data.update({"siti@x.example": ["451 later"]}),
            lambda: sink.data.update({"siti@x.example": ["hang up"]}),
            away,
        )


@contextmanager
def gateway_bench(name: str, body: str) -> Iterator[Bench]:
    gateway = Gateway(slow_seconds=5.0)
    with gateway_server(gateway) as url:
        yield Bench(
            HttpGatewayChannel(name, settings(url, body=body, id_path="messages.0.id")),
            "0812-3456-789",
            UNKNOWN_PREFIX + "1234",
            lambda: len(gateway.taken),
            lambda: gateway.faults.append("busy"),
            lambda: gateway.faults.append("hangup"),
            HttpGatewayChannel(name, settings(f"http://127.0.0.1:{free_port()}/messages")),
        )


WHATSAPP = json.dumps(
    {
        "to": "{to}",
        "type": "template",
        "template": {"name": "pengingat", "components": [{"parameters": [{"type": "text", "text": "{name}"}]}]},
    }
)
BENCHES = {
    "mail": mail_bench,
    "sms": lambda: gateway_bench("sms", '{"to": "{to}", "text": "{text}"}'),
    "whatsapp": lambda: gateway_bench("whatsapp", WHATSAPP),
}


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    with BENCHES[request.param]() as opened:
        yield opened


async def pass_on(line: Line, address: str, what: Letter) -> Receipt:
    await line.begin(address)
    await line.load(address, what)
    line.hand()
    return await line.finish()


async def hand(channel: Channel, address: str, what: Letter | None = None) -> Receipt:
    async with channel.line() as line:
        return await pass_on(line, address, what or letter())


async def refusal(channel: Channel, address: str) -> NotHanded:
    with pytest.raises(NotHanded) as told:
        await hand(channel, address)
    return told.value


async def test_a_message_is_taken_once(bench: Bench) -> None:
    assert bench.channel.available
    assert bench.channel.delivers
    await hand(bench.channel, bench.good)
    assert bench.taken() == 1


async def test_one_line_carries_many_messages(bench: Bench) -> None:
    async with bench.channel.line() as line:
        for _ in range(5):
            await pass_on(line, bench.good, letter())
    assert bench.taken() == 5


async def test_what_was_begun_and_left_is_not_sent(bench: Bench) -> None:
    async with bench.channel.line() as line:
        await line.begin(bench.good)
        await line.abandon()
        await line.begin(bench.good)
        await line.load(bench.good, letter())
        await line.abandon()
        await pass_on(line, bench.good, letter())
    assert bench.taken() == 1


async def test_an_address_that_does_not_exist_is_refused_for_good_and_the_line_goes_on(bench: Bench) -> None:
    async with bench.channel.line() as line:
        with pytest.raises(NotHanded) as told:
            await pass_on(line, bench.bad, letter())
        assert told.value.handing is Handing.ADDRESS
        assert told.value.reason
        await pass_on(line, bench.good, letter())
    assert bench.taken() == 1


@pytest.mark.parametrize("address", ["", "tanpa alamat", "+", "a@b@c", "x\r\nBcc: y@x.example"])
async def test_what_is_no_address_at_all_never_leaves(bench: Bench, address: str) -> None:
    assert (await refusal(bench.channel, address)).handing is Handing.ADDRESS
    assert bench.taken() == 0


async def test_a_busy_server_says_later_and_takes_it_then(bench: Bench) -> None:
    bench.later()
    told = await refusal(bench.channel, bench.good)
    assert told.handing is Handing.LATER
    assert told.retry_after in {0.0, float(RETRY_AFTER)}
    await hand(bench.channel, bench.good)
    assert bench.taken() == 1


async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(bench: Bench) -> None:
    bench.doubt()
    assert (await refusal(bench.channel, bench.good)).handing is Handing.UNKNOWN
    assert bench.taken() == 1


async def test_a_server_that_is_not_there_says_nothing_about_the_message(bench: Bench) -> None:
    assert (await refusal(bench.away, bench.good)).handing is Handing.AWAY


async def test_a_gateway_that_knows_keys_is_asked_again_and_takes_it_once() -> None:
    gateway = Gateway(faults=["hangup"])
    with gateway_server(gateway) as url:
        channel, what = HttpGatewayChannel("sms", settings(url, idempotent=True)), letter()
        with pytest.raises(NotHanded) as told:
            await hand(channel, "0812345678", what)
        assert told.value.handing is Handing.LATER
        assert (await hand(channel, "0812345678", what)).gateway_id == "msg-1"
        assert gateway.requests == 2
        assert len(gateway.taken) == 1


@pytest.mark.parametrize(
    ("fault", "handing"), [("error", Handing.UNKNOWN), ("unavailable", Handing.LATER), ("slow", Handing.UNKNOWN)]
)
async def test_a_gateways_bad_days(fault: str, handing: Handing) -> None:
    with gateway_server(Gateway(faults=[fault], slow_seconds=1.0)) as url:
        assert (await refusal(HttpGatewayChannel("sms", settings(url, seconds=0.3)), "0812345678")).handing is handing


async def test_a_wrong_secret_is_no_fault_of_the_number() -> None:
    with gateway_server(Gateway()) as url:
        channel = HttpGatewayChannel("sms", settings(url, headers=SecretStr("{}")))
        assert (await refusal(channel, "0812345678")).handing is Handing.REFUSED


async def test_a_value_never_changes_the_shape_of_the_body() -> None:
    gateway = Gateway()
    with gateway_server(gateway) as url:
        await hand(HttpGatewayChannel("whatsapp", settings(url, body=WHATSAPP)), "0812345678")
    (body,) = gateway.taken.values()
    assert body["template"]["components"][0]["parameters"][0]["text"] == FIELDS["name"]
    assert body["to"] == "62812345678"


@given(st.dictionaries(st.sampled_from(["to", "name", "text"]), st.text()))
def test_filling_keeps_everything_but_the_texts(values: dict[str, str]) -> None:
    template = {"a": ["{to}", {"b": "x {name} {text}"}], "n": 1, "none": None}
    found = json.loads(json.dumps(filled(template, values)))
    name, text, to = (values.get(key, "") for key in ("name", "text", "to"))
    assert found == {"a": [to, {"b": f"x {name} {text}"}], "n": 1, "none": None}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0812-3456-789", "628123456789"),
        ("+62 812 3456 789", "628123456789"),
        ("0062812345678", "62812345678"),
        ("62812345678", "62812345678"),
        ("(0341) 551234", "62341551234"),
    ],
)
def test_numbers_are_made_international(number: str, expected: str) -> None:
    assert international(number, "62") == expected


@pytest.mark.parametrize("number", ["", "0811", "abc", "0812345678901234567", "08123a45678", "٠٨١٢٣٤٥٦٧٨"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(NotHanded):
        international(number, "62")


@pytest.mark.parametrize(
    ("path", "expected"), [("id", "7"), ("a.0.b", "x"), ("a.1.b", ""), ("a.x", ""), ("none", ""), ("id.more", "")]
)
def test_a_path_into_an_answer_finds_texts_and_numbers_only(path: str, expected: str) -> None:
    assert at_path({"id": 7, "a": [{"b": "x"}], "none": None}, path) == expected


@pytest.mark.parametrize(
    "changes", [{"body": "{"}, {"body": "[]"}, {"body": '{"x": "{nik}"}'}, {"headers": SecretStr("[]")}]
)
def test_settings_that_make_no_message_do_not_start(changes: dict[str, Any]) -> None:
    with pytest.raises(CannotStart, match="PAKTA_SMS_"):
        HttpGatewayChannel("sms", settings("http://x.example", **changes))
