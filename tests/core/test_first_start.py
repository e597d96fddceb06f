"""Several processes over one empty data folder, all starting at once, become one service."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from app.core.memory import loading

with loading():
    from app.core.settings import Settings, StorageSettings
    from app.pki.keyring import KeyRing
    from app.transparency.record import LogIdentity
    from app.wiring import running

async def main():
    settings = Settings(given=[StorageSettings(data_dir=Path(sys.argv[1]))])
    async with running(settings) as held:
        log = held.get(LogIdentity)
        print(json.dumps([held.get(KeyRing).authority.root.hex(), log.key.vkey, log.salt.hex()]), flush=True)
        sys.stdin.read()

asyncio.run(main())
"""


def test_processes_that_start_at_once_share_keys_log_and_database(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [process.stdout.readline() for process in started if process.stdout]
    ends = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(ends)
    assert len({tuple(json.loads(line)) for line in told}) == 1
    assert not (tmp_path / "data/postgres/data/postmaster.pid").exists()
    assert [p.name for p in (tmp_path / "data").iterdir() if p.name.startswith(".")] == []
