"""kill -9 of `pakta keys retimestamp`: what was committed is renewed, the rest waits for the next run, nothing is renewed twice."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.faults import Step
from app.core.settings import Settings
from tests.document.test_retimestamping import BUDI, SITI, download, verdict
from tests.document.test_retimestamping_rotation import sign
from tests.service import running_service


async def test_a_killed_run_is_gone_on_with_and_renews_nothing_twice(fresh_database: str, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    before = now - timedelta(minutes=5)
    async with running_service(fresh_database, tmp_path, now - timedelta(minutes=25)) as service:
        await service.import_roster()
        await service.open_round()
        documents = [one for nip in (SITI, BUDI) for one in await sign(service, nip)]
        await service.run_jobs()
        settings = service.held.get(Settings)
        faults = tmp_path / "faults"
        faults.mkdir()
        env = os.environ | {
            "PAKTA_DATABASE_URL": fresh_database,
            "PAKTA_DATA_DIR": str(settings.storage.data_dir),
            "PAKTA_BASE_URL": settings.service.base_url,
            "PAKTA_SMTP_URL": settings.mail.url.get_secret_value(),
            "PAKTA_FAULT_DIR": str(faults),
        }

        def retimestamp(*more: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "app", "keys", "retimestamp", "--before", f"{before:%Y-%m-%dT%H:%M:%S}"]
            return subprocess.run(
                [*command, "--json", *more], env=env, capture_output=True, text=True, check=False, timeout=120
            )

        async def renewed() -> list[int]:
            return [(await download(service, document)).count(b"/T(arsip2)") for document in documents]

        for step, count in ((Step.RENEWAL_STORED, 0), (Step.RENEWED_DURABLE, 3)):
            (faults / step).touch()
            killed = retimestamp("--limit", "3")
            assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
            assert sum(await renewed()) == count
        done = retimestamp()
        assert done.returncode == 0, done.stderr[-2000:]
        told = json.loads(done.stdout)
        assert (told["renewed"], told["waiting"], told["faults"]) == (1, 0, {})
        assert await renewed() == [1, 1, 1, 1]
        service.clock.advance(timedelta(minutes=30))
        for document in documents:
            assert (await verdict(service, await download(service, document)))["verdict"] == "valid"
