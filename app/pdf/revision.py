"""Later revisions: countersignature, e-seal, archive time stamp. Each fills one field that was declared empty, and nothing else.

A revision needs the prefix only once, as a `RevisionBase`; of the parts after it, it reads the last trailer. It never sees whose
document it is. What may change in a field when it is signed is its appearance and value: description, rectangle and structure stay,
or readers that check differences call the earlier signature broken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256

from app.pdf.crossref import Trailer, closing, own_trailer
from app.pdf.dss import dss_dictionary
from app.pdf.ending import Ending, Store, merged
from app.pdf.errors import RevisionRefused
from app.pdf.field import ARCHIVE_VALUE, field_dictionary, signature_value, visible_mark
from app.pdf.increment import Increment, Laid, Sign, build_increment, embed, lay_out
from app.pdf.metadata import pdf_date
from app.pdf.moment import moment_in_words
from app.pdf.object_numbers import DSS
from app.pdf.person import Official
from app.pdf.syntax import Rectangle, references, stream
from app.pdf.tail import HashState
from app.pdf.typesetter import load_typesetters, tidy

__all__ = [
    "FileParts",
    "PreparedRevision",
    "RevisionBase",
    "append_archive",
    "append_e_seal",
    "embed",
    "prepare_countersignature",
    "read_base",
]

TOKEN_ROOM = 4096
SEAL_ROOM = 4096

_FIELD = re.compile(
    rb"(\d+) 0 obj\n(<</Type/Annot/Subtype/Widget/FT/Sig/T\((\w+)\)[^\n]*?/Rect\[([^\]]+)\][^\n]*?)(?:/AP<</N \d+ 0 R>>)?>>\nendobj"
)
_DSS = re.compile(rb"\n%d 0 obj\n<</Type/DSS/Certs\[([^\]]*)\]" % DSS)


_Added = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""Certificates and CRLs (DER) that a revision adds to the store."""


@dataclass(frozen=True)
class EmptyField:
    """A declared field: its object, the part of its dictionary that stays, its rectangle."""

    object_number: int
    head: bytes
    corners: Rectangle


@dataclass(frozen=True)
class RevisionBase:
    """What later revisions need of a prefix: its length, its SHA-256 state, its empty fields, the DSS's certificates."""

    length: int
    state: HashState = field(repr=False)
    fields: dict[str, EmptyField]
    certificates: bytes


@dataclass(frozen=True)
class FileParts:
    """A file after its prefix: the first tail (signed), then each appended revision; `ending` where another maker's is among them."""

    base: RevisionBase
    parts: tuple[bytes, ...]
    ending: Ending | None = None
    hashed: HashState | None = field(default=None, repr=False, compare=False)

    @cached_property
    def state(self) -> HashState:
        """SHA-256 over the whole file so far; to be copied, not updated."""
        if self.hashed is not None:
            return self.hashed
        state = self.base.state.copy()
        for part in self.parts:
            state.update(part)
        return state

    def extended(self, part: bytes) -> "FileParts":
        """The file with one more revision; what was hashed is not hashed again."""
        state = self.state.copy()
        state.update(part)
        return FileParts(self.base, (*self.parts, part), self.ending, state)

    @property
    def length(self) -> int:
        """Length of the whole file."""
        return self.base.length + sum([len(part) for part in self.parts])


@dataclass(frozen=True)
class PreparedRevision:
    """A revision whose signature is made elsewhere: `embed(revision, hole=…, prefix_length=start, cms=…)` finishes it."""

    revision: bytes
    hole: tuple[int, int]
    digest: bytes
    start: int


def read_base(prefix: bytes) -> RevisionBase:
    """Read a prefix of this engine; keep the result, it is the same for every document of the template variant."""
    fields = {}
    for found in _FIELD.finditer(prefix):
        x0, y0, x1, y1 = map(float, found[4].split())
        fields[found[3].decode()] = EmptyField(int(found[1]), found[2], (x0, y0, x1, y1))
    dss = _DSS.search(prefix)
    if dss is None or "segel" not in fields or "arsip" not in fields:
        raise RevisionRefused("the prefix is not one of this engine")
    return RevisionBase(len(prefix), sha256(prefix), fields, dss[1])


def prepare_countersignature(
    document: FileParts, official: Official, *, place: str, at: datetime, zone: str, room: int = SEAL_ROOM
) -> PreparedRevision:
    """The official's field filled, its hole zero; `at` is the time of preparation and is printed as such."""
    empty = _field(document, "pejabat")
    name = tidy(official.name)
    lines = (
        ("nip_pejabat", f"NIP {tidy(official.nip)}"),
        ("jabatan_pejabat", tidy(official.position)),
        ("", "Tanda tangan elektronik tidak tersertifikasi"),
        ("", f"Disiapkan {moment_in_words(at, zone)}"),
    )
    mark = visible_mark(
        load_typesetters(),
        empty.corners,
        "Mengetahui, ditandatangani secara elektronik oleh",
        ("nama_pejabat", name),
        lines,
    )
    value = signature_value(pdf_date(at), name=name, reason="Mengetahui", place=tidy(place))
    start = document.length
    increment = _increment(document, empty, mark, value, room)
    return PreparedRevision(increment.sealed(b""), increment.hole, covered_digest(document, increment), start)


