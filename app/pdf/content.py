"""Content-stream operators (ISO 32000-1 9.4) for static text: lines, centred lines, justified paragraphs, rules.

Word spacing (Tw) has no effect on two-byte codes, so justified lines spread their slack by TJ adjustments. Every operator is
followed by white space: an operator glued to the next one is unknown to readers, and its text is lost.
"""

from collections.abc import Sequence

from app.pdf.syntax import glyphs, number
from app.pdf.typesetter import Typesetter

REGULAR = b"R"
BOLD = b"B"


def font(name: bytes, size: float, lead: float) -> bytes:
    """Select a font resource, its size and the distance that T* goes down."""
    return b"/%s %s Tf %s TL " % (name, number(size), number(lead))


def text_line(name: bytes, size: float, x: float, y: float, text: str) -> bytes:
    """One line of text with its baseline at (x, y)."""
    return b"BT/%s %s Tf %s %s Td %s Tj ET\n" % (name, number(size), number(x), number(y), glyphs(text))


def centred(
    name: bytes, setter: Typesetter, size: float, middle: float, y: float, lines: Sequence[str], lead: float
) -> bytes:
    """Lines centred on x = `middle`, the first with its baseline at `y`; the space that ends a line is not measured."""
    shown = []
    for index, line in enumerate(lines):
        x = middle - setter.points(line.rstrip(" "), size) / 2
        shown.append(text_line(name, size, x, y - index * lead, line))
    return b"".join(shown)


def justified(
    setter: Typesetter,
    size: float,
    x: float,
    y: float,
    room: float,
    lines: Sequence[str],
    lead: float,
    *,
    complete: bool = True,
) -> bytes:
    """A paragraph's lines spread to `room` points, but for its last one; `complete` is False where it goes on elsewhere."""
    shown = []
    for index, line in enumerate(lines):
        last = complete and index == len(lines) - 1
        words = line.split()
        slack = 0.0 if last else room - setter.points(line.rstrip(" "), size)
        gap = slack / (len(words) - 1) * 1000 / size if len(words) > 1 else 0.0
        ends = [" "] * (len(words) - 1) + ["" if last else " "]
        pieces = [glyphs(word + end) for word, end in zip(words, ends, strict=True)]
        spread = number(-gap).join(pieces) if gap else b"".join(pieces)
        shown.append(
            b"BT/R %s Tf %s %s Td [%s] TJ ET\n" % (number(size), number(x), number(y - index * lead), spread),
        )
    return b"".join(shown)


def rule(weight: float, left: float, right: float, y: float) -> bytes:
    """A horizontal line of `weight` points."""
    return b"%s w %s %s m %s %s l S\n" % (number(weight), number(left), number(y), number(right), number(y))
