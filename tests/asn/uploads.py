"""Rosters as they are uploaded, and what is done with them over HTTP."""

import csv
import io
from datetime import timedelta
from typing import Any

from openpyxl import Workbook

from app.device.signer import API
from tests.service import HEADER, Service
from tests.signing.opened_round import post_roster

SHORT = "NIP,NAMA,NAMA UNOR,NAMA JABATAN,GOLONGAN,STATUS"


def roster(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def as_workbook(*rows: str, header: str = HEADER) -> bytes:
    book = Workbook()
    for row in csv.reader([header, *rows]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


async def stage(service: Service, content: bytes, name: str = "roster.csv") -> dict[str, Any]:
    reply = await post_roster(service, content, name)
    assert reply.status_code == 201, reply.text
    service.clock.advance(timedelta(seconds=1))
    return reply.json()


async def apply(service: Service, staged: dict[str, Any]) -> Any:
    service.clock.advance(timedelta(seconds=1))
    return await service.http.post(f"{API}/roster-imports/{staged['id']}/apply", headers=service.as_admin())


async def import_all(service: Service, content: bytes, name: str = "roster.csv") -> dict[str, int]:
    staged = await stage(service, content, name)
    applied = await apply(service, staged)
    assert applied.status_code == 200, applied.text
    assert applied.json()["status"] == "applied"
    return staged["counts"]


async def rows(service: Service, staged: dict[str, Any], **params: Any) -> Any:
    path = f"{API}/roster-imports/{staged['id']}/rows"
    reply = await service.http.get(path, params=params, headers=service.as_admin())
    assert reply.status_code == 200, reply.text
    return reply


def changes(counts: dict[str, int]) -> tuple[int, int, int]:
    return counts["new"], counts["changed"], counts["unchanged"]


async def all_rows(service: Service, staged: dict[str, Any], path: str = "rows", **params: Any) -> list[dict[str, Any]]:
    """Return every row of a list of an import, page by page."""
    seen: list[dict[str, Any]] = []
    query = "&".join(f"{name}={value}" for name, value in {"limit": 150, **params}.items())
    url = f"{API}/roster-imports/{staged['id']}/{path}?{query}"
    while url:
        reply = await service.http.get(url, headers=service.as_admin())
        assert reply.status_code == 200, reply.text
        seen += reply.json()
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    return seen
