"""A process of its own that signs through a gateway with every log turned up, fails in every way, and then dumps its database.

Arguments: the PostgreSQL server's URL, a folder, the gateway's address, its root's PEM file, and the wrong passphrase, each fault is
waiting at the gateway already. The person's secrets come over standard input, so that no command line shows them.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import structlog

from app.core.db import Database, libpq_url
from app.core.errors import AppError
from app.device.signer import ServerRefusal
from app.signing.providers.registry import Providers
from app.simulator.people import Person
from app.wiring import Resources
from tests.signing.providers.town import Town, confirmations, running_town

PATIENCE = 60.0
"""Seconds an answer may take: a busy machine is no fault. Only where the answer is to be late is less waited for."""
HURRY = 4.0


async def main(server_url: str, folder: Path, gateway: str, root: Path, secrets: dict[str, Any]) -> None:
    """Sign until the gateway's faults are used up, each time as somebody new with the same NIK, passphrase and code."""
    world: Any = SimpleNamespace(
        simulated=SimpleNamespace(write_root=lambda _: root), bsre_url=gateway, csc_url="http://127.0.0.1:9"
    )
    person = Person(secrets["nik"], "talkative@simulator.example", "Pengguna Cerewet")
    server: Any = SimpleNamespace(url=server_url)
    ends: list[str] = []
    async with running_town(server, folder, world, "device,bsre-v1,bsre-v2", seconds=PATIENCE) as town:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET))
        for provider in ("bsre-v1", "bsre-v2"):
            wire = held_wire(town, provider)
            for given in secrets["given"][provider]:
                wire._seconds = HURRY if given.pop("late", False) else PATIENCE
                ends.append(await attempt(town, person, provider, given))
        await malformed(town, person, secrets["passphrase"])
        for call in await town.unknown():
            await town.admin("POST", f"/remote-signatures/{call['id']}/check")
        dump(town.service.held, folder / "dump.txt")
    print(json.dumps(ends))


def held_wire(town: Town, provider: str) -> Any:
    made: Any = town.service.held.get(Providers).get(provider)
    return made._wire


async def attempt(town: Town, person: Person, provider: str, given: dict[str, str]) -> str:
    device = await town.signer(person)
    act = await town.open(device, provider, [(await device.pending())[0]["id"]])
    done = await town.send(device, act, **given)
    return done["refusal"]["code"] if done["refusal"] else done["state"]


async def malformed(town: Town, person: Person, passphrase: str) -> None:
    """Requests that are refused for their form: what was wrong in them is not repeated either."""
    device = await town.signer(person)
    act = await town.open(device, "bsre-v2")
    path = f"/me/remote-signatures/{act['id']}/signature"
    for body in (
        {"confirmations": confirmations(act), "passphrase": passphrase * 40},
        {"confirmations": confirmations(act), "passphrase": passphrase, "totp": passphrase},
        {"confirmations": [{"document": passphrase}], "passphrase": passphrase},
        {"confirmations": confirmations(act), "passphrase": {"nested": passphrase}},
    ):
        try:
            await device._call("POST", path, body)
        except (ServerRefusal, AppError) as refused:
            logging.getLogger("talkative").debug("refused: %r", refused)
            continue
        raise AssertionError("a malformed request was taken")


def dump(held: Resources, path: Path) -> None:
    """Every row of every table, as text."""
    with psycopg.connect(libpq_url(held.get(Database).url)) as connection, path.open("wb") as out:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            out.write(f"\n-- {table}\n".encode())
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                for piece in copy:
                    out.write(bytes(piece))


if __name__ == "__main__":
    logging.basicConfig(level=logging.NOTSET, stream=sys.stderr)
    url, where, address, pem = sys.argv[1:]
    asyncio.run(main(url, Path(where), address, Path(pem), json.loads(sys.stdin.read())))
