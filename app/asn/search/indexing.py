"""Keeping the words that people are found by up to date: at once after a small change, by a job after a large one."""

from app.asn.search.words import queries
from app.core import jobs
from app.core.db import Database, Session, take_turn
from app.core.resources import Resources

INDEX_JOB = "people.index"
AT_ONCE = 2_000  # people; some tenths of a second
BATCH = 20_000
_TURN = 0x50414B5049  # two that index the same person at once would each write what they saw


async def keep_up(session: Session) -> None:
    """Index in the caller's transaction what it changed, or leave it to a job when that would hold the caller up."""
    if await queries.count_unindexed(session, AT_ONCE + 1) > AT_ONCE:
        await jobs.defer(session, INDEX_JOB)
    else:
        await index(session, AT_ONCE)


async def index(session: Session, most: int) -> int:
    """Index at most that many noted people; return how many notes were taken."""
    await take_turn(session, _TURN)
    return await queries.index(session, most)


async def _index_all(resources: Resources) -> None:
    """Index whoever waits, a transaction a batch: searches see the batches as they come."""
    database = resources.get(Database)
    while True:
        async with database.transaction() as session:
            if await index(session, BATCH) < BATCH:
                return


@jobs.task(INDEX_JOB)
async def index_waiting(resources: Resources) -> None:
    """After a large import."""
    await _index_all(resources)


@jobs.task("people.index_missed", cron="* * * * * 20")
async def index_missed(resources: Resources) -> None:
    """Every minute: whatever was written past the services."""
    await _index_all(resources)


@jobs.task("people.forget_words", cron="41 18 * * * 0")  # at night in Indonesia, in UTC
async def forget_words(resources: Resources) -> None:
    """Forget words of names nobody in the agency has any longer."""
    async with resources.get(Database).transaction() as session:
        await take_turn(session, _TURN)
        await queries.forget_words(session)
