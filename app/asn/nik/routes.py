"""NIKs over the API: written and deleted; there is no way to read one."""

from uuid import UUID

from pydantic import BaseModel, SecretStr

from app.asn.nik import service
from app.core.http import ActorDep, ClockDep, SessionDep, SettingsDep
from app.core.routing import Router

router = Router(prefix="/employees/{employee_id}/nik", tags=["personal data"])


class NikWrite(BaseModel):
    """A NIK, 16 digits."""

    nik: SecretStr


@router.put("", status_code=204)
async def keep_nik(
    employee_id: UUID, body: NikWrite, session: SessionDep, actor: ActorDep, settings: SettingsDep, clock: ClockDep
) -> None:
    """Keep a person's NIK, sealed; only where BSrE is used."""
    await service.keep(session, actor, settings, employee_id, body.nik.get_secret_value(), now=clock.now())


@router.delete("", status_code=204)
async def forget_nik(employee_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a person's NIK."""
    await service.forget(session, actor, employee_id)
