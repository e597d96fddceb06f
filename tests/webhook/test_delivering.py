"""Messages to a real receiver on its good and its bad days."""

import base64
import json
import threading
import time
from datetime import timedelta
from pathlib import Path

from app.pki.keyring import KeyRing
from app.webhook import circuit, delivering, service
from tests.webhook.conftest import ADMIN, NOON, Post, local, open_post
from tests.webhook.receiver import Receiver, receiving, verified

HOUR = timedelta(hours=1)


async def test_a_message_arrives_signed_by_the_specification(post: Post, receiver: Receiver) -> None:
    webhook_id, secret = await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    (taken,) = receiver.requests
    assert verified(secret, taken, now=NOON.timestamp())
    assert not verified("whsec_" + base64.b64encode(bytes(32)).decode(), taken, now=NOON.timestamp())
    assert not verified(secret, taken, now=NOON.timestamp() + 301)
    assert not verified(secret, type(taken)(taken.path, taken.headers, taken.body + b" "), now=NOON.timestamp())
    told = json.loads(taken.body)
    assert (told["type"], told["timestamp"]) == ("document.sealed", "2026-11-23T05:00:00.000Z")
    assert taken.headers["content-type"] == "application/json"
    assert post.states(webhook_id) == {"delivered": 1}
    assert post.sql("SELECT count(*) FROM webhook_outbox") == [(0,)]


async def test_nothing_is_kept_for_an_event_nobody_wants(post: Post, receiver: Receiver) -> None:
    await post.hook(receiver.url, "round.closed")
    post.happen()
    await post.deliver()
    assert receiver.requests == []
    assert post.sql("SELECT count(*) FROM webhook_message") == [(0,)]


async def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends(post: Post, receiver: Receiver) -> None:
    webhook_id, old = await post.hook(receiver.url)
    async with post.session() as session:
        _, new = await service.rotate(session, ADMIN, post.means, webhook_id)
    post.happen()
    await post.deliver()
    post.happen()
    await post.deliver(25 * HOUR)
    both, alone = receiver.requests
    at, later = NOON.timestamp(), post.clock.now().timestamp()
    assert verified(old, both, now=at)
    assert verified(new, both, now=at)
    assert verified(new, alone, now=later)
    assert not verified(old, alone, now=later)


async def test_secrets_are_stored_sealed_and_for_their_endpoint_only(post: Post, receiver: Receiver) -> None:
    one, secret = await post.hook(receiver.url)
    other, _ = await post.hook(receiver.url)
    kept = bytes(post.sql("SELECT secret FROM webhook WHERE id = %s", one)[0][0])
    assert secret.encode() not in kept
    assert base64.b64decode(secret.removeprefix("whsec_")) not in kept
    post.sql("UPDATE webhook SET secret = (SELECT secret FROM webhook WHERE id = %s) WHERE id = %s", one, other)
    post.happen()
    await post.deliver()
    assert (await post.webhook(other)).disabled_cause == "secret"
    assert len(receiver.requests) == 1


async def test_a_message_is_tried_by_the_schedule_and_then_dead(post: Post, receiver: Receiver) -> None:
    receiver.status, receiver.answer = 500, b"broken"
    webhook_id, _ = await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    for number, seconds in enumerate(circuit.SCHEDULE, start=1):
        await post.deliver(timedelta(seconds=seconds - 1))
        assert len(receiver.requests) == number, "too early"
        await post.deliver(timedelta(seconds=1))
        assert len(receiver.requests) == number + 1, "too late"
    assert post.states(webhook_id) == {"dead": 1}
    await post.deliver(timedelta(days=3))
    assert len(receiver.requests) == 8
    assert len(receiver.ids) == 1, "every try carries the same id"
    assert post.sql("SELECT number, status, answer FROM webhook_attempt ORDER BY number") == [
        (number, 500, "broken") for number in range(1, 9)
    ]


async def test_retry_after_is_waited_for_up_to_an_hour(post: Post, receiver: Receiver) -> None:
    receiver.status, receiver.retry_after = 503, "900"
    await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    await post.deliver(timedelta(seconds=899))
    assert len(receiver.requests) == 1
    await post.deliver(timedelta(seconds=1))
    assert len(receiver.requests) == 2


async def test_an_endpoint_down_for_an_hour_gets_everything_and_is_not_stormed(post: Post, receiver: Receiver) -> None:
    receiver.status = 503
    webhook_id, _ = await post.hook(receiver.url)
    post.happen(200)
    for _ in range(60):
        await post.deliver(timedelta(minutes=1))
    assert len(receiver.requests) <= 25, "an outage costs a few requests, whatever the number of messages"
    assert post.sql("SELECT count(*) FROM webhook_attempt") == [(len(receiver.requests),)]
    assert post.sql("SELECT max(tries) < 8 FROM webhook_delivery") == [(True,)]
    assert (await post.webhook(webhook_id)).failing_since is not None
    receiver.status = 204
    await post.deliver(2 * HOUR)
    for _ in range(3):
        await post.deliver(12 * HOUR)
    assert post.states(webhook_id) == {"delivered": 200}
    assert len(receiver.ids) == 200
    back = await post.webhook(webhook_id)
    assert (back.failures, back.failing_since, back.paused_until) == (0, None, None)


