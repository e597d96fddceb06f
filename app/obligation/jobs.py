"""Jobs of obligations."""

from uuid import UUID

from app.core import jobs
from app.core.blobs import BlobStore
from app.core.clock import Clock
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import Settings
from app.obligation import service
from app.pdf.inputs import TrustMaterial
from app.pki.keyring import KeyRing
from app.transparency.record import LogIdentity


@jobs.task(service.ASSIGN_JOB)
async def assign(resources: Resources, round_id: str) -> None:
    """Open a round: freeze its texts and its denominator."""
    now = resources.get(Clock).now()  # type: ignore[type-abstract]
    trust = resources.get(KeyRing).authority.trust_material(now)
    async with resources.get(Database).transaction() as session:
        await service.assign(
            session,
            UUID(round_id),
            settings=resources.get(Settings).service,
            trust=TrustMaterial(trust.certificates, trust.crls),
            blobs=resources.get(BlobStore),  # type: ignore[type-abstract]
            log=resources.get(LogIdentity),
            now=now,
        )
