"""The printed recap as a file: PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), sealed by the institution and stamped (PAdES B-LTA).

The file has the form of this engine's other documents, with their object numbers, so that the same revisions seal it: everything up to
the first cross-reference table is one part, the table and trailer another. Nobody signs it but the institution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import segno

from app.compliance.recap.sheet import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Laid
from app.pdf import content
from app.pdf.content import REGULAR
from app.pdf.dss import dss_dictionary
from app.pdf.field import HIDDEN, field_dictionary, field_head
from app.pdf.font import font_objects
from app.pdf.increment import trailer
from app.pdf.inputs import TrustMaterial
from app.pdf.metadata import info, srgb_profile, xmp
from app.pdf.object_numbers import (
    ARCHIVE_FIELD,
    BLANK_MARK,
    BOLD_FONT,
    CATALOG,
    DSS,
    FONTS,
    FORM,
    INFO,
    METADATA,
    PAGE,
    PAGES,
    PROFILE,
    QR_IMAGE,
    REGULAR_FONT,
    SEAL_FIELD,
)
from app.pdf.signing_block import ARCHIVE_DESCRIPTION, SEAL_DESCRIPTION
from app.pdf.structure import DOCUMENT
from app.pdf.syntax import (
    FREE_ROW,
    HEADER,
    Rectangle,
    indirect,
    number,
    rectangle,
    references,
    stream,
    text_string,
    xref_row,
)
from app.pdf.typesetter import load_typesetters

_QR_SIDE = 68.0
_QR_TOP = BOTTOM + 74.0
_SEAL: Rectangle = (RIGHT - 190.0, BOTTOM + 12.0, RIGHT, BOTTOM + 58.0)
_QR_ALT = "Kode QR menuju halaman pemeriksaan angka rekapitulasi ini"
_FREE = (1, 2, 5, 6, 7, 16, 17)  # numbers that a pledge uses for what a recap has not
_FIRST_FURTHER = 33


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A finished file that holds an empty field for the seal: the part revisions are based on, and the table that closes it."""

    prefix: bytes
    tail: bytes


def build(laid: Laid, *, title: str, address: str, words: str, trust: TrustMaterial, at: datetime) -> Unsealed:
    """Return the file of laid-out pages. `address` goes into the QR code, `words` beside it; `at` is when it was made."""
    pages = [*laid.pages]
    pages[-1] += _strip(laid, address, words)
    seal_parent = laid.tree.form(DOCUMENT, SEAL_FIELD, SEAL_DESCRIPTION)
    archive_parent = laid.tree.form(DOCUMENT, ARCHIVE_FIELD, ARCHIVE_DESCRIPTION)
    numbers = _Numbers()
    earlier = [numbers.take() for _ in pages[:-1]]
    page_numbers = [*earlier, PAGE]
    objects: dict[int, bytes] = {QR_IMAGE: _qr_image(address), INFO: info(title, at)}
    for key, (page, shown) in enumerate(zip(page_numbers, pages, strict=True)):
        text = numbers.take()
        objects[text] = stream(shown)
        objects[page] = _page(text, key, last=key == len(pages) - 1)
    certificates = _kept(objects, numbers, trust.certificates)
    crls = _kept(objects, numbers, trust.crls)
    objects[DSS] = dss_dictionary(references(certificates), references(crls))
    tree = numbers.run()
    objects |= laid.tree.objects(tree, page_numbers) | _document_objects(page_numbers, tree, title)
    seal = field_head("segel", SEAL_DESCRIPTION, _SEAL, seal_parent)
    archive = field_head("arsip", ARCHIVE_DESCRIPTION, HIDDEN, archive_parent)
    objects |= {SEAL_FIELD: field_dictionary(seal), ARCHIVE_FIELD: field_dictionary(archive, mark=None)}
    return _written(objects)


class _Numbers:
    """Gives out object numbers: first those a pledge uses otherwise, then from the first one beyond the fixed ones."""

    def __init__(self) -> None:
        self._small = list(_FREE)
        self._next = _FIRST_FURTHER

    def take(self) -> int:
        """Return one more."""
        if self._small:
            return self._small.pop(0)
        self._next += 1
        return self._next - 1

    def run(self) -> int:
        """Return the first of a run without an end; none is taken after it."""
        return self._next


def _kept(objects: dict[int, bytes], numbers: _Numbers, values: Sequence[bytes]) -> list[int]:
    taken = [numbers.take() for _ in values]
    objects |= {at: stream(value) for at, value in zip(taken, values, strict=True)}
    return taken


