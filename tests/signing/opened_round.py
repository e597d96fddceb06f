"""A round over many people, opened once for a whole module: every test takes people nobody took before."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from app.core.ids import new_id
from app.core.postgres import LocalPostgres
from app.device.signer import API, Device, Prepared
from tests.service import HEADER, ORIGIN, UNITS, Service, running_service

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HEALTH, INSPECTORATE = "A2", "B1"
PIN = "739146"
NAMES = ("Anggun", "Bagas", "Citra", "Dimas", "Endah", "Fajar", "Gita", "Hendra", "Intan", "Jati")


def nip_of(number: int) -> str:
    return f"198501012010012{number:03d}"


def person_row(number: int, unit: str = HEALTH, legal_status: str = "01", **changes: str) -> str:
    """Return one person in the long form of the roster; `changes` are by column."""
    name = f"{NAMES[number // 100 % 10]} {NAMES[number // 10 % 10]} {NAMES[number % 10]}"
    values = dict.fromkeys(HEADER.split(","), "") | {
        "PNS ID": f"T{number}",
        "NIP BARU": nip_of(number),
        "NAMA": name,
        "TANGGAL LAHIR": "01-01-1985",
        "JENIS KELAMIN": "F",
        "EMAIL GOV": f"p{number}@malangkota.example",
        "JENIS PEGAWAI NAMA": "PNS Daerah",
        "KEDUDUKAN HUKUM ID": legal_status,
        "STATUS CPNS PNS": "P",
        "GOL AKHIR NAMA": "III/b",
        "JENIS JABATAN ID": "4",
        "JABATAN NAMA": "Pengolah Data",
        "UNOR ID": unit,
        "ESELON ID": "99",
    }
    return ",".join((values | changes).values())


@dataclass
class OpenedRound:
    """The application with one open round; `numbers` gives people nobody has used yet."""

    service: Service
    id: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def next_nip(self) -> str:
        return nip_of(next(self.numbers))

    async def device(self, nip: str | None = None) -> Device:
        """Return the phone, with a passkey, of somebody new."""
        return await self.service.device(nip or self.next_nip())

    async def device_with_pin(self) -> Device:
        """Return the phone of somebody new who chose a PIN and has no passkey."""
        code = await self.link(self.next_nip())
        device = Device(self.service.http, ORIGIN, "localhost")
        login = await device._call("POST", "/activation", {"code": code, "birth_date": "1985-01-01"})
        device._headers["x-csrf-token"] = login["csrf"]
        await device._call("POST", "/me/pin", {"pin": PIN})
        return device

    async def link(self, nip: str) -> str:
        """Return the code of a fresh activation link."""
        person = await self.service.person(nip)
        body = {"employee_ids": [person["id"]]}
        links = await self.service.http.post(f"{API}/activations", json=body, headers=self.service.as_admin())
        return links.json()[0]["code"]

    async def prepared(self, device: Device | None = None) -> tuple[Device, Prepared]:
        """Return a device with an opened session for all that its person owes."""
        device = device or await self.device()
        return device, await device.open([owed["id"] for owed in await device.pending()])

    async def signed(self) -> tuple[Device, list[dict[str, Any]]]:
        """Return a device whose person has signed, and the receipts."""
        device, prepared = await self.prepared()
        return device, (await device.sign(prepared)).receipts


@contextmanager
def new_database(server: LocalPostgres) -> Iterator[str]:
    """Give the URL of a database that lasts as long as the block."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE pakta_template STRATEGY FILE_COPY")
    yield server.url.replace("/pakta?", f"/{name}?")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def opened_round(
    server: LocalPostgres, folder: Path, people: list[str], now: datetime = NOON
) -> AsyncIterator[OpenedRound]:
    """Start the application over a database of its own, import the people, open the round."""
    with new_database(server) as url:
        async with running_service(url, folder, now) as service:
            await service.import_roster(people)
            yield OpenedRound(service, await service.open_round())


async def post_roster(service: Service, content: bytes, name: str = "roster.csv", units: bytes | None = None) -> Any:
    """Upload a roster, with the tests' units unless others are given."""
    files = {
        "file": (name, io.BytesIO(content), "application/octet-stream"),
        "units": ("unor.csv", io.BytesIO(UNITS.encode() if units is None else units), "text/csv"),
    }
    return await service.http.post(f"{API}/roster-imports", files=files, headers=service.as_admin())


def birth_date(nip: str) -> date:
    return date(int(nip[:4]), int(nip[4:6]), int(nip[6:8]))
