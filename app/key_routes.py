"""The service's own keys and certificates, for the administrator: what there is, where it lies, until when it holds."""

import asyncio
from datetime import datetime

from pydantic import BaseModel

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.permission import Permission
from app.core.routing import Router
from app.document import stamp_faults
from app.pki.inventory import CertificateFacts, CertificateState, list_certificates
from app.pki.keycheck import Finding
from app.wiring import examine_keys, key_folder, key_places

router = Router(tags=["operation"])


class CertificateRead(BaseModel):
    """One certificate; `place` is `file`, `offline`, or the token and object its key lies in."""

    name: str
    subject: str
    serial: str
    not_before: datetime
    not_after: datetime
    place: str
    state: CertificateState


class KeyFindingRead(BaseModel):
    """One thing that is wrong; an `error` stops signing, a `warning` will stop it soon."""

    code: str
    level: str
    detail: str


class KeysRead(BaseModel):
    """All certificates, and what `pakta keys check` says of them."""

    certificates: list[CertificateRead]
    findings: list[KeyFindingRead]


@router.get("/keys")
async def read_keys(session: SessionDep, actor: ActorDep, settings: SettingsDep, clock: ClockDep) -> KeysRead:
    """Tell which certificates the service works with, until when, and what is wrong; no secrets."""
    actor.require(Permission.KEY_READ)
    now = clock.now()

    def look() -> tuple[list[CertificateFacts], list[Finding]]:
        folder = key_folder(settings.storage)
        return list_certificates(folder, now, places=key_places(settings)), examine_keys(settings, now)

    certificates, findings = await asyncio.to_thread(look)
    findings += await stamp_faults.findings(session)
    return KeysRead(
        certificates=[CertificateRead.model_validate(one, from_attributes=True) for one in certificates],
        findings=[KeyFindingRead.model_validate(one, from_attributes=True) for one in findings],
    )
