"""The application under test, spoken to over its own HTTP interface in process."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from app.core.clock import SetClock
from app.core.db import Database
from app.core.permission import Role
from app.core.resources import Resources
from app.core.settings import DatabaseSettings, LimitSettings, MailSettings, ServiceSettings, Settings, StorageSettings
from app.device.signer import Device
from app.document.jobs import seal
from app.identity import service as identity
from app.main import create_app
from app.obligation.jobs import follow
from app.transparency.jobs import publish
from app.worker import run_due

ORIGIN = "http://localhost:8000"
UNITS = """Id;NamaUnor;DiatasanId;IndukUnorId;EselonId;NamaJabatan
A0;Pemerintah Kota Malang;;A0;;Wali Kota
A1;Dinas Kesehatan;A0;A1;22;Kepala Dinas Kesehatan
A2;UPT Puskesmas Bareng;A1;A1;99;Kepala UPT Puskesmas Bareng
B1;Inspektorat Daerah;A0;B1;22;Inspektur
"""
HEADER = "PNS ID,NIP BARU,NAMA,GELAR DEPAN,GELAR BELAKANG,TANGGAL LAHIR,JENIS KELAMIN,EMAIL GOV,NOMOR HP,JENIS PEGAWAI NAMA,KEDUDUKAN HUKUM ID,STATUS CPNS PNS,GOL AKHIR NAMA,JENIS JABATAN ID,JABATAN NAMA,UNOR ID,UNOR NAMA,ESELON ID"
PEOPLE = [
    'P1,198501012010012001,SITI RAHAYU,Dr.,"S.Kom., M.Si.",01-01-1985,F,siti@malangkota.example,0811,PNS Daerah,01,P,III/d,2,Perawat Ahli Muda,A2,UPT Puskesmas Bareng,99',
    "P2,197505052000031002,BUDI SANTOSO,,S.H.,05-05-1975,M,budi@malangkota.example,0812,PNS Daerah,01,P,IV/a,1,Inspektur,B1,Inspektorat Daerah,22",
    "P3,199003032015032003,NUR'AINI SA'DIYAH,,,03-03-1990,F,,0813,PNS Daerah,01,P,III/b,4,Pengadministrasi Perkantoran,A1,Dinas Kesehatan,99",
    "P4,198802022023211004,JOKO SUSILO,,A.Md.,02-02-1988,M,,0814,PPPK,71,,IX,2,Perawat Terampil,A2,UPT Puskesmas Bareng,99",
    "P5,198004042005012005,RATNA DEWI,,,04-04-1980,F,,0815,PNS Daerah,02,P,III/c,4,Pengolah Data,A1,Dinas Kesehatan,99",
    "P6,197006061995031006,HADI UTOMO,,,06-06-1970,M,,0816,PNS Daerah,04,P,III/d,4,Pengolah Data,B1,Inspektorat Daerah,99",
]


@dataclass
class Service:
    """A running application: its resources, its clock, an HTTP client, and the admin's token."""

    app: FastAPI
    held: Resources
    clock: SetClock
    http: httpx.AsyncClient
    admin: str
    folder: Path
    activated: set[str] = field(default_factory=set)

    def as_admin(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.admin}"}

    async def token(self, role: Role, agencies: list[Any] | None = None) -> dict[str, str]:
        async with self.held.get(Database).transaction() as session:
            token = await identity.create_token(
                session, name="test", role=role, agencies=agencies, life=timedelta(days=1), now=self.clock.now()
            )
        return {"authorization": f"Bearer {token}"}

    async def run_jobs(self) -> None:
        """Run every job that is due, then what the worker does by the clock, then stop."""
        await run_due(self.held)
        for periodic in (follow, seal, publish):
            await periodic.body(self.held)

    async def import_roster(self, people: list[str] | None = None) -> dict[str, Any]:
        """Import and apply the small roster of the tests."""
        roster = "\n".join([HEADER, *(people or PEOPLE)])
        files = {
            "file": ("roster.csv", io.BytesIO(roster.encode()), "text/csv"),
            "units": ("unor.csv", io.BytesIO(UNITS.encode()), "text/csv"),
        }
        staged = await self.http.post("/api/v1/roster-imports", files=files, headers=self.as_admin())
        assert staged.status_code == 201, staged.text
        applied = await self.http.post(f"/api/v1/roster-imports/{staged.json()['id']}/apply", headers=self.as_admin())
        assert applied.status_code == 200, applied.text
        return applied.json()

    async def open_round(self, **changes: Any) -> str:
        """Create and open a round over the roster; return its id."""
        now = self.clock.now()
        body = {
            "title": "Pilkada 2026 tahap penetapan",
            "election": "Pemilihan Kepala Daerah Serentak",
            "year": 2026,
            "cut_off": now.date().isoformat(),
            "opens_at": (now - timedelta(hours=1)).isoformat(),
            "closes_at": (now + timedelta(days=7)).isoformat(),
        } | changes
        made = await self.http.post("/api/v1/rounds", json=body, headers=self.as_admin())
        assert made.status_code == 201, made.text
        round_id = made.json()["id"]
        opened = await self.http.post(f"/api/v1/rounds/{round_id}/open", headers=self.as_admin())
        assert opened.status_code == 202, opened.text
        await self.run_jobs()
        return round_id

    async def person(self, nip: str) -> dict[str, Any]:
        found = (await self.http.get("/api/v1/employees", params={"nip": nip}, headers=self.as_admin())).json()
        assert len(found) == 1, found
        return found[0]

    async def device(self, nip: str) -> Device:
        """Return the activated phone of a person."""
        person = await self.person(nip)
        links = await self.http.post(
            "/api/v1/activations", json={"employee_ids": [person["id"]]}, headers=self.as_admin()
        )
        assert links.status_code == 201, links.text
        device = Device(self.http, ORIGIN, "localhost")
        await device.activate(links.json()[0]["code"], date(int(nip[:4]), int(nip[4:6]), int(nip[6:8])))
        await self.let_sign(person)
        return device

    async def let_sign(self, person: dict[str, Any]) -> None:
        """Whoever is activated a second time has recovered the account: a second administrator approves."""
        if person["nip"] in self.activated:
            second = await self.token(Role.BKPSDM_ADMIN)
            approved = await self.http.post(f"/api/v1/recoveries/{person['id']}/approval", headers=second)
            assert approved.status_code == 200, approved.text
        self.activated.add(person["nip"])

    async def compliance(self, round_id: str, by: str = "opd") -> dict[str, Any]:
        reply = await self.http.get(f"/api/v1/rounds/{round_id}/compliance", params={"by": by}, headers=self.as_admin())
        assert reply.status_code == 200, reply.text
        return reply.json()


