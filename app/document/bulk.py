"""Finished documents of many people in one go, for signing keys that are at hand: one transaction, one blob, one check of each file.

The same steps as in a ceremony and in the sealing job, without their waits: nothing is stored before a document is finished, so each row
is written once. Every file is read back as a stranger would before it counts, the signer's signature as well as the seal's.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from app.core.db import Session
from app.document import queries, store
from app.document.compiled import RoundText
from app.document.finishing import Prefixed, check, seal_all
from app.document.owed import Owed
from app.document.sealing import Sealer
from app.document.service import print_document
from app.pdf.revision import RevisionBase, embed
from app.pdf.tail import Prepared
from app.transparency import service as transparency
from app.transparency.record import Fact

Level = Literal["B-B", "B-T", "B-LTA"]  # PAdES, ETSI EN 319 142-1; the service itself signs nothing below B-T
Sign = Callable[[Owed, bytes], tuple[bytes, bytes]]
"""Sign a digest for a person: the CMS and the SubjectPublicKeyInfo it verifies under."""


class _Printed(NamedTuple):
    text: RoundText
    owed: Owed
    row: dict[str, Any]
    made: Prepared


@dataclass(frozen=True, slots=True)
class _Finished:
    row: dict[str, Any]
    file: Prefixed
    signed_sha256: bytes
    employee_id: UUID


async def list_owed(session: Session, round_id: UUID, pledge: str, after: UUID | None, limit: int) -> list[Owed]:
    """Return what is owed of one pledge, with what is printed about its people, in the order of the obligations' ids."""
    return await queries.list_owed(session, round_id, pledge, after, limit)


async def issue(
    session: Session,
    sealer: Sealer,
    owed: Sequence[Owed],
    sign: Sign,
    *,
    level: Level,
    now: datetime,
) -> list[UUID]:
    """Print, sign, check, store, register and log one document for each thing owed, e-sealed at B-LTA; return their ids.

    The obligations are the caller's to fulfil. Raises `NotPrintable` and `DocumentDamaged`; then none is kept.
    """
    texts = {(o.round_id, o.pledge): await sealer.shelf.text(session, o.round_id, o.pledge) for o in owed}
    printed = await asyncio.to_thread(_print_all, owed, texts, now)
    used = {(text, made.variant) for text, _, _, made in printed}
    bases = {(text, at): await sealer.shelf.hold(text.template.variants[at]) for text, at in used}
    finished = await asyncio.to_thread(_finish_all, sealer, printed, bases, sign, level, now)
    kinds = ("signed", "sealed")
    revisions = [
        store.NewRevision(f.row["id"], f.row["prefix"], number, kinds[number], part)
        for f in finished
        for number, part in enumerate(f.file.parts)
    ]
    rows = await store.keep(sealer.blobs, revisions)
    await queries.insert_documents(session, [f.row for f in finished])
    await queries.insert_revisions(session, rows)
    await transparency.record(session, sealer.log, _entries(finished, now))
    return [f.row["id"] for f in finished]


def _entries(finished: Sequence[_Finished], now: datetime) -> list[transparency.Entry]:
    signed = [
        transparency.Entry(Fact.DOCUMENT_SIGNED, f.row["id"], f.signed_sha256, now, f.employee_id) for f in finished
    ]
    return signed + [
        transparency.Entry(Fact.DOCUMENT_SEALED, f.row["id"], f.row["sha256"], now)
        for f in finished
        if f.row["sealed_at"] is not None
    ]


def _print_all(owed: Sequence[Owed], texts: Mapping[tuple[UUID, str], RoundText], now: datetime) -> list[_Printed]:
    printed = []
    for duty in owed:
        text = texts[duty.round_id, duty.pledge]
        printed.append(_Printed(text, duty, *print_document(text, duty, now)))
    return printed


def _finish_all(
    sealer: Sealer,
    printed: Sequence[_Printed],
    bases: Mapping[tuple[RoundText, int], tuple[bytes, RevisionBase]],
    sign: Sign,
    level: Level,
    now: datetime,
) -> list[_Finished]:
    authority, sealed, timed = sealer.authority, level == "B-LTA", level != "B-B"
    made = [sign(item.owed, item.made.digest) for item in printed]
    files = signed = [_signed(item, bases, value) for item, (value, _) in zip(printed, made, strict=True)]
    if sealed:
        crls = authority.archive_crls(now)
        appended = seal_all(signed, authority, sealer.settings, crls, now=now)
        files = [file.extended(data) for file, data in zip(signed, appended, strict=True)]
    finished = []
    for item, (_, spki), first, file in zip(printed, made, signed, files, strict=True):
        check(file, authority, name=str(item.row["id"]), digest=item.made.digest, spki=spki, timed=timed)
        row = item.row | {"state": "sealed" if sealed else "signed", "sha256": file.digest(), "size": file.size}
        row |= {"signed_at": now, "sealed_at": now if sealed else None, "signed_sha256": first.digest()}
        finished.append(_Finished(row, file, row["signed_sha256"], item.owed.employee_id))
    return finished


def _signed(
    item: _Printed, bases: Mapping[tuple[RoundText, int], tuple[bytes, RevisionBase]], value: bytes
) -> Prefixed:
    prefix, base = bases[item.text, item.made.variant]
    return Prefixed(prefix, base, (embed(item.made.tail, hole=item.made.hole, prefix_length=len(prefix), cms=value),))
