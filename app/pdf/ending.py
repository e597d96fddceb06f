"""How a file ends, for whoever appends to it: trailer and validation store, also where others appended before us.

What we wrote last is read from its last bytes. What another maker appended (a signing service's update) is read by a full parser, which
also says whether a signature forbids every further one: certified without changes allowed, or our fields locked (ISO 32000-1
clauses 12.8.2.2 and 12.8.2.4).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from app.pdf.crossref import Trailer
from app.pdf.object_numbers import DSS
from app.pdf.opening import open_file

OWN_FIELDS = ("pejabat", "segel", "arsip")
MOST_OBJECTS = 8_388_607
"""Indirect objects a file may have (ISO 32000-1 annex C.2)."""
_ID_DIGITS = 32


class AppendRefused(Exception):
    """Nothing may or can be appended to this file; `code` is a stable word.

    `no_changes`: a signature certifies that nothing changes; `field_lock`: one locks a field of ours; `form`: the file ends in a
    form we cannot continue (a store that is no object of its own, a trailer without its references).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Store:
    """The validation store (DSS) another maker left: its object, the references it lists, and its other entries as written."""

    number: int
    certificates: bytes
    crls: bytes
    responses: bytes
    further: bytes


@dataclass(frozen=True)
class Form:
    """The form another maker left: its object, the references of its fields, and its other entries as written."""

    number: int
    fields: bytes
    further: bytes


@dataclass(frozen=True)
class Ending:
    """The end of a file to which another maker appended.

    `store` is None where the store is still the prefix's, `form` where the form is no object of its own.
    """

    trailer: Trailer
    store: Store | None
    form: Form | None


def read_ending(data: bytes) -> Ending:
    """How a signed file of ours ends, whoever signed it; raises `AppendRefused` where nothing may or can follow."""
    try:
        reader = open_file(data)
        _require_open(reader)
        return Ending(_trailer(reader), _store(reader), _form(reader))
    except AppendRefused:
        raise
    except Exception as error:  # a stranger's bytes may break any parser in any way
        raise AppendRefused("form") from error


def merged(store: Store, certificates: bytes, crls: bytes, responses: bytes = b"") -> bytes:
    """Another maker's store with references of ours added to it (EN 319 142-1 clause 5.4.2: it only ever grows)."""
    listed = _joined(store.certificates, certificates), _joined(store.crls, crls), _joined(store.responses, responses)
    return b"<</Type/DSS/Certs[%s]/CRLs[%s]/OCSPs[%s]%s>>" % (*listed, store.further)


def read_signers(data: bytes) -> list[tuple[bytes, datetime]]:
    """(certificate in DER, time of the stamp) of each signature of a file that was examined, archive time stamps not among them."""
    found = []
    for embedded in open_file(data).embedded_regular_signatures:
        for token in extract_tst_data_iter(embedded.signer_info, signed=False):
            at: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
            found.append((bytes(embedded.signer_cert.dump()), at))
    return found


def _joined(before: bytes, added: bytes) -> bytes:
    """Two lists of references as one, each reference once."""
    return b" ".join(dict.fromkeys(re.findall(rb"\d+ \d+ R", before + b" " + added)))


def _require_open(reader: PdfFileReader) -> None:
    for embedded in reader.embedded_signatures:
        if embedded.docmdp_level == MDPPerm.NO_CHANGES:
            raise AppendRefused("no_changes")
        lock = embedded.fieldmdp
        if lock is not None and any(lock.is_locked(name) for name in OWN_FIELDS):
            raise AppendRefused("field_lock")


def _trailer(reader: PdfFileReader) -> Trailer:
    """What follows continues the newest section in its own form; a table that names a stream beside it (a hybrid) counts as a table."""
    newest = reader.xrefs.get_xref_container_info(reader.xrefs.total_revisions - 1)
    view: Any = reader.trailer_view
    entries = b"".join(
        b"/%s %d 0 R" % (key.encode(), _own_number(view.raw_get(f"/{key}")))
        for key in ("Root", "Info")
        if f"/{key}" in view
    )
    first_id = bytes(view["/ID"][0].original_bytes).hex().encode()
    size = max(
        int(view["/Size"]), *(1 + _highest(reader, revision) for revision in range(reader.xrefs.total_revisions))
    )
    if size > MOST_OBJECTS or len(first_id) != _ID_DIGITS:
        raise AppendRefused("form")
    streamed = newest.xref_section_type is XRefSectionType.STREAM
    return Trailer(size, entries, first_id, newest.declared_startxref, streamed)


def _highest(reader: PdfFileReader, revision: int) -> int:
    """The highest object number a revision lists, whatever its /Size says."""
    return max((one.idnum for one in reader.xrefs.explicit_refs_in_revision(revision)), default=0)


def _own_number(pointer: Any) -> int:
    """The number of an object of its own, of which nothing but the first generation is written here."""
    if not isinstance(pointer, generic.IndirectObject) or pointer.generation:
        raise AppendRefused("form")
    return int(pointer.idnum)


def _store(reader: PdfFileReader) -> Store | None:
    root = reader.root
    if "/DSS" not in root:
        raise AppendRefused("form")
    pointer = root.raw_get("/DSS")
    number = _own_number(pointer)
    if number == DSS and reader.xrefs.get_last_change(pointer.reference) == 0:
        return None
    found: Mapping[str, Any] = root["/DSS"]
    certificates, crls, responses = (_listed(found, key) for key in ("/Certs", "/CRLs", "/OCSPs"))
    further = _others(found, {"/Type", "/Certs", "/CRLs", "/OCSPs"})
    return Store(number, certificates, crls, responses, further)


def _form(reader: PdfFileReader) -> Form | None:
    pointer = reader.root.raw_get("/AcroForm")
    if not isinstance(pointer, generic.IndirectObject):
        return None
    found: Mapping[str, Any] = reader.root["/AcroForm"]
    return Form(_own_number(pointer), _listed(found, "/Fields"), _others(found, {"/Fields"}))


def _others(found: Mapping[str, Any], but: Collection[str]) -> bytes:
    """The entries of a dictionary that are not among `but`, as written."""
    return b"".join(key.encode() + b" " + _written(value) for key, value in found.items() if key not in but)


def _listed(store: Any, key: str) -> bytes:
    """The references of a list, without its brackets."""
    return _written(store[key])[1:-1].strip() if key in store else b""


def _written(value: generic.PdfObject) -> bytes:
    out = BytesIO()
    value.write_to_stream(out, None)
    return out.getvalue()
