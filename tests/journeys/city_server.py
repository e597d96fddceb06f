"""The real server as a process of its own, with its own PostgreSQL, that a test may kill as it likes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr

from app.core.db import Database, Session
from app.core.permission import Role
from app.core.postgres import LocalPostgres, find_binaries
from app.core.settings import DatabaseSettings
from app.identity import service as identity

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class CityServer:
    """`pakta serve` over a folder; `start` and `kill` as often as one likes."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)
    apart: bool = False  # jobs in a process of their own, `pakta worker`
    worker: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PAKTA_BASE_URL": self.url,
            "PAKTA_DATA_DIR": str(self.folder / "data"),
            "PAKTA_LIMIT_ACTIVATION_PER_MINUTE": "100000",
            "PAKTA_SMTP_URL": f"dir://{self.folder}/mail",
            **self.more,
        }

    async def start(self) -> None:
        jobs = ("--no-jobs",) if self.apart else ()
        self.process = self._run("serve", "--port", str(self.port), "--data-dir", str(self.folder / "data"), *jobs)
        if self.apart:
            self.start_worker()
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as http:
            while True:
                assert self.process.poll() is None, self.words()
                assert time.monotonic() < deadline, self.words()
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    def start_worker(self) -> None:
        self.worker = self._run("worker", "--data-dir", str(self.folder / "data"))

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "serve.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app", *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def words(self) -> str:
        return (self.folder / "serve.log").read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """kill -9 of server and worker with what they started; PostgreSQL has a group of its own and lives on."""
        assert self.process is not None
        for process in (self.process, self.worker):
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def postgres_pid(self) -> int:
        return int((self.folder / "data/postgres/data/postmaster.pid").read_text().split("\n", 1)[0])

    def kill_postgres(self) -> None:
        os.kill(self.postgres_pid(), signal.SIGKILL)

    def stop(self) -> None:
        """Ask the server to stop, and see that its database stopped with it, whatever state the test left behind."""
        for process in (self.worker, self.process):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    self.kill()
        postgres = LocalPostgres(self.folder / "data/postgres", find_binaries(None))
        if postgres.data.exists():
            postgres.start()
            postgres.stop()

    async def admin_token(self) -> str:
        """An admin's token, written straight into the server's database."""
        async with self.database() as session:
            return await identity.create_token(
                session,
                name="test",
                role=Role.BKPSDM_ADMIN,
                agencies=None,
                life=timedelta(days=1),
                now=datetime.now(UTC),
            )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Session]:
        """One transaction on the server's own database."""
        postgres = LocalPostgres(self.folder / "data/postgres", find_binaries(None))
        database = Database(postgres.url, DatabaseSettings(url=SecretStr(postgres.url), pool_size=1))
        async with database.transaction() as session:
            yield session
        await database.close()