def _document_objects(pages: Sequence[int], tree: int, title: str) -> dict[int, bytes]:
    """Catalog, page tree, form and what they share, as in every document of this engine (see `app/pdf/prefix.py`)."""
    setters = load_typesetters()
    catalog = (
        b"<</Type/Catalog/Pages %d 0 R/AcroForm %d 0 R/Lang(id-ID)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R"
        b"/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R"
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
        b"/DestOutputProfile %d 0 R>>]/DSS %d 0 R/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>>>"
    ) % (PAGES, FORM, tree, METADATA, PROFILE, DSS)
    shared = {
        CATALOG: catalog,
        PAGES: b"<</Type/Pages/Kids[%s]/Count %d>>" % (references(pages), len(pages)),
        FORM: b"<</SigFlags 3/Fields[%s]>>" % references((SEAL_FIELD, ARCHIVE_FIELD)),
        FONTS: b"<</R %d 0 R/B %d 0 R>>" % (REGULAR_FONT, BOLD_FONT),
        METADATA: stream(xmp(title), b"/Type/Metadata/Subtype/XML", pack=False),
        PROFILE: stream(srgb_profile(), b"/N 3"),
        BLANK_MARK: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<<>>", pack=False),
    }
    fonts = {**font_objects(setters.regular.face, REGULAR_FONT), **font_objects(setters.bold.face, BOLD_FONT)}
    return shared | fonts


def _page(text: int, key: int, *, last: bool) -> bytes:
    images = b"/XObject<</Q %d 0 R>>" % QR_IMAGE if last else b""
    fields = b"/Annots[%s]" % references((SEAL_FIELD, ARCHIVE_FIELD)) if last else b""
    return (
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents %d 0 R"
        b"/Resources<</Font %d 0 R%s>>/Tabs/S/StructParents %d%s>>"
    ) % (PAGES, number(WIDTH), number(HEIGHT), text, FONTS, images, key, fields)


def _strip(laid: Laid, address: str, words: str) -> bytes:
    """The QR code with what it is for, at the foot of the last page; the seal's place is at its right."""
    low = _QR_TOP - _QR_SIDE
    corners = (LEFT, low, LEFT + _QR_SIDE, _QR_TOP)
    figure = laid.tree.mark(
        DOCUMENT,
        b"Figure",
        b"/Alt%s/A<</O/Layout/Placement/Block/BBox%s>>" % (text_string(_QR_ALT), rectangle(corners)),
    )
    side = number(_QR_SIDE)
    drawn = b"q %s 0 0 %s %s %s cm /Q Do Q\nEMC\n" % (side, side, number(LEFT), number(low))
    setter = load_typesetters().regular
    x, room = LEFT + _QR_SIDE + 10, _SEAL[0] - LEFT - _QR_SIDE - 30
    lines = setter.wrap("", f"{words} {address}", 7.5, room) if setter.points(address, 7.5) < room else [words]
    text = b"".join(
        content.text_line(REGULAR, 7.5, x, _QR_TOP - 14 - index * 10, line) for index, line in enumerate(lines)
    )
    return figure + drawn + laid.tree.mark(DOCUMENT, b"P") + text + b"EMC\n"


def _qr_image(address: str) -> bytes:
    """The QR code (ISO/IEC 18004, level M) as an image of one bit a module, with two modules of white around it."""
    rows = list(segno.make_qr(address, error="m", boost_error=False).matrix_iter(border=2))
    side = len(rows)
    packed = b"".join(
        int("".join(str(int(bool(cell))) for cell in row).ljust(-(-side // 8) * 8, "0"), 2).to_bytes(
            -(-side // 8), "big"
        )
        for row in rows
    )
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray/Decode[1 0]"
    return stream(packed, entries % (side, side))


def _written(objects: Mapping[int, bytes]) -> Unsealed:
    """Return the objects one after the other, and the table with its trailer (ISO 32000-1 7.5.4, 7.5.5)."""
    prefix = bytearray(HEADER)
    rows: dict[int, bytes] = {}
    for object_number in sorted(objects):
        rows[object_number] = xref_row(len(prefix))
        prefix += indirect(object_number, objects[object_number])
    size = max(objects) + 1
    free = [0, *(n for n in range(1, size) if n not in objects)]
    table = [
        rows.get(n) or b"%010d %05d f \n" % (free[(free.index(n) + 1) % len(free)], 65535 if n == 0 else 0)
        for n in range(size)
    ]
    if len(free) == 1:
        table[0] = FREE_ROW
    entries = b"/Root %d 0 R/Info %d 0 R" % (CATALOG, INFO)
    identifier = sha256(prefix).hexdigest()[:32].encode()
    closing = b"xref\n0 %d\n%s" % (size, b"".join(table)) + trailer(size, entries, identifier, identifier, len(prefix))
    return Unsealed(bytes(prefix), closing)
