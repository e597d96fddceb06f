"""How the service's own keys stand, for whoever looks after them: certificates, what is wrong, and which authorities of others fail."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.resources import Resources
from app.core.settings import Settings
from app.document import stamp_faults
from app.document.models import StampFault
from app.pki.errors import PkiFault
from app.pki.inventory import CertificateFacts, list_certificates
from app.pki.keycheck import Finding, superseded
from app.pki.keyring import KeyRing
from app.wiring import examine_keys, key_folder, key_places


@dataclass(frozen=True)
class Standing:
    """All certificates, what `pakta keys check` says of them, and which time-stamping authorities of others give no good token."""

    certificates: list[CertificateFacts]
    findings: list[Finding]
    faults: list[StampFault]


def examine(held: Resources, settings: Settings, now: datetime) -> list[Finding]:
    """Return what is wrong with the keys, and which of them this process still works with although others followed."""
    authority = held.get(KeyRing).authority
    with suppress(PkiFault):  # what stops the renewal of the list is found just below
        authority.crls(now)
    in_use = {
        "root": authority.root,
        "issuing": authority.issuing,
        "tsa": authority.tsa.certificate,
        "e-seal": authority.e_seal_certificate,
    }
    return examine_keys(settings, now) + superseded(key_folder(settings.storage), in_use)


async def standing(
    session: Session, actor: Principal, held: Resources, settings: Settings, *, now: datetime
) -> Standing:
    """Return how everything stands; no secrets. Raises `NotPermitted`."""
    actor.require(Permission.KEY_READ)

    def look() -> tuple[list[CertificateFacts], list[Finding]]:
        folder = key_folder(settings.storage)
        return list_certificates(folder, now, places=key_places(settings)), examine(held, settings, now)

    certificates, findings = await asyncio.to_thread(look)
    return Standing(certificates, findings, await stamp_faults.list_faults(session))


async def needs_somebody(session: Session, actor: Principal, settings: Settings, *, now: datetime) -> bool:
    """Whether a certificate ends soon or an authority fails, as far as four small files and one row tell; False for whom it does not concern."""
    if not actor.may(Permission.KEY_READ):
        return False
    found = await asyncio.to_thread(list_certificates, key_folder(settings.storage), now)
    return any(one.state != "valid" for one in found) or bool(await stamp_faults.list_faults(session))
