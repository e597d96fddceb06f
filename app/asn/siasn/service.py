"""Bring in who changed at SIASN: as a roster in SIASN's own form, through the same staging as a file. A person applies it."""

import asyncio
import csv
import os
import tempfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.asn import queries
from app.asn.importing import Upload
from app.asn.models import RosterImport
from app.asn.siasn.client import Pause, SiasnClient
from app.asn.siasn.errors import SiasnOff
from app.asn.staging import service as staging
from app.core.db import Session
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.settings import Settings

SOURCE = "siasn"
BY_ITSELF = Principal(UUID(int=0), Role.BKPSDM_ADMIN, Scope())
_FIELDS: Mapping[str, str] = {
    "id": "PNS ID",
    "nipBaru": "NIP BARU",
    "nama": "NAMA",
    "gelarDepan": "GELAR DEPAN",
    "gelarBelakang": "GELAR BELAKANG",
    "tglLahir": "TANGGAL LAHIR",
    "jenisKelamin": "JENIS KELAMIN",
    "emailGov": "EMAIL GOV",
    "noHp": "NOMOR HP",
    "jenisPegawaiNama": "JENIS PEGAWAI NAMA",
    "kedudukanHukumId": "KEDUDUKAN HUKUM ID",
    "statusCpnsPns": "STATUS CPNS PNS",
    "golRuangAkhir": "GOL AKHIR NAMA",
    "jenisJabatanId": "JENIS JABATAN ID",
    "jabatanNama": "JABATAN NAMA",
    "unorId": "UNOR ID",
    "unorNama": "UNOR NAMA",
    "eselonId": "ESELON ID",
}
"""What is asked of a person, by SIASN's name, and the column of its export that says the same. All else is dropped here."""


async def refresh(
    session: Session,
    settings: Settings,
    http: httpx.AsyncClient,
    *,
    now: datetime,
    pause: Pause = asyncio.sleep,
) -> RosterImport | None:
    """Stage who changed since the last refresh (a day of overlap); None when nobody did.

    Raises `SiasnOff`, `SiasnRefused`, `SiasnUnavailable`; then nothing is staged and the next refresh asks for the same days.
    """
    if not settings.siasn.base_url:
        raise SiasnOff
    client = SiasnClient(settings.siasn, http, pause)
    since = await _since(session, settings.siasn.first_days, now)
    handle, name = await asyncio.to_thread(tempfile.mkstemp, ".csv")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            written = await _write(client, since, csv.writer(file))
        if not written:
            return None
        upload = Upload(path, f"siasn-{now:%Y-%m-%d}.csv", source=SOURCE)
        return await staging.take_in(session, BY_ITSELF, upload, settings, later=False, now=now)
    finally:
        await asyncio.to_thread(path.unlink)


async def _since(session: Session, first_days: int, now: datetime) -> date:
    last = await queries.find_newest_of(session, SOURCE)
    return (last - timedelta(days=1) if last else now - timedelta(days=first_days)).date()


async def _write(client: SiasnClient, since: date, writer: Any) -> int:
    """Write every person once; return how many."""
    seen: set[str] = set()
    writer.writerow(_FIELDS.values())
    async for page in client.changed_since(since):
        for person in page:
            key = str(person.get("id") or person.get("nipBaru"))
            if key not in seen:  # a page may repeat people when somebody changes while it is read
                seen.add(key)
                writer.writerow("" if person.get(field) is None else str(person[field]) for field in _FIELDS)
    return len(seen)
