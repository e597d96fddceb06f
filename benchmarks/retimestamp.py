"""How many archive time stamps are renewed a second: sealed documents of a demonstration, on their real store and register.

    PAKTA_DATA_DIR=<folder of a finished `pakta demo --once`> python -m benchmarks.retimestamp [--limit N]

Prints JSON: documents, seconds of the batches alone, documents a second, and hours for 100,000 at that rate. The documents of
the folder are really renewed.
"""

import argparse
import asyncio
import json
import time

from app.cli.operator import clock_of
from app.core.db import Database
from app.core.settings import Settings
from app.document.retimestamping import service
from app.document.sealing import Sealer
from app.wiring import running


async def measure(limit: int | None) -> dict[str, float]:
    """Renew what is due now, batch by batch, and time it."""
    async with running(Settings()) as held:
        sealer, database, clock = held.get(Sealer), held.get(Database), clock_of(held)
        before, after, done = clock.now(), None, 0
        started = time.perf_counter()
        while limit is None or done < limit:
            async with database.transaction() as session:
                batch = await service.renew(session, sealer, before=before, after=after, now=clock.now())
            if batch.last is None:
                break
            done, after = done + batch.count, batch.last
        seconds = time.perf_counter() - started
    rate = done / seconds
    return {"documents": done, "seconds": round(seconds, 2), "per_second": round(rate), "hours_100k": 1e5 / rate / 3600}


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit", type=int)
    print(json.dumps(asyncio.run(measure(options.parse_args().limit))))
