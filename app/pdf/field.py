"""Signature fields (ISO 32000-1 12.7.4.5): their dictionaries, their visible marks and the values that hold signatures.

Text in a mark needs embedded fonts but no tags, so marks added by later revisions leave the structure tree alone. They are invisible
to screen readers: who signed also stands in the text of the page.
"""

from collections.abc import Sequence

from app.pdf.errors import DoesNotFit
from app.pdf.object_numbers import BLANK_MARK, FONTS, PAGE
from app.pdf.syntax import Rectangle, glyphs, number, rectangle, stream, text_string
from app.pdf.typesetter import Typesetters

HIDDEN: Rectangle = (0, 0, 0, 0)  # a field may not be flagged hidden in PDF/A (ISO 19005-2 6.3.2), so it has no area
_PRINT_AND_LOCKED = 132
_MARK_SIZES = (7.5, 7.0, 6.5)
_PADDING = 7.0
_FRAME = b"q .6 w .45 G .6 .6 %s %s re S 1.6 w .1 .3 .5 RG .8 0 m .8 %s l S Q\n"


def field_head(name: str, description: str, corners: Rectangle, struct_parent: int) -> bytes:
    """The part of a field's dictionary that may never change once anything is signed; see `field_dictionary`."""
    return b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%s)/TU%s/F %d/Rect%s/P %d 0 R/StructParent %d" % (
        name.encode(),
        text_string(description),
        _PRINT_AND_LOCKED,
        rectangle(corners),
        PAGE,
        struct_parent,
    )


def field_dictionary(head: bytes, *, mark: int | None = BLANK_MARK, value: int | None = None) -> bytes:
    """A merged field and widget. A visible field needs an appearance even while it is empty (ISO 19005-2 6.3.3)."""
    appearance = b"" if mark is None else b"/AP<</N %d 0 R>>" % mark
    signature = b"" if value is None else b"/V %d 0 R" % value
    return head + appearance + signature + b">>"


def visible_mark(
    setters: Typesetters,
    corners: Rectangle,
    heading: str,
    name: tuple[str, str],
    lines: Sequence[tuple[str, str]],
) -> bytes:
    """The appearance of a signed field: a frame with a heading, a name in bold, and lines; each as (field, text).

    The type shrinks a little before `DoesNotFit` is raised: the rectangle was declared before these texts were known.
    """
    width, height = corners[2] - corners[0], corners[3] - corners[1]
    room = width - 2 * _PADDING
    for size in _MARK_SIZES:
        lead = size * 1.18
        shown = [setters.bold.lines(*name, size + 0.5, room)]
        shown += [setters.regular.lines(*line, size, room) for line in lines]
        count = 1 + sum([line.count for line in shown])
        spare = height - count * lead
        if spare >= 4:
            break
    else:
        raise DoesNotFit(name[0])
    first = height - spare / 2 - size * 0.92
    x = number(_PADDING)
    body = _FRAME % (number(width - 1.2), number(height - 1.2), number(height))
    body += b"BT/R %s Tf %s TL %s %s Td %s Tj T*\n" % (number(size), number(lead), x, number(first), glyphs(heading))
    body += b"/B %s Tf %s\n/R %s Tf " % (number(size + 0.5), shown[0].operators, number(size))
    body += b"".join([b"T*%s\n" % line.operators for line in shown[1:]]) + b"ET"
    return _appearance(width, height, body)


def _appearance(width: float, height: float, body: bytes) -> bytes:
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 %s %s]/Resources<</Font %d 0 R>>"
    return stream(body, entries % (number(width), number(height), FONTS), pack=False)


def signature_value(date: bytes, *, name: str, reason: str, place: str) -> bytes:
    """The entries before /ByteRange of a CAdES signature (ETSI EN 319 142-1 6.3); `date` is the claimed one."""
    return b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(%s)/Reason%s/Location%s/Name%s" % (
        date,
        text_string(reason),
        text_string(place),
        text_string(name),
    )


ARCHIVE_VALUE = b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161"