def append_e_seal(
    document: FileParts,
    *,
    institution: str,
    place: str,
    at: datetime,
    zone: str,
    sign: Sign,
    room: int = SEAL_ROOM,
) -> bytes:
    """The revision that puts the institution's e-seal into its field; returns only the appended bytes."""
    empty = _field(document, "segel")
    mark = _seal_mark(empty.corners, tidy(institution), moment_in_words(at, zone))
    value = _seal_value(pdf_date(at), tidy(institution), tidy(place))
    increment = _increment(document, empty, mark, value, room)
    return increment.sealed(sign(covered_digest(document, increment)))


@lru_cache(maxsize=64)  # a batch is sealed in few different minutes
def _seal_mark(corners: Rectangle, institution: str, moment: str) -> bytes:
    lines = (("", f"Disiapkan {moment}"),)
    return visible_mark(load_typesetters(), corners, "Segel elektronik", ("instansi", institution), lines)


@lru_cache(maxsize=64)
def _seal_value(date: bytes, institution: str, place: str) -> bytes:
    return signature_value(date, name=institution, reason="Segel elektronik", place=place)


def append_archive(
    document: FileParts,
    *,
    sign: Sign,
    crls: Sequence[bytes] = (),
    certificates: Sequence[bytes] = (),
    room: int = TOKEN_ROOM,
) -> bytes:
    """The revision with the archive time stamp (PAdES B-LTA, ETSI EN 319 142-1 5.4.3); returns only the appended bytes.

    `sign` gives an RFC 3161 token. `crls` (DER) replace the store's list: an archive stamp without CRLs valid at its time
    archives nothing; `certificates` (DER) join it: those of CAs that are newer than the prefix.
    """
    added = (tuple(certificates), tuple(crls))
    increment = _increment(document, _field(document, "arsip"), None, ARCHIVE_VALUE, room, added)
    return increment.sealed(sign(covered_digest(document, increment)))


def _field(document: FileParts, name: str) -> EmptyField:
    empty = document.base.fields.get(name)
    if empty is None:
        raise RevisionRefused(f"the field {name} was not declared in this document")
    marker = b"\n%d 0 obj\n" % empty.object_number
    if any(marker in part or part.startswith(marker[1:]) for part in document.parts[1:]):
        raise RevisionRefused(f"the field {name} is filled already")
    return empty


def last_trailer(document: FileParts) -> Trailer:
    """The newest trailer of a file; raises `RevisionRefused` when it is not of this engine."""
    found = own_trailer(document.parts[-1]) if document.parts else None
    if found is None and document.ending is not None:
        return document.ending.trailer
    if found is None:
        raise RevisionRefused("the last part does not end with a trailer of this engine")
    return found


def _increment(
    document: FileParts,
    empty: EmptyField,
    mark: bytes | None,
    value: bytes,
    room: int,
    added: _Added = ((), ()),
) -> Increment:
    last = last_trailer(document)
    revision = _revision(empty, mark, value, last.size, added, _store(document))
    end = closing(last, revision.size, revision.file_id)
    return build_increment(document.length, revision.laid, (revision.value_number, value), room, end)


def _store(document: FileParts) -> bytes | Store:
    """What the store lists besides CRLs: the prefix's certificates, or all that another maker put there."""
    ending = document.ending
    if ending is None or ending.store is None:
        return document.base.certificates
    return replace(ending.store, certificates=ending.store.certificates + b" " + document.base.certificates)


@dataclass(frozen=True)
class _Revision:
    """What a revision holds beside its signature: its objects, the number of the value, the file's /Size and second /ID."""

    laid: Laid
    value_number: int
    size: int
    file_id: bytes


@lru_cache(maxsize=256)  # only a person's own mark differs within a batch
def _revision(
    empty: EmptyField, mark: bytes | None, value: bytes, size: int, added: _Added, store: bytes | Store
) -> _Revision:
    """The objects of a revision of a file with `size` numbers: field, mark, and where there are CRLs the store with them."""
    mark_number = None if mark is None else size
    value_number = size + (mark is not None)
    first = value_number + 1
    count, streams = len(added[0]), (*added[0], *added[1])
    numbers = range(first, first + len(streams))
    objects = [(empty.object_number, field_dictionary(empty.head, mark=mark_number, value=value_number))]
    if mark_number is not None and mark is not None:
        objects.append((mark_number, mark))
    if streams:
        objects.append(_stored(store, references(numbers[:count]), references(numbers[count:])))
        objects += [(at, packed(one)) for at, one in zip(numbers, streams, strict=True)]
    file_id = sha256(b"".join([body for _, body in objects]) + value).hexdigest()[:32].encode()
    return _Revision(lay_out(objects), value_number, numbers.stop, file_id)


def _stored(store: bytes | Store, certificates: bytes, crls: bytes) -> tuple[int, bytes]:
    """(number, dictionary) of the store with these: CRLs replace our own of before, and join another maker's."""
    if isinstance(store, Store):
        return store.number, merged(store, certificates, crls)
    return DSS, dss_dictionary(b" ".join(filter(None, (store, certificates))), crls)


@lru_cache(maxsize=16)  # a batch is stamped with the same lists
def packed(crl: bytes) -> bytes:
    """A CRL or certificate (DER) as a stream object."""
    return stream(crl)


def covered_digest(document: FileParts, increment: Increment) -> bytes:
    """SHA-256 over the file and what the increment's signature covers of itself."""
    state = document.state.copy()
    state.update(increment.before)
    state.update(increment.after)
    return state.digest()
