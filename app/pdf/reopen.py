"""Read a finished document as a stranger would, before it counts: fast, strict, and without the code that wrote it.

It knows only the file's outer form: plain PDF 1.7, each revision one signature in a declared field (ISO 32000-1 clause
12.8.1), each range from the first byte to the end of its own revision. It trusts only the certificates it is handed. What
a page shows is not judged here: the expected digest ties the bytes to what was prepared and read. What other makers
signed is not for it either: see `inspect`.
"""

import re
from binascii import Error as BinasciiError
from binascii import unhexlify
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from app.pdf.covered import RANGE, Hole, digests, shared
from app.pki import cms_check, der
from app.pki.authority import OwnCertificates
from app.pki.errors import DerMalformed, SignatureRefused

Kind = Literal["signer", "countersigner", "e_seal", "archive"]

KINDS: dict[bytes, Kind] = {b"pegawai": "signer", b"pejabat": "countersigner", b"segel": "e_seal", b"arsip": "archive"}
SUBFILTERS: dict[bytes, bool] = {b"ETSI.CAdES.detached": False, b"ETSI.RFC3161": True}

_BYTE_RANGE = re.compile(rb"/ByteRange\[0 ([1-9]\d{0,9}) ([1-9]\d{0,9}) ([1-9]\d{0,9}) *\]/Contents(?=<)")
_VALUE = re.compile(
    rb"(?:^|\n)([1-9]\d{0,6}) 0 obj\n<</Type/(Sig|DocTimeStamp)/Filter/Adobe\.PPKLite/SubFilter/([A-Za-z0-9.]+)"
)
_FIELD = re.compile(rb"/FT/Sig/T\((\w{1,32})\)[^\n]*\Z")
_RENEWED = re.compile(rb"arsip(?:[2-9]|[1-9]\d)")
_END = re.compile(rb"startxref\n([1-9]\d{0,9})\n%%EOF\n")
_PREVIOUS = re.compile(rb"/Prev ([1-9]\d{0,9})")


TokenCheck = Callable[[bytes, bytes], datetime]
"""Judges a token (DER) over a SHA-256 digest: its time, or `SignatureRefused`."""


class ReopenRefused(Exception):
    """The finished bytes are not what they should be; nothing may be stored or counted. `code` says where it broke.

    Of the file: `reopen.header`, `reopen.no_signature`, `reopen.byte_range`, `reopen.revision`, `reopen.field`,
    `reopen.digest` (not the prepared bytes), `reopen.key` (not the announced key); of a signature: the codes of
    `app.pki.errors.SignatureRefused`.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"Berkas yang sudah ditandatangani gagal diperiksa ulang ({code}): {why}.")
        self.code = code


@dataclass(frozen=True)
class SignatureFacts:
    """What one signature says: `digest` is the SHA-256 over its range, `signed_at` the time of its token (UTC), if it has one.

    `certificate` (DER) is the signer's; of an archive time stamp it is not told. `name` and `nip` stand in the certificate; the archive time stamp has neither, the e-seal no NIP.
    """

    kind: Kind
    field: str
    name: str
    nip: str
    signed_at: datetime | None
    digest: bytes
    certificate: bytes = b""


@dataclass(frozen=True)
class Reopened:
    """The facts of every signature in the order they were made, the first one being the signer's."""

    signatures: tuple[SignatureFacts, ...]


def reopen(
    parts: Sequence[bytes] | bytes,
    *,
    expected_digest: bytes | None,
    spki: bytes | None,
    own: OwnCertificates,
    others: TokenCheck | None = None,
    timed: bool = True,
) -> Reopened:
    """Check a finished document, given whole or as its consecutive parts; `ReopenRefused` on the first fault.

    `expected_digest` and `spki` are what the first signature must cover and be made with, None where nothing was
    announced; `own` are the certificates that may stand behind signatures, `others` judges archive tokens that are not of our own
    TSA. `timed` False takes signatures without time-stamp token (PAdES B-B), and none with one.
    """
    data = parts if isinstance(parts, bytes) else b"".join(parts)
    if not data.startswith(b"%PDF-1.7\n"):
        raise ReopenRefused("reopen.header", "bukan PDF 1.7")
    first = shared(b"" if isinstance(parts, bytes) or len(parts) < 2 else parts[0])
    holes = _holes(data, first.searched)
    _check_revisions(data, holes)
    checked: list[SignatureFacts] = []
    for hole, digest in zip(holes, digests(data, holes, first), strict=True):
        if not checked and expected_digest is not None and digest != expected_digest:
            raise ReopenRefused("reopen.digest", "isi berkas bukan yang disiapkan")
        kind, field = _declared(data, hole)
        awaited = _Awaited(own, others, None if checked else spki, timed)
        try:
            facts = _check(kind, field, _value(data, hole), digest, awaited)
        except SignatureRefused as error:
            raise ReopenRefused(error.code, str(error)) from error
        checked.append(facts)
    _check_order([facts.kind for facts in checked])
    return Reopened(tuple(checked))


