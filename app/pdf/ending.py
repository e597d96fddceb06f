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

from app.pdf.object_numbers import DSS

OWN_FIELDS = ("pejabat", "segel", "arsip")
_TRAILER = re.compile(
    rb"trailer\n<</Size (\d+)(/Root \d+ 0 R/Info \d+ 0 R)(?:/Prev \d+)?/ID\[<([0-9a-f]{32})><[0-9a-f]{32}>\]>>\n"
    rb"startxref\n(\d+)\n%%EOF\n\Z"
)
_TRAILER_LENGTH = 250


class AppendRefused(Exception):
    """Nothing may or can be appended to this file; `code` is a stable word.

    `no_changes`: a signature certifies that nothing changes; `field_lock`: one locks a field of ours; `form`: the file ends in a
    form we cannot continue (a cross-reference stream, a store that is no object of its own).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Trailer:
    """What a further revision takes over from the one before; `first_id` is hex digits."""

    size: int
    entries: bytes
    first_id: bytes
    startxref: int


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


def own_trailer(part: bytes) -> Trailer | None:
    """The trailer at the end of what this engine wrote; None for what another did."""
    found = _TRAILER.search(part, max(0, len(part) - _TRAILER_LENGTH))
    return Trailer(int(found[1]), found[2], found[3], int(found[4])) if found else None


def read_ending(data: bytes) -> Ending:
    """How a signed file of ours ends, whoever signed it; raises `AppendRefused` where nothing may or can follow."""
    try:
        reader = PdfFileReader(BytesIO(data))
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
    for embedded in PdfFileReader(BytesIO(data)).embedded_regular_signatures:
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
    newest = reader.xrefs.get_xref_container_info(reader.xrefs.total_revisions - 1)
    if newest.xref_section_type is not XRefSectionType.STANDARD:
        raise AppendRefused("form")
    view: Any = reader.trailer_view
    entries = b"".join(
        b"/%s %s" % (key.encode(), _written(view.raw_get(f"/{key}"))) for key in ("Root", "Info") if f"/{key}" in view
    )
    first_id = bytes(view["/ID"][0].original_bytes).hex().encode()
    return Trailer(int(view["/Size"]), entries, first_id, newest.declared_startxref)


def _store(reader: PdfFileReader) -> Store | None:
    root = reader.root
    if "/DSS" not in root:
        raise AppendRefused("form")
    pointer = root.raw_get("/DSS")
    if not isinstance(pointer, generic.IndirectObject):
        raise AppendRefused("form")
    if pointer.idnum == DSS and reader.xrefs.get_last_change(pointer.reference) == 0:
        return None
    found: Mapping[str, Any] = root["/DSS"]
    certificates, crls, responses = (_listed(found, key) for key in ("/Certs", "/CRLs", "/OCSPs"))
    further = _others(found, {"/Type", "/Certs", "/CRLs", "/OCSPs"})
    return Store(pointer.idnum, certificates, crls, responses, further)


def _form(reader: PdfFileReader) -> Form | None:
    pointer = reader.root.raw_get("/AcroForm")
    if not isinstance(pointer, generic.IndirectObject):
        return None
    found: Mapping[str, Any] = reader.root["/AcroForm"]
    return Form(pointer.idnum, _listed(found, "/Fields"), _others(found, {"/Fields"}))


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
