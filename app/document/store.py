"""Where revisions lie: packed entries, many to a blob, and the dictionaries they are packed against.

A dictionary is the first revision of its kind that was stored for a template variant: `dictionary/{prefix}/{kind}`. It is
durable before the first entry that needs it, and as a blob it never changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from app.core.blobs import BlobMissing, BlobStore, BlobTaken
from app.core.ids import new_id
from app.core.offload import offload
from app.document.models import Document, DocumentRevision
from app.document.packing import is_packed, pack, unpack


@dataclass(frozen=True, slots=True)
class NewRevision:
    """Bytes to be kept: revision `number` of a document with this prefix; `kind` is signed or sealed."""

    document_id: UUID
    prefix: str
    number: int
    kind: str
    data: bytes


class PlacedRevision(NamedTuple):
    """A row of `document_revision`: where the stored entry of a revision lies."""

    document_id: UUID
    number: int
    kind: str
    blob: str
    offset: int
    length: int


def dictionary_blob(prefix: str, kind: str) -> str:
    """Return the blob's name of a variant's dictionary for one kind of revision."""
    return f"dictionary/{prefix}/{kind}"


async def keep(blobs: BlobStore, revisions: Sequence[NewRevision]) -> list[PlacedRevision]:
    """Store revisions durably in one blob; return the rows that say where they lie."""
    samples = {(r.prefix, r.kind): r.data for r in reversed(revisions)}
    dictionaries = {of: await _get_or_make(blobs, *of, data) for of, data in samples.items()}
    entries = await offload(len(revisions), _pack_all, revisions, dictionaries)
    blob, offset, rows = f"pack/{new_id()}", 0, []
    await blobs.put(blob, b"".join(entries))
    for revision, entry in zip(revisions, entries, strict=True):
        rows.append(PlacedRevision(revision.document_id, revision.number, revision.kind, blob, offset, len(entry)))
        offset += len(entry)
    return rows


async def read(
    blobs: BlobStore, documents: Sequence[Document], revisions: Sequence[DocumentRevision]
) -> dict[UUID, tuple[bytes, ...]]:
    """Return the bytes of revisions, given in order, by document; raises `BlobMissing` and `StoreDamaged`."""
    prefixes = {d.id: d.prefix for d in documents}
    dictionaries: dict[str, bytes] = {}
    parts: dict[UUID, tuple[bytes, ...]] = {}
    for revision in revisions:
        data = await blobs.get(revision.blob, revision.offset, revision.length)
        if is_packed(data):
            name = dictionary_blob(prefixes[revision.document_id], revision.kind)
            if name not in dictionaries:
                dictionaries[name] = await blobs.get(name)
            data = unpack(data, dictionaries[name])
        parts[revision.document_id] = (*parts.get(revision.document_id, ()), data)
    return parts


async def _get_or_make(blobs: BlobStore, prefix: str, kind: str, sample: bytes) -> bytes:
    name = dictionary_blob(prefix, kind)
    try:
        return await blobs.get(name)
    except BlobMissing:
        made = sample
    try:
        await blobs.put(name, made)
    except BlobTaken:  # another process was first, with a sample of its own
        return await blobs.get(name)
    return made


def _pack_all(revisions: Sequence[NewRevision], dictionaries: Mapping[tuple[str, str], bytes]) -> list[bytes]:
    """Return the entries in the order of the revisions; those of one dictionary are packed together."""
    packed = {
        of: iter(pack((r.data for r in revisions if (r.prefix, r.kind) == of), dictionary))
        for of, dictionary in dictionaries.items()
    }
    return [next(packed[r.prefix, r.kind]) for r in revisions]
