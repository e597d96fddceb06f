"""Laid-out slips as a PDF file (ISO 32000-1), tagged, with embedded fonts, and claiming what it is: PDF/A-2a and PDF/UA-1."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from app.identity.slips.sheet import HEIGHT, WIDTH, LaidSlips
from app.pdf.font import OBJECTS_PER_FONT, font_objects
from app.pdf.increment import trailer
from app.pdf.metadata import info, srgb_profile, xmp
from app.pdf.syntax import FREE_ROW, HEADER, indirect, number, references, stream, xref_row
from app.pdf.typesetter import load_typesetters

_CATALOG, _PAGES, _INFO, _METADATA, _PROFILE, _FONTS, _REGULAR = range(1, 8)
_BOLD = _REGULAR + OBJECTS_PER_FONT
_FIRST_PAGE = _BOLD + OBJECTS_PER_FONT


def build(laid: LaidSlips, *, title: str, at: datetime) -> bytes:
    """Return the file of laid-out sheets; `at` is when it was made."""
    setters = load_typesetters()
    pages = [_FIRST_PAGE + 2 * index for index in range(len(laid.pages))]
    tree = _FIRST_PAGE + 2 * len(pages)
    catalog = (
        b"<</Type/Catalog/Pages %d 0 R/Lang(id-ID)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R"
        b"/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R"
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
        b"/DestOutputProfile %d 0 R>>]>>"
    ) % (_PAGES, tree, _METADATA, _PROFILE)
    objects: dict[int, bytes] = {
        _CATALOG: catalog,
        _PAGES: b"<</Type/Pages/Kids[%s]/Count %d>>" % (references(pages), len(pages)),
        _INFO: info(title, at),
        _METADATA: stream(xmp(title), b"/Type/Metadata/Subtype/XML", pack=False),
        _PROFILE: stream(srgb_profile(), b"/N 3"),
        _FONTS: b"<</R %d 0 R/B %d 0 R>>" % (_REGULAR, _BOLD),
        **font_objects(setters.regular.face, _REGULAR),
        **font_objects(setters.bold.face, _BOLD),
        **laid.tree.objects(tree, pages),
    }
    for key, (page, shown) in enumerate(zip(pages, laid.pages, strict=True)):
        objects[page] = (
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents %d 0 R/Resources<</Font %d 0 R>>"
            b"/Tabs/S/StructParents %d>>"
        ) % (_PAGES, number(WIDTH), number(HEIGHT), page + 1, _FONTS, key)
        objects[page + 1] = stream(shown)
    return _written(objects)


def _written(objects: Mapping[int, bytes]) -> bytes:
    """Return the objects one after the other, and the table with its trailer (ISO 32000-1 7.5.4, 7.5.5)."""
    written = bytearray(HEADER)
    rows = [FREE_ROW]
    for object_number in sorted(objects):
        rows.append(xref_row(len(written)))
        written += indirect(object_number, objects[object_number])
    start, identifier = len(written), sha256(written).hexdigest()[:32].encode()
    entries = b"/Root %d 0 R/Info %d 0 R" % (_CATALOG, _INFO)
    written += b"xref\n0 %d\n%s" % (len(rows), b"".join(rows))
    return bytes(written + trailer(len(rows), entries, identifier, identifier, start))
