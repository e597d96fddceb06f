"""`pakta worker` beside a server without jobs: it does the work, and it stops when told to."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from app.core.postgres import LocalPostgres, find_binaries
from app.demo.city import Admin
from tests.journeys.city_server import CityServer


async def test_a_worker_of_its_own_opens_the_round_and_the_last_one_out_stops_the_database(tmp_path: Path) -> None:
    server = CityServer(tmp_path, more={"PAKTA_JOBS": "false"})
    worker = subprocess.Popen([sys.executable, "-m", "app", "worker"], env=server.environment)
    try:
        await server.start()
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            admin = Admin(http, await server.admin_token())
            await admin.import_roster(500, tmp_path)
            await admin.open_round(datetime.now(UTC))  # waits until a job has opened it
        postgres = LocalPostgres(tmp_path / "data/postgres", find_binaries(None))
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
        with psycopg.connect(postgres.url):
            pass  # the server still uses it
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        assert not (postgres.data / "postmaster.pid").exists()
    finally:
        if worker.poll() is None:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        server.stop()