async def test_after_days_of_failures_the_endpoint_is_disabled_and_says_why(post: Post, receiver: Receiver) -> None:
    receiver.status = 500
    webhook_id, _ = await post.hook(receiver.url)
    for _ in range(6 * 8):
        post.happen()
        await post.deliver(3 * HOUR)
    found = await post.webhook(webhook_id)
    assert (found.enabled, found.disabled_cause, found.last_error) == (False, "failing", "HTTP 500")
    assert found.disabled_at is not None
    assert timedelta(days=5) <= found.disabled_at - NOON <= timedelta(days=5, hours=9)
    assert len(receiver.requests) < 60
    assert post.sql("SELECT count(*) FROM webhook_wanted") == [(0,)], "nothing is queued for it any longer"


async def test_410_disables_at_once(post: Post, receiver: Receiver) -> None:
    receiver.status = 410
    webhook_id, _ = await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    post.happen()
    await post.deliver(HOUR)
    found = await post.webhook(webhook_id)
    assert (found.enabled, found.disabled_cause) == (False, "gone")
    assert len(receiver.requests) == 1
    assert post.states(webhook_id) == {"dead": 1}


async def test_a_redirect_is_not_followed(post: Post, receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, f"http://127.0.0.1:{receiver.port}/inside"
    await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    assert [one.path for one in receiver.requests] == ["/hook"]
    assert post.sql("SELECT status, error FROM webhook_attempt") == [(302, "")]


async def test_of_a_huge_answer_one_kilobyte_is_read(post: Post, receiver: Receiver) -> None:
    receiver.status, receiver.answer = 200, b"\0x" * 20_000_000
    webhook_id, _ = await post.hook(receiver.url)
    post.happen(3)
    await post.deliver()
    assert post.states(webhook_id) == {"delivered": 3}
    assert post.sql("SELECT max(length(answer)), min(length(answer)) FROM webhook_attempt") == [(512, 512)]
    assert receiver.cut_off == 3, "the rest was not taken"


async def test_a_hanging_endpoint_is_left_after_its_time_and_holds_up_nobody(
    fresh_database: str, tmp_path: Path, keys: KeyRing, receiver: Receiver
) -> None:
    receiver.hangs = threading.Event()
    with receiving() as other:
        async with open_post(fresh_database, tmp_path, keys, local(receiver, other, seconds=1.5)) as post:
            slow, _ = await post.hook(receiver.url)
            quick, _ = await post.hook(other.url)
            post.happen(40)
            began = time.monotonic()
            await post.deliver()
            taken = time.monotonic() - began
            assert post.states(quick) == {"delivered": 40}
            assert post.states(slow) == {"waiting": 40}
            assert len(receiver.requests) <= 8, "the circuit opened"
            assert taken < 6
            found = await post.webhook(slow)
            assert found.last_error == "timeout"
            receiver.hangs.set()


async def test_disabled_means_from_the_next_message_on(post: Post, receiver: Receiver) -> None:
    webhook_id, _ = await post.hook(receiver.url)
    post.happen(5)
    await delivering.fan_out(post.means)
    await post.change(webhook_id, enabled=False)
    await post.deliver()
    assert receiver.requests == []
    await post.change(webhook_id, enabled=True)
    await post.deliver()
    assert len(receiver.requests) == 5


async def test_disabled_in_the_middle_at_most_what_was_under_way_still_arrives(post: Post, receiver: Receiver) -> None:
    receiver.hangs = threading.Event()
    webhook_id, _ = await post.hook(receiver.url)
    post.happen(50)
    pump = delivering.Pump(post.means)
    pump.wake()
    while len(receiver.requests) < 4:
        await post.change(webhook_id, description="waiting")
    await post.change(webhook_id, enabled=False)
    receiver.hangs.set()
    await pump._task  # type: ignore[misc]
    assert len(receiver.requests) == 4
    assert post.states(webhook_id) == {"delivered": 4, "waiting": 46}


async def test_too_many_waiting_messages_disable_an_endpoint(post: Post, receiver: Receiver) -> None:
    post.with_settings(backlog=100)
    receiver.status = 500
    webhook_id, _ = await post.hook(receiver.url)
    for _ in range(4):
        post.happen(50)
        await post.deliver()
    found = await post.webhook(webhook_id)
    assert (found.enabled, found.disabled_cause) == (False, "backlog")
    assert post.sql("SELECT count(*) FROM webhook_delivery")[0][0] <= 150
