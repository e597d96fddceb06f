"""A further archive time stamp over a file that has one: renewal of PAdES B-LTA (ETSI EN 319 142-1 clause 5.5, EN 319 102-1 5.6.3).

The new document time stamp stands in a field of its own, `arsip2`, `arsip3`, …, which no page shows; before it the store is
completed with what proves the stamp before it: certificates and CRLs of today.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from app.pdf.crossref import closing
from app.pdf.dss import dss_dictionary
from app.pdf.ending import merged
from app.pdf.errors import RevisionRefused
from app.pdf.field import ARCHIVE_VALUE
from app.pdf.increment import Sign, build_increment
from app.pdf.object_numbers import DSS, FORM
from app.pdf.revision import TOKEN_ROOM, FileParts, covered_digest, last_trailer, packed
from app.pdf.syntax import references

_STORE = re.compile(
    rb"(?:\A|\n)%d 0 obj\n<</Type/DSS/Certs\[([^\]]*)\]/CRLs\[([^\]]*)\](?:/OCSPs\[([^\]]*)\])?>>\nendobj" % DSS
)
_FORM = re.compile(rb"(?:\A|\n)%d 0 obj\n<</SigFlags 3/Fields\[([^\]]*)\]>>\nendobj" % FORM)
MOST_STAMPS = 17  # with the three signatures before them as many as `app.pdf.inspect` reads of any file
_STAMPED = re.compile(rb"/FT/Sig/T\(arsip(\d*)\)[^\n]*/V \d+ 0 R")


def append_renewal(
    document: FileParts,
    prefix: bytes,
    *,
    sign: Sign,
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    responses: Sequence[bytes],
    room: int = TOKEN_ROOM,
) -> bytes:
    """The revision with a further archive time stamp; returns only the appended bytes.

    `sign` gives an RFC 3161 token; `certificates`, `crls` and OCSP `responses` (DER) are added to the store. Raises `RevisionRefused` for a
    file without an archive time stamp, and for one that has `MOST_STAMPS`.
    """
    number = 1 + max((int(found[1] or 1) for part in document.parts for found in _STAMPED.finditer(part)), default=0)
    if number == 1:
        raise RevisionRefused("there is no archive time stamp to renew")
    if number > MOST_STAMPS:
        raise RevisionRefused(f"there are {MOST_STAMPS} archive time stamps already, more are not read")
    last = last_trailer(document)
    value_number, field_number = last.size, last.size + 1
    added = (*certificates, *crls, *responses)
    first = field_number + 1
    size = first + len(added)
    counts = (len(certificates), len(crls), len(responses))
    objects = [
        _form(document, prefix, field_number),
        _store(document, prefix, first, counts),
        (field_number, b"<</FT/Sig/T(arsip%d)/V %d 0 R>>" % (number, value_number)),
        *((first + at, packed(one)) for at, one in enumerate(added)),
    ]
    file_id = sha256(b"".join([body for _, body in objects])).hexdigest()[:32].encode()
    end = closing(last, size, file_id)
    increment = build_increment(document.length, objects, (value_number, ARCHIVE_VALUE), room, end)
    return increment.sealed(sign(covered_digest(document, increment)))


def _form(document: FileParts, prefix: bytes, added: int) -> tuple[int, bytes]:
    """(number, dictionary) of the form with one more field."""
    if document.ending is None:
        return FORM, b"<</SigFlags 3/Fields[%s %d 0 R]>>" % (_newest(_FORM, document, prefix)[1], added)
    form = document.ending.form
    if form is None:
        raise RevisionRefused("the form is no object of its own")
    return form.number, b"<</Fields[%s %d 0 R]%s>>" % (form.fields, added, form.further)


def _store(document: FileParts, prefix: bytes, first: int, counts: tuple[int, int, int]) -> tuple[int, bytes]:
    """(number, dictionary) of the store with as many certificates, CRLs and responses more, numbered from `first` on."""
    other = document.ending.store if document.ending else None
    if other is None:
        return DSS, dss_dictionary(*_store_lists(_newest(_STORE, document, prefix), first, counts))
    at, added = first, []
    for count in counts:
        added.append(references(range(at, at + count)))
        at += count
    return other.number, merged(other, *added)


def _newest(pattern: re.Pattern[bytes], document: FileParts, prefix: bytes) -> re.Match[bytes]:
    for part in reversed(document.parts):
        if found := pattern.search(part):
            return found
    if found := _in_prefix(pattern, prefix):
        return found
    raise RevisionRefused("the file is not one of this engine")


@lru_cache(maxsize=32)  # documents of one template begin with the very same bytes
def _in_prefix(pattern: re.Pattern[bytes], prefix: bytes) -> re.Match[bytes] | None:
    return pattern.search(prefix)


def _store_lists(store: re.Match[bytes], first: int, counts: tuple[int, int, int]) -> list[bytes]:
    """The references of certificates, CRLs and responses: those of before, then as many new ones each from `first` on."""
    lists = []
    for listed, count in zip(store.groups(default=b""), counts, strict=True):
        lists.append(b" ".join(filter(None, (listed, references(range(first, first + count))))))
        first += count
    return lists
