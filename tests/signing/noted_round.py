"""A countersigned round: an agency whose head is on the roster, one whose head is not, and the people of both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API, Device
from tests.service import Service, running_service
from tests.signing.opened_round import HEALTH, INSPECTORATE, NOON, OpenedRound, new_database, nip_of, person_row

HEAD, SECRETARY, ACTING = 500, 501, 502
"""The head of the health agency; somebody high enough for heads; somebody who may be made an acting head."""


def head_row() -> str:
    return person_row(
        HEAD, "A1", **{"JABATAN NAMA": "Kepala Dinas Kesehatan", "ESELON ID": "22", "GOL AKHIR NAMA": "IV/c"}
    )


@asynccontextmanager
async def noted_round(server: LocalPostgres, folder: Path, people: int = 30) -> AsyncIterator[OpenedRound]:
    """Open a countersigned round: odd numbers work in the health agency, even ones in the inspectorate, which has no head."""
    rows = [person_row(n, HEALTH if n % 2 else INSPECTORATE) for n in range(1, people + 1)]
    rows += [head_row(), person_row(SECRETARY, INSPECTORATE), person_row(ACTING, HEALTH)]
    with new_database(server) as url:
        async with running_service(url, folder, NOON) as service:
            await service.import_roster(rows)
            yield OpenedRound(service, await service.open_round(countersign=True, pledges=["pakta_integritas"]))


async def signed_by(a_round: OpenedRound, nip: str) -> str:
    """Somebody signs the one pledge they owe; return its document's id."""
    device = await a_round.service.device(nip)
    prepared = await device.open([o["id"] for o in await device.pending()])
    return (await device.sign(prepared)).receipts[0]["id"]


async def head(a_round: OpenedRound) -> Device:
    return await a_round.service.device(nip_of(HEAD))


async def agency(service: Service, name: str) -> str:
    agencies = (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
    return next(a["id"] for a in agencies if a["name"] == name)


async def record(a_round: OpenedRound, agency_id: str, number: int, **more: Any) -> Any:
    body = {"agency_id": agency_id, "nip": nip_of(number)} | more
    path = f"{API}/rounds/{a_round.id}/countersigners"
    return await a_round.service.http.post(path, json=body, headers=a_round.service.as_admin())


async def facts(service: Service, document_id: str) -> dict[str, Any]:
    return (await service.http.get(f"{API}/documents/{document_id}", headers=service.as_admin())).json()


async def stuck(a_round: OpenedRound, **wanted: Any) -> dict[str, str]:
    """Return the causes by document."""
    path = f"{API}/rounds/{a_round.id}/stuck"
    admin = await a_round.service.token(Role.BKPSDM_ADMIN)  # a fresh one: tests move the clock by days
    reply = await a_round.service.http.get(path, params={"limit": 1000} | wanted, headers=admin)
    assert reply.status_code == 200, reply.text
    return {row["document_id"]: row["cause"] for row in reply.json()}
