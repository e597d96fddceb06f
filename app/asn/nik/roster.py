"""NIKs that a roster brought: sealed for nobody yet while staged, sealed for their people when it is applied, and then forgotten."""

from datetime import datetime
from uuid import UUID

from app.asn.nik import queries, sealing
from app.asn.nik.column import STAGED
from app.asn.nik.service import all_keys
from app.core.db import Session
from app.core.settings import Settings

BATCH = 5_000


async def apply(session: Session, settings: Settings, import_id: UUID, *, now: datetime) -> None:
    """Seal each staged NIK for its person unless the same is kept already; where none are kept any longer they are only forgotten.

    A value that no key given opens is passed over: the person's NIK is asked for again when it is needed.
    """
    keys = {key.id: key for key in all_keys(settings)} if settings.nik.keep else {}
    current = next(iter(keys.values()), None)
    after = ("", 0)
    while current and (page := await queries.list_staged(session, import_id, after, BATCH)):
        after = (page[-1].sheet, page[-1].row)
        fresh = []
        for row in page:
            nik = _opened(keys, STAGED, row.sealed)
            if nik and (row.kept is None or _opened(keys, row.employee_id, row.kept) != nik):
                fresh.append((row.employee_id, sealing.seal(current, row.employee_id, nik)))
        await queries.write_many(session, fresh, now)
    await queries.forget_staged(session, import_id)


def _opened(keys: dict[bytes, sealing.NikKey], person: UUID, sealed: bytes) -> str:
    key = keys.get(sealing.key_id(sealed))
    try:
        return sealing.unseal(key, person, sealed) if key else ""
    except sealing.SealBroken:
        return ""
