"""Nothing a process writes holds a passphrase, a one-time code or a NIK: not its logs, not its files, not its database."""

import asyncio
import json
import sys
from pathlib import Path

from app.core.postgres import LocalPostgres
from app.simulator.people import Person
from tests.signing.providers.cases import World

NIK, PASSPHRASE, TOTP, WRONG = "3573014510859137", "Kunci~Gudang~9137", "kode-9137-0042", "Salah~Ketik~9137"
FAULTS = (
    "none",
    "none",
    "login",
    "error",
    "html",
    "html_error",
    "cut_before",
    "slow",
    "cut_after",
    "bare_error",
    "html_after",
    "rewritten",
    "unsigned",
    "changed",
    "not_pdf",
    "foreign",
    "no_file",
)
FAULTS_V2 = ("none", "none", "error", "html", "cut_after", "foreign", "no_file")  # the rest is v1's code


async def test_no_secret_is_in_anything_a_talkative_process_wrote(
    world: World, postgres: LocalPostgres, tmp_path: Path
) -> None:
    gateway = world.bsre
    person = Person(NIK, "talkative@simulator.example", "Pengguna Cerewet", passphrase=PASSPHRASE, totp=TOTP)
    people, gateway.people = gateway.people, (*gateway.people, person)
    good, wrong = {"passphrase": PASSPHRASE}, {"passphrase": WRONG}
    v1 = [good, wrong, *(good | {"late": fault == "slow"} for fault in FAULTS[2:])]
    v2 = [{"totp": TOTP}, {"totp": WRONG}, *[good] * (len(FAULTS_V2) - 2)]
    gateway.faults.waiting[:] = [*FAULTS, *FAULTS_V2]
    told = {"nik": NIK, "passphrase": PASSPHRASE, "given": {"bsre-v1": v1, "bsre-v2": v2}}
    try:
        root = world.simulated.write_root(tmp_path / "gateway.pem")
        arguments = ["-m", "tests.signing.providers.talkative", postgres.url, str(tmp_path), world.bsre_url, str(root)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=Path(__file__).parents[3],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(json.dumps(told).encode())
    finally:
        gateway.people = people
    assert process.returncode == 0, err.decode()[-2000:]
    ends = json.loads(out.splitlines()[-1])
    assert gateway.faults.waiting == []
    assert ends[:2] == ["signed", "provider.passphrase_wrong"]
    assert set(ends) == {
        "signed",
        "unknown",
        "provider.passphrase_wrong",
        "provider.login_refused",
        "provider.document_refused",
    }
    written = {"stdout": out, "stderr": err} | {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert b"httpcore" in err  # the logs were really turned up
    assert b"bsre-v1" in written["dump.txt"]
    leaks = [
        (name, secret)
        for name, data in written.items()
        for secret in (NIK, PASSPHRASE, TOTP, WRONG)
        if secret.encode() in data or json.dumps(secret).encode().strip(b'"') in data
    ]
    assert leaks == []
