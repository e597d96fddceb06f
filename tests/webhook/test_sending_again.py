"""Messages sent again: asked for, after a process died, by two processes at once; and many of them."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from app.webhook import delivering, service
from app.webhook.schemas import ReplayRange
from tests.webhook.conftest import ADMIN, NOON, Post
from tests.webhook.receiver import Receiver

HOUR = timedelta(hours=1)


async def test_a_delivered_message_is_sent_again_under_the_same_id(post: Post, receiver: Receiver) -> None:
    webhook_id, _ = await post.hook(receiver.url)
    post.happen()
    await post.deliver()
    ((message_id,),) = post.sql("SELECT id FROM webhook_message")
    async with post.session() as session:
        await service.replay(session, ADMIN, post.means, webhook_id, message_id)
    await post.deliver()
    assert receiver.ids == {str(message_id): 2}
    assert len({one.body for one in receiver.requests}) == 1


async def test_a_time_range_is_sent_again_also_what_the_endpoint_never_got(post: Post, receiver: Receiver) -> None:
    webhook_id, _ = await post.hook(receiver.url)
    other, _ = await post.hook(receiver.url)
    post.happen(3)
    await post.deliver()
    await post.change(webhook_id, enabled=False)
    post.clock.advance(HOUR)
    post.happen(4)
    await post.deliver()
    await post.change(webhook_id, enabled=True)
    assert post.states(webhook_id) == {"delivered": 3}
    post.clock.advance(HOUR)
    post.happen(2)
    await post.deliver()
    async with post.session() as session:
        wanted = ReplayRange(since=NOON, until=NOON + HOUR + HOUR)
        assert await service.replay_range(session, ADMIN, post.means, webhook_id, wanted) == 7
    await post.deliver()
    assert post.states(webhook_id) == {"delivered": 9}
    assert post.sql("SELECT sum(attempts) FROM webhook_delivery WHERE webhook_id = %s", webhook_id) == [(12,)]
    assert post.states(other) == {"delivered": 9}


async def test_what_a_dead_process_was_sending_is_sent_again(post: Post, receiver: Receiver) -> None:
    webhook_id, _ = await post.hook(receiver.url)
    post.happen()
    await delivering.fan_out(post.means)
    post.sql("UPDATE webhook_delivery SET state = 'sending', claimed_at = %s", NOON)
    await post.deliver(timedelta(seconds=60))
    assert receiver.requests == []
    await post.deliver(delivering.LEASE)
    assert post.states(webhook_id) == {"delivered": 1}


async def test_two_processes_at_once_send_each_message_once(post: Post, receiver: Receiver) -> None:
    webhook_id, _ = await post.hook(receiver.url)
    post.happen(300)
    await asyncio.gather(*(delivering.run(post.means) for _ in range(3)))
    await post.deliver()
    assert post.states(webhook_id) == {"delivered": 300}
    assert set(receiver.ids.values()) == {1}
    assert receiver.most_at_once <= 4


async def test_many_events_drain_in_bounded_memory(post: Post, receiver: Receiver) -> None:
    """Several times, and the least counts: a table of the interpreter that grows by 8 MB meanwhile does so once."""
    post.with_settings(connections=8)
    webhook_id, _ = await post.hook(receiver.url)
    peaks = []
    for events in (100, 200, 200, 200):
        post.happen(events)
        with alone_on_the_heap():
            await post.deliver()
            peaks.append(tracemalloc.get_traced_memory()[1])
            peaks[-1] -= sum(len(one.body) + 2_000 for one in receiver.requests)  # the receiver keeps them
        receiver.requests.clear()
    assert post.states(webhook_id) == {"delivered": 700}
    assert min(peaks[1:]) < peaks[0] + 500_000


@contextmanager
def alone_on_the_heap() -> Iterator[None]:
    """Trace memory with the collector as it is in a process of one's own: what other tests left alive puts no collection off."""
    usual = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    gc.freeze()
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.unfreeze()
        gc.set_threshold(*usual)


async def test_old_messages_are_forgotten_with_their_attempts(post: Post, receiver: Receiver) -> None:
    await post.hook(receiver.url)
    post.happen(3)
    await post.deliver()
    post.happen()
    await post.deliver(timedelta(days=31))
    await service.forget(post.means)
    counts = [post.sql(f"SELECT count(*) FROM webhook_{one}")[0][0] for one in ("message", "delivery", "attempt")]
    assert counts == [1, 1, 1]
