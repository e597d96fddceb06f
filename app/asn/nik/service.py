"""Keep, use, rotate and forget NIKs. Nothing here returns one to a person; `open_nik` is for the signing provider alone."""

from datetime import datetime
from uuid import UUID

from app.asn.errors import EmployeeInvalid, NikKeyLost, NikOff
from app.asn.history.service import get_visible
from app.asn.nik import digest, queries, sealing
from app.asn.nik.column import STAGED
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.secrets import master_key
from app.core.settings import Settings

BATCH = 500


async def keep(
    session: Session, actor: Principal, settings: Settings, employee_id: UUID, nik: str, *, now: datetime
) -> None:
    """Seal and keep a person's NIK; raises `NikOff` unless it is to be kept at all, `EmployeeInvalid`, which does not repeat it."""
    actor.require(Permission.EMPLOYEE_WRITE)
    await get_visible(session, actor, employee_id)
    if not settings.nik.keep:
        raise NikOff
    digits = "".join(nik.split()).lstrip("'")
    if reason := sealing.fault(digits, now.date()):
        raise EmployeeInvalid(field="nik", reason=reason)
    await queries.write(session, employee_id, sealing.seal(_key(settings), employee_id, digits), now)


async def forget(session: Session, actor: Principal, employee_id: UUID) -> None:
    """Delete a person's NIK, also when none are kept any longer."""
    actor.require(Permission.EMPLOYEE_WRITE)
    await get_visible(session, actor, employee_id)
    await queries.remove(session, employee_id)


async def open_nik(session: Session, settings: Settings, employee_id: UUID) -> str | None:
    """Return a person's NIK for a call to BSrE, None when it is not kept; raises `SealBroken`."""
    sealed = await queries.find(session, employee_id)
    if sealed is None or not settings.nik.keep:
        return None
    if key := _opening(settings, sealed):
        return sealing.unseal(key, employee_id, sealed)
    raise sealing.SealBroken("the key this value was sealed with is not set")


async def digest_key(session: Session, settings: Settings) -> str:
    """Return the key digests of NIKs are made with, made on first use; raises `NikKeyLost` when no master key given opens it."""
    found = await queries.find_digest_key(session)
    if found is None:
        await queries.keep_digest_key(session, sealing.seal(_key(settings), STAGED, digest.new_key()))
        found = await queries.find_digest_key(session)
    assert found is not None
    if key := _opening(settings, found.sealed):
        return sealing.unseal(key, STAGED, found.sealed)
    raise NikKeyLost


def nik_key(settings: Settings) -> str:
    """Return the key a reading seals NIKs with and opens those that a correction workbook brings back, in hexadecimal."""
    return _key(settings).key.hex()


async def _rotate_digest_key(session: Session, settings: Settings) -> None:
    found = await queries.find_digest_key(session)
    current = _key(settings)
    key = _opening(settings, found.sealed) if found else None
    if found and key and key.id != current.id:
        found.sealed = sealing.seal(current, STAGED, sealing.unseal(key, STAGED, found.sealed))


async def rotate(session: Session, settings: Settings, *, now: datetime) -> tuple[int, int]:
    """Seal at most `BATCH` values anew that another key sealed; return how many were, and how many no known key opens."""
    await _rotate_digest_key(session, settings)
    current, *former = all_keys(settings)
    by_id = {key.id: key for key in former if key.id != current.id}
    found = await queries.list_of_keys(session, list(by_id), BATCH)
    for row in found:
        nik = sealing.unseal(by_id[sealing.key_id(row.sealed)], row.employee_id, row.sealed)
        row.sealed, row.sealed_at = sealing.seal(current, row.employee_id, nik), now
    await session.flush()
    return len(found), await queries.count_of_other_keys(session, [current.id, *by_id])


def _key(settings: Settings) -> sealing.NikKey:
    return sealing.derive(master_key(settings.storage))


def _opening(settings: Settings, sealed: bytes) -> sealing.NikKey | None:
    return next((key for key in all_keys(settings) if key.id == sealing.key_id(sealed)), None)


def all_keys(settings: Settings) -> list[sealing.NikKey]:
    """Return the key NIKs are sealed with, and the one before it while it is given."""
    former = settings.nik.previous_master_key.get_secret_value()
    return [_key(settings), *([sealing.derive(former.encode())] if former else [])]