def _holes(data: bytes, searched: int) -> list[Hole]:
    """Every signature value by its /ByteRange, of which none stands before `searched`; one of another shape is refused."""
    found, begin, position = [], searched, data.find(RANGE, searched)
    while position >= 0:
        match = _BYTE_RANGE.match(data, position)
        if not match:
            raise ReopenRefused("reopen.byte_range", "rentang byte tidak baku")
        start, end, rest = map(int, match.groups())
        if start != match.end() or end > len(data) or not data[end - 1 : end] == b">":
            raise ReopenRefused("reopen.byte_range", "rentang byte tidak mengapit tanda tangannya")
        found.append(Hole(begin, position, start, end, end + rest))
        begin = end + rest
        position = data.find(RANGE, end)
    if not found:
        raise ReopenRefused("reopen.no_signature", "tidak ada tanda tangan")
    return found


def _check_revisions(data: bytes, holes: Sequence[Hole]) -> None:
    """Each range ends where its revision ends, each revision follows the one before, and the last is the whole file.

    The chain of /Prev (ISO 32000-1 clause 7.5.6) shows that no unsigned revision lies between or after them.
    """
    covered, previous = 0, None
    for hole in holes:
        if hole.start <= covered or hole.covered > len(data):
            raise ReopenRefused("reopen.revision", "tanda tangan tidak berada dalam revisinya sendiri")
        tail = data[hole.end : hole.covered]
        end = _END.search(tail, max(0, len(tail) - 40))
        if not end or end.end() != len(tail) or tail.count(b"%%EOF") != 1 or tail.count(b"trailer") != 1:
            raise ReopenRefused("reopen.revision", "rentang byte tidak berakhir pada akhir revisi")
        table = int(end[1])
        if not hole.end <= table < hole.covered or data[table : table + 5] != b"xref\n":
            raise ReopenRefused("reopen.revision", "tabel rujukan bukan milik revisi ini")
        link = _PREVIOUS.search(tail, tail.index(b"trailer"))
        if (int(link[1]) if link else None) != previous:
            raise ReopenRefused("reopen.revision", "ada revisi lain di antaranya")
        covered, previous = hole.covered, table
    if covered != len(data):
        raise ReopenRefused("reopen.revision", "ada byte sesudah tanda tangan terakhir")


def _value(data: bytes, hole: Hole) -> bytes:
    """The DER in a hole, which must be hex digits and, behind the DER, zeros only."""
    digits = data[hole.start + 1 : hole.end - 1]
    try:
        padded = unhexlify(digits)
    except BinasciiError as error:
        raise ReopenRefused("reopen.byte_range", "isi tanda tangan bukan heksadesimal") from error
    if digits.lower() != digits:
        raise ReopenRefused("reopen.byte_range", "isi tanda tangan bukan heksadesimal huruf kecil")
    try:
        encoded = der.read(padded, 0, len(padded)).whole
    except DerMalformed as error:
        raise ReopenRefused("signature.cms", str(error)) from error
    if padded.count(0, len(encoded)) != len(padded) - len(encoded):
        raise ReopenRefused("reopen.byte_range", "ada byte tersembunyi di belakang tanda tangan")
    return encoded