def settings_for(
    url: str,
    folder: Path,
    storage: StorageSettings | None = None,
    *,
    origin: str = ORIGIN,
    given: Sequence[BaseSettings] = (),
) -> Settings:
    return Settings(
        given=[
            ServiceSettings(base_url=origin, jobs=False, smallest_group=1),
            storage or StorageSettings(data_dir=folder / "data"),
            DatabaseSettings(url=SecretStr(url), pool_size=5),
            MailSettings(url=SecretStr(f"dir://{folder}/mail")),
            LimitSettings(login_per_minute=1000),
            *given,
        ]
    )


@asynccontextmanager
async def running_service(
    url: str,
    folder: Path,
    at: datetime,
    *,
    storage: StorageSettings | None = None,
    origin: str = ORIGIN,
    given: Sequence[BaseSettings] = (),
) -> AsyncIterator[Service]:
    clock = SetClock(at)
    app = create_app(settings_for(url, folder, storage, origin=origin, given=given), clock=clock)
    async with app.router.lifespan_context(app):
        held: Resources = app.state.resources
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=origin) as http:
            async with held.get(Database).transaction() as session:
                admin = await identity.create_token(
                    session,
                    name="admin",
                    role=Role.BKPSDM_ADMIN,
                    agencies=None,
                    life=timedelta(days=1),
                    now=clock.now(),
                )
            yield Service(app, held, clock, http, admin, folder)
