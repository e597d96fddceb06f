"""What a dashboard's look costs over HTTP: unchanged polls a second on one server process, and what HTTP adds to a query.

    python -m benchmarks.polls [--people 3000] [--seconds 10] [--connections 4]

A server with one process in a temporary folder, the bundled city with a round open. Each look is a request of its own over a connection that
stays open; the server's and this client's work share the machine. Unchanged looks are asked with an administrator's token and with one that may
see figures only; processor time is what the server's process and the database's spent on one of them.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import uvloop

from app.cli.bench_http import postmaster, serving, token_of
from app.cli.process_times import ProcessTimes
from app.core.clock import SystemClock
from app.core.permission import Role
from app.demo.city import Admin
from app.demo.wire import Reply, Wire

LOOKS = 300


async def measure(people: int, seconds: float, connections: int) -> dict[str, Any]:
    """Return polls a second, and the milliseconds (p50, p95) one look takes by its kind."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        data = Path(folder) / "data"
        async with serving(data, 1) as (server, url), httpx.AsyncClient(base_url=url, timeout=600) as http:
            admin = Admin(http, await token_of(data))
            await admin.import_roster(people, data)
            path = f"/api/v1/rounds/{await admin.open_round(SystemClock().now())}/compliance"
            wire = Wire(url)
            first = await wire.request("GET", path, headers=admin.headers)
            known = admin.headers | {"if-none-match": dict(first.headers)["etag"]}
            dashboard = known | {"authorization": f"Bearer {await token_of(data, Role.DASHBOARD)}"}
            dashboard["if-none-match"] = dict((await wire.request("GET", path, headers=dashboard)).headers)["etag"]
            times = ProcessTimes({"server": [server.pid], "database": [postmaster(data)]})
            asked: dict[str, Callable[[], Awaitable[Reply]]] = {
                "unchanged": lambda: wire.request("GET", path, headers=known),
                "by opd": lambda: wire.request("GET", path, headers=admin.headers),
                "trend": lambda: wire.request("GET", path + "/trend?interval=hour", headers=admin.headers),
            }
            looks = {name: await _look(ask) for name, ask in asked.items()}
            polls = {
                "administrator": await _poll(asked["unchanged"], seconds, connections, times),
                "dashboard": await _poll(
                    lambda: wire.request("GET", path, headers=dashboard), seconds, connections, times
                ),
            }
            await wire.close()
    return {"people": people, "polls": polls, "looks": looks}


async def _look(ask: Callable[[], Awaitable[Reply]]) -> dict[str, float]:
    taken = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {"p50_ms": round(statistics.median(taken), 2), "p95_ms": round(taken[int(len(taken) * 0.95)], 2)}


async def _poll(
    ask: Callable[[], Awaitable[Reply]], seconds: float, connections: int, times: ProcessTimes
) -> dict[str, float]:
    """Return answers a second, every one of which must be a 304, and processor milliseconds each of them cost."""
    until = time.perf_counter() + seconds

    async def one() -> int:
        count = 0
        while time.perf_counter() < until:
            reply = await ask()
            assert reply.status_code == httpx.codes.NOT_MODIFIED, reply.status_code
            count += 1
        return count

    before, began = times.seconds(), time.perf_counter()
    count = sum(await asyncio.gather(*(one() for _ in range(connections))))
    taken = time.perf_counter() - began
    spent = {f"{kind}_cpu_ms": round((now - before[kind]) * 1000 / count, 3) for kind, now in times.seconds().items()}
    return {"per_second": round(count / taken, 1)} | spent


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=4)
    given = parser.parse_args()
    print(json.dumps(uvloop.run(measure(given.people, given.seconds, given.connections)), indent=2))
