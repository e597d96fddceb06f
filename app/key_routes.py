"""The service's own keys and certificates, for the administrator: what there is, where it lies, until when it holds."""

from datetime import datetime

from fastapi import Request
from pydantic import BaseModel

from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router
from app.document import stamp_faults
from app.key_standing import standing
from app.pki.inventory import CertificateState

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
async def read_keys(
    request: Request, session: SessionDep, actor: ActorDep, settings: SettingsDep, clock: ClockDep
) -> KeysRead:
    """Tell which certificates the service works with, until when, and what is wrong; no secrets."""
    found = await standing(session, actor, resources(request), settings, now=clock.now())
    findings = [*found.findings, *(stamp_faults.finding(fault) for fault in found.faults)]
    return KeysRead(
        certificates=[CertificateRead.model_validate(one, from_attributes=True) for one in found.certificates],
        findings=[KeyFindingRead.model_validate(one, from_attributes=True) for one in findings],
    )
