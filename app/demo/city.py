"""Steps of the demonstration that an admin takes, over the public API: import the roster, open a round, hand out links."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.demo import roster

ROUND_TITLE = "Demo: Pemilihan Kepala Daerah Serentak 2029, tahap penetapan calon"
PAGE = 1_000


class DemoFailed(Exception):
    """A step of the demonstration was refused; the message is the server's."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A person who has not signed."""

    employee_id: str
    nip: str
    agency_id: str

    @property
    def birth_date(self) -> str:
        """ISO date; in the bundled roster the NIP holds it."""
        return f"{self.nip[:4]}-{self.nip[4:6]}-{self.nip[6:8]}"


class Admin:
    """A BKPSDM admin at work over the API."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self.headers = {"authorization": f"Bearer {token}"}

    async def import_roster(self, people: int, folder: Path, *, one_unit: bool = False) -> dict[str, Any]:
        """Generate the bundled roster, stage it, apply it; return the counts. `one_unit`: all staff in one unit."""
        path = folder / "roster-demo.csv"
        await asyncio.to_thread(roster.write, path, people, one_unit=one_unit)
        files = {
            "file": ("roster-demo.csv", await asyncio.to_thread(path.read_bytes), "text/csv"),
            "units": ("unor.csv", await asyncio.to_thread(roster.UNITS.read_bytes), "text/csv"),
        }
        staged = await self._call("POST", "/roster-imports", files=files)
        applied = await self._call("POST", f"/roster-imports/{staged['id']}/apply")
        counts: dict[str, Any] = applied["counts"]
        return counts

    async def open_round(self, now: datetime, *, countersign: bool = False) -> str:
        """Create the demonstration's round and wait until its job has opened it; return its id."""
        body = {
            "title": ROUND_TITLE,
            "election": "Pemilihan Kepala Daerah Serentak",
            "year": 2029,
            "cut_off": now.date().isoformat(),
            "opens_at": (now - timedelta(minutes=1)).isoformat(),
            "closes_at": (now + timedelta(days=30)).isoformat(),
            "countersign": countersign,
        }
        round_id: str = (await self._call("POST", "/rounds", json=body))["id"]
        await self._call("POST", f"/rounds/{round_id}/open")
        while (await self._call("GET", f"/rounds/{round_id}"))["status"] != "open":  # noqa: ASYNC110 - asks a server
            await asyncio.sleep(0.2)
        return round_id

    async def find_round(self) -> str | None:
        """Return the demonstration's round if an earlier start made it."""
        rounds = await self._call("GET", "/rounds")
        return next((str(r["id"]) for r in rounds if r["title"] == ROUND_TITLE and r["status"] == "open"), None)

    async def choose_signers(self, round_id: str, count: int, *, seed: int = 1) -> list[Pending]:
        """Choose who signs: at random, in some agencies more eagerly than in others; the same people for the same seed."""
        chance = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
        eagerness: dict[str, float] = {}
        weighted = []
        async for person in self.pending(round_id):
            eager = eagerness.setdefault(person.agency_id, chance.uniform(0.6, 1.6))
            weighted.append((chance.random() / eager, person.employee_id, person))
        return [person for _, _, person in sorted(weighted)[:count]]

    async def pending(self, round_id: str) -> AsyncIterator[Pending]:
        """Yield everybody who has not signed."""
        path: str | None = f"/api/v1/rounds/{round_id}/obligations?state=pending&limit={PAGE}"
        while path:
            reply = await self._http.get(path, headers=self.headers)
            _raise(reply)
            for row in reply.json():
                yield Pending(row["employee_id"], row["nip"], row["agency_id"])
            path = reply.links["next"]["url"] if "next" in reply.links else None

    async def links(self, people: list[Pending]) -> list[dict[str, str]]:
        """Hand out activation links; return code and birth date for each."""
        made: list[dict[str, str]] = []
        for start in range(0, len(people), PAGE):
            batch = people[start : start + PAGE]
            reply = await self._call("POST", "/activations", json={"employee_ids": [p.employee_id for p in batch]})
            codes = {row["employee_id"]: row["code"] for row in reply}
            made += [{"code": codes[p.employee_id], "birth_date": p.birth_date} for p in batch]
        return made

    async def compliance(self, round_id: str) -> dict[str, Any]:
        """Return the figures by agency."""
        found: dict[str, Any] = await self._call("GET", f"/rounds/{round_id}/compliance?by=opd")
        return found

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        reply = await self._http.request(method, f"/api/v1{path}", headers=self.headers, **arguments)
        _raise(reply)
        return reply.json()


def _raise(reply: httpx.Response) -> None:
    if reply.is_error:
        raise DemoFailed(f"{reply.request.method} {reply.request.url.path}: {reply.status_code} {reply.text[:300]}")
