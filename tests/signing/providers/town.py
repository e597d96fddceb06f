"""The application with a signing service beside it: people with NIKs, an open round, and every step of an act through a provider."""

import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from app.core.clock import SetClock
from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.settings import (
    DatabaseSettings,
    LimitSettings,
    MailSettings,
    NikSettings,
    ServiceSettings,
    Settings,
    StorageSettings,
)
from app.core.signing_settings import Pkcs11Settings, Pkcs12Settings, SigningSettings
from app.device.signer import API, Device
from app.identity import service as identity
from app.main import create_app
from app.simulator.people import BUILT_IN, PASSPHRASE, Person
from tests.service import ORIGIN, Service
from tests.signing.noted_round import HEAD
from tests.signing.opened_round import NOON, new_database, nip_of, person_row
from tests.signing.providers.cases import NIP, World, bsre_settings, csc_settings, key_file
from tests.signing.providers.cases import PIN as TOKEN_PIN

IN_TOKEN, WITH_KEY_FILE = 3, range(4, 8)
"""Numbers of people whose key lies in the token, or in a file."""


@dataclass
class Town:
    """A running application whose people may sign elsewhere; `numbers` gives people nobody has used yet."""

    service: Service
    world: World
    round_id: str
    numbers: Any = field(default_factory=lambda: count(11))
    key_files: Any = field(default_factory=lambda: iter(WITH_KEY_FILE))

    async def signer_for(self, provider: str) -> Device:
        """Return the phone of somebody who can sign through a provider; with a token there is only one."""
        if provider == "pkcs11":
            return await self.service.device(NIP)
        return await (self.service.device(nip_of(next(self.key_files))) if provider == "pkcs12" else self.signer())

    async def signer(self, person: Person | None = BUILT_IN[0]) -> Device:
        """Return the phone of somebody new, known to the service as a person of its own; None: without NIK."""
        number = next(n for n in self.numbers if n % 10 < 8)  # CSC knows no user whose id ends in 8 or 9
        nip = nip_of(number)
        return await self.known(nip, person)

    async def known(self, nip: str, person: Person | None = BUILT_IN[0]) -> Device:
        """Return the phone of somebody, whom the service knows by this person's NIK."""
        device = await self.service.device(nip)
        if person is not None:
            employee = await self.service.person(nip)
            path = f"{API}/employees/{employee['id']}/nik"
            kept = await self.service.http.put(path, json={"nik": person.nik}, headers=self.service.as_admin())
            assert kept.status_code == 204, kept.text
        return device

    async def open(self, device: Device, provider: str, owed: list[str] | None = None) -> dict[str, Any]:
        ids = owed or [one["id"] for one in await device.pending()]
        return await device._call("POST", "/me/remote-signatures", {"obligation_ids": ids, "provider": provider})

    async def send(self, device: Device, act: dict[str, Any], **secret: str) -> dict[str, Any]:
        """Confirm every document and send; returns the act as it stands when the call has ended."""
        secret = secret or ({"passphrase": PASSPHRASE} if act["secrets"] else {})
        body = {"confirmations": confirmations(act), **secret}
        first = await device._call("POST", f"/me/remote-signatures/{act['id']}/signature", body)
        assert first["state"] in {"sending", "signed", "unknown"}
        return await self.read(device, act)

    async def read(self, device: Device, act: dict[str, Any]) -> dict[str, Any]:
        return await device._call("GET", f"/me/remote-signatures/{act['id']}")

    async def admin(self, method: str, path: str, **given: Any) -> httpx.Response:
        return await self.service.http.request(method, f"{API}{path}", headers=self.service.as_admin(), **given)

    async def unknown(self) -> list[dict[str, Any]]:
        return (await self.admin("GET", "/remote-signatures/unknown")).json()

    async def verdict(self, data: bytes) -> dict[str, Any]:
        files = {"file": ("dokumen.pdf", io.BytesIO(data), "application/pdf")}
        return (await self.service.http.post(f"{API}/verifications", files=files)).json()


def key_files(folder: Path, world: World) -> Path:
    for number in (*WITH_KEY_FILE, HEAD):
        (folder / f"{nip_of(number)}.p12").write_bytes(key_file(world.simulated, nip_of(number)))
    return folder


def confirmations(act: dict[str, Any]) -> list[dict[str, str]]:
    return [{"document": d["id"], "at": f"2026-11-23T05:00:{n:02}Z"} for n, d in enumerate(act["documents"])]


@asynccontextmanager
async def running_town(
    postgres: LocalPostgres,
    folder: Path,
    world: World,
    providers: str,
    people: Sequence[str] = (),
    asked: Mapping[str, Any] = MappingProxyType({}),
    **changes: Any,
) -> AsyncIterator[Town]:
    """Start the application with these providers and a round; `people` beside the usual ones, `asked` of the round, `changes` of BSrE."""
    roots = world.simulated.write_root(folder / "root.pem")
    with new_database(postgres) as url:
        given: list[BaseSettings] = [
            ServiceSettings(base_url=ORIGIN, jobs=False, smallest_group=1),
            StorageSettings(data_dir=folder / "data"),
            DatabaseSettings(url=SecretStr(url), pool_size=5),
            MailSettings(url=SecretStr(f"dir://{folder}/mail")),
            LimitSettings(login_per_minute=1000, verify_per_minute=1000),
            NikSettings(keep=True),
            SigningSettings(providers=providers),
            bsre_settings(world.bsre_url, roots=roots, **changes),
            csc_settings(world.csc_url, roots=roots),
        ]
        if "pkcs12" in providers:
            given.append(Pkcs12Settings(folder=key_files(folder, world), roots=roots))
        if "pkcs11" in providers:
            given.append(Pkcs11Settings(token=world.token, pin=SecretStr(TOKEN_PIN), roots=roots))
        clock = SetClock(NOON)
        app = create_app(Settings(given=given), clock=clock)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
                held = app.state.resources
                async with held.get(Database).transaction() as session:
                    admin = await identity.create_token(
                        session,
                        name="admin",
                        role=Role.BKPSDM_ADMIN,
                        agencies=None,
                        life=timedelta(days=1),
                        now=clock.now(),
                    )
                service = Service(app, held, clock, http, admin, folder)
                usual = [person_row(n) for n in (IN_TOKEN, *WITH_KEY_FILE, *range(11, 110))]
                await service.import_roster([*usual, *people])
                yield Town(service, world, await service.open_round(**asked))
