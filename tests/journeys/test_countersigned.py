"""A countersigned document of the running service in each of its states, judged by programs that are not ours (tests/pdf/outside_check.py)."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import SystemClock
from app.device.signer import API
from app.pki.keyring import KeyRing
from tests.pdf.outside_check import check_signed
from tests.service import Service, running_service

SITI, BUDI = "198501012010012001", "197505052000031002"
FIELDS = {"signed": 1, "countersigned": 2, "sealed": 3}
"""How many signatures a reader sees beside the archive time stamp."""


async def every_state(service: Service) -> dict[str, bytes]:
    """Siti signs, Budi, acting for her agency's head, takes note, the service seals; the file after each."""
    await service.import_roster()
    round_id = await service.open_round(countersign=True, pledges=["pakta_integritas"])
    agencies = (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
    today = service.clock.now().date()
    made = await service.http.post(
        f"{API}/rounds/{round_id}/countersigners",
        json={
            "agency_id": next(a["id"] for a in agencies if a["name"] == "Dinas Kesehatan"),
            "nip": BUDI,
            "capacity": "plt",
            "mandate_number": "800.1.3/77/2026",
            "valid_from": (today - timedelta(days=1)).isoformat(),
            "valid_to": (today + timedelta(days=30)).isoformat(),
        },
        headers=service.as_admin(),
    )
    assert made.status_code == 201, made.text
    siti, budi = await service.device(SITI), await service.device(BUDI)
    signed = await siti.sign(await siti.open([o["id"] for o in await siti.pending()]))
    document = signed.receipts[0]["id"]
    files = {"signed": await siti.download(document)}
    await budi.sign(await budi.open_countersigning([document]))
    files["countersigned"] = await siti.download(document)
    await service.run_jobs()
    files["sealed"] = await siti.download(document)
    return files


@pytest.fixture
async def root_and_files(fresh_database: str, tmp_path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Made now, by the real clock: outside validators ask no other."""
    async with running_service(fresh_database, tmp_path, SystemClock().now()) as service:
        files = await every_state(service)
        return service.held.get(KeyRing).authority.root, files


async def test_every_judge_accepts_every_state(root_and_files: tuple[bytes, dict[str, bytes]], tmp_path: Path) -> None:
    root, files = root_and_files
    for state, data in files.items():
        await check_signed(data, root, tmp_path / state, signatures=FIELDS[state], archived=state == "sealed")