def _declared(data: bytes, hole: Hole) -> tuple[Kind, str]:
    """The kind and the field whose /V points at this signature value, found in the same revision."""
    begin = data.rfind(b" 0 obj\n", 0, hole.found)
    value = _VALUE.match(data, data.rfind(b"\n", 0, begin))
    if not value or value.end() > hole.found or value[3] not in SUBFILTERS:
        raise ReopenRefused("reopen.field", "jenis tanda tangan tidak dikenal")
    fields = _fields(data, b"/V %b 0 R>>\nendobj\n" % value[1], hole)
    kind = kind_of(fields[0]) if len(fields) == 1 else None
    if kind is None:
        raise ReopenRefused("reopen.field", "tanda tangan tidak berada di kolomnya")
    archive = kind == "archive"
    if SUBFILTERS[value[3]] != archive or (value[2] == b"DocTimeStamp") != archive:
        raise ReopenRefused("reopen.field", "jenis tanda tangan bukan untuk kolom ini")
    return kind, fields[0].decode()


def kind_of(field: bytes) -> Kind | None:
    """What is signed in a field of this name; archive time stamps are renewed in arsip2, arsip3 and so on."""
    return "archive" if _RENEWED.fullmatch(field) else KINDS.get(field)


def _fields(data: bytes, pointer: bytes, hole: Hole) -> list[bytes]:
    """The names of the fields in the revision around `hole` that end with `pointer`; each stands on one line."""
    found = []
    for begin, end in ((hole.begin, hole.start), (hole.end, hole.covered)):  # the value itself is digits
        position = data.find(pointer, begin, end)
        while position >= 0:
            field = _FIELD.search(data, data.rfind(b"\n", 0, position) + 1, position)
            if field:
                found.append(field[1])
            position = data.find(pointer, position + len(pointer), end)
    return found


@dataclass(frozen=True)
class _Awaited:
    """What may stand behind a signature, the key announced for it, and whether it must have its time."""

    own: OwnCertificates
    others: TokenCheck | None
    spki: bytes | None
    timed: bool


def _check(kind: Kind, field: str, encoded: bytes, digest: bytes, awaited: _Awaited) -> SignatureFacts:
    """One signature or archive time stamp; `SignatureRefused` or `ReopenRefused`."""
    own = awaited.own
    if kind == "archive":
        return SignatureFacts(kind, field, "", "", _archived(encoded, digest, awaited), digest)
    signed = cms_check.read_signed_data(encoded)
    certificate = cms_check.check_document_signature(signed, digest)
    if kind == "e_seal":
        if signed.certificate not in own.e_seal:
            raise ReopenRefused("signature.issuer", "segel bukan dari sertifikat segel instansi")
    elif signed.certificate in own.e_seal or signed.certificate in own.tsa:
        raise ReopenRefused("signature.issuer", "sertifikat ini bukan milik seseorang")
    cms_check.check_chain(signed, own.issuing)
    if kind != "e_seal" and awaited.spki is not None and certificate.spki != awaited.spki:
        raise ReopenRefused("reopen.key", "ditandatangani dengan kunci lain")
    name, number = certificate.text("name"), certificate.text("serial_number")
    if (signed.token is None) is awaited.timed:
        raise ReopenRefused("signature.timestamp", "tidak ada stempel waktu, atau ada yang tidak diminta")
    if signed.token is None:
        return SignatureFacts(kind, field, name, number, None, digest, signed.certificate)
    at = cms_check.check_token(signed.token, sha256(signed.signature).digest(), tsa=own.tsa, issuing=own.issuing)
    if not certificate.not_before <= at <= certificate.not_after:
        raise ReopenRefused("signature.validity", "ditandatangani di luar masa berlaku sertifikat")
    return SignatureFacts(kind, field, name, number, at, digest, signed.certificate)


def _archived(encoded: bytes, digest: bytes, awaited: _Awaited) -> datetime:
    """The time of an archive token by our own TSA, or by one that `others` knows."""
    try:
        return cms_check.check_token(encoded, digest, tsa=awaited.own.tsa, issuing=awaited.own.issuing)
    except SignatureRefused:
        if awaited.others is None:
            raise
        return awaited.others(encoded, digest)


def _check_order(kinds: Sequence[Kind]) -> None:
    """The signer comes first, nobody twice, and nothing after the archive time stamp but its renewals."""
    archived = kinds.index("archive") if "archive" in kinds else len(kinds)
    ranks = [list(KINDS.values()).index(kind) for kind in kinds[: archived + 1]]
    if kinds[0] != "signer" or ranks != sorted(set(ranks)) or set(kinds[archived:]) - {"archive"}:
        raise ReopenRefused("reopen.field", "urutan tanda tangan tidak benar")
