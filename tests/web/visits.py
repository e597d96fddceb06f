"""A visitor's browser without scripts: pages over HTTP, with the cookie of an activated person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from app.core.ids import new_id
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import Device
from tests.conftest import TEMPLATE, database_url
from tests.service import Service

SITI, BUDI, NUR, JOKO = "198501012010012001", "197505052000031002", "199003032015032003", "198802022023211004"
HTML = "text/html,application/xhtml+xml"


@contextmanager
def database_of_a_module(postgres: LocalPostgres) -> Iterator[str]:
    """The URL of a database that all tests of a module share."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield database_url(postgres, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Visit:
    """One browser: its cookies, its language, and the CSRF token of the page it saw last."""

    http: httpx.AsyncClient
    language: str = "id"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def get(self, path: str) -> httpx.Response:
        return await self._send("GET", path)

    async def post(self, path: str, fields: dict[str, str], *, token: bool = True, **more: Any) -> httpx.Response:
        sent = fields | ({"csrf": self.csrf} if token else {})
        return await self._send("POST", path, data=sent, **more)

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"accept": HTML, "accept-language": self.language} | more.pop("headers", {})
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = await self.http.request(method, path, headers=headers, **more)
        self.http.cookies.clear()
        self.cookies.update(reply.cookies)
        if found := re.search(r'<meta name="csrf" content="([0-9a-f]+)">', reply.text):
            self.csrf = found[1]
        return reply


async def activation_path(service: Service, nip: str) -> str:
    person = await service.person(nip)
    body = {"employee_ids": [person["id"]]}
    links = await service.http.post("/api/v1/activations", json=body, headers=service.as_admin())
    return f"/aktivasi/{links.json()[0]['code']}"


def birth_date(nip: str) -> dict[str, str]:
    return {"day": nip[6:8], "month": nip[4:6], "year": nip[:4]}


async def activated(service: Service, nip: str, *, language: str = "id") -> Visit:
    """Somebody who went through the activation by forms alone and chose a PIN."""
    visit = Visit(service.http, language)
    confirmed = await visit.post(await activation_path(service, nip), birth_date(nip))
    assert confirmed.headers["location"] == "/cara-masuk", confirmed.text
    await visit.get("/cara-masuk")
    chosen = await visit.post("/cara-masuk", {"pin": "295817", "again": "295817"})
    assert chosen.headers["location"] == "/beranda", chosen.text
    await service.let_sign(await service.person(nip))
    await visit.get("/beranda")
    return visit


def visit_of(device: Device, service: Service, *, language: str = "id") -> Visit:
    """The browser on a phone that was activated over the API."""
    return Visit(service.http, language, dict(device._cookies))


async def office(service: Service, role: Role, agencies: list[Any] | None = None) -> Visit:
    """The browser of an office that entered a token."""
    visit = Visit(service.http)
    token = (await service.token(role, agencies))["authorization"].removeprefix("Bearer ")
    entered = await visit.post("/dashboard/masuk", {"token": token}, token=False, headers={"origin": "null"})
    assert entered.status_code == 303, entered.text
    await visit.get("/dashboard")
    await visit.get(entered.headers["location"])
    return visit


async def opened(service: Service, visit: Visit) -> str:
    """Press the big button; return the signing page's path."""
    await visit.get("/beranda")
    pressed = await visit.post("/tanda-tangan", {})
    assert pressed.status_code == 303, pressed.text
    return pressed.headers["location"]
