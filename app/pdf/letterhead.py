"""The letterhead: emblem at left, lines of institution and office centred beside it, a double rule below."""

from collections.abc import Sequence

from app.pdf import content
from app.pdf.content import BOLD, REGULAR
from app.pdf.emblem import emblem_image
from app.pdf.geometry import POINTS_PER_MM, Geometry
from app.pdf.structure import DOCUMENT, StructureTree
from app.pdf.syntax import number, rectangle, text_string
from app.pdf.typesetter import Typesetters, tidy

_SMALL = 9.0
_NARROWEST = 0.75
_GAP = 12.0


def draw_letterhead(
    lines: Sequence[str],
    emblem: tuple[bytes, str] | None,
    sizes: tuple[float, float],
    page: Geometry,
    setters: Typesetters,
    tree: StructureTree,
) -> tuple[bytes, float]:
    """The operators, and the baseline of what follows.

    `emblem` is (picture, what it is called); `sizes` are the type size of the first two lines in points and the emblem's height in
    millimetres. The emblem is a Figure with a text: a reader who cannot see it should know that it is there.
    """
    if not lines and emblem is None:
        return b"", page.top - page.size
    shown: list[bytes] = []
    left, foot = page.left, page.top
    if emblem is not None:
        high = round(sizes[1] * POINTS_PER_MM, 2)
        wide, figure = _emblem(emblem, high, page, tree)
        shown.append(figure)
        left, foot = page.left + wide + _GAP, page.top - high
    text, depth = _lines(lines, sizes[0], (left, page.right), page.top, setters)
    lift = max(0.0, (page.top - foot - depth) / 2)  # shorter lines stand in the middle of the emblem's height
    for operators in text:
        shown += [tree.mark(DOCUMENT, b"P"), b"q 1 0 0 1 0 %s cm\n" % number(-lift), operators, b"Q\nEMC\n"]
    thick = min(foot, page.top - depth) - 7
    rules = content.rule(2, page.left, page.right, thick) + content.rule(0.6, page.left, page.right, thick - 2.6)
    shown.append(b"/Artifact BMC\n" + rules + b"EMC\n")
    return b"".join(shown), thick - 2.6 - page.size * 2.4


def _emblem(emblem: tuple[bytes, str], high: float, page: Geometry, tree: StructureTree) -> tuple[float, bytes]:
    pixels_wide, pixels_high, _ = emblem_image(emblem[0])
    wide = min(round(high * pixels_wide / pixels_high, 2), page.room / 4)
    corners = (page.left, page.top - high, page.left + wide, page.top)
    attributes = b"/Alt%s/A<</O/Layout/Placement/Block/BBox%s>>" % (text_string(emblem[1]), rectangle(corners))
    figure = tree.mark(DOCUMENT, b"Figure", attributes)
    drawn = b"q %s 0 0 %s %s %s cm /E Do Q\nEMC\n" % (*map(number, (wide, high)), *map(number, corners[:2]))
    return wide, figure + drawn


def _lines(
    lines: Sequence[str], size: float, sides: tuple[float, float], top: float, setters: Typesetters
) -> tuple[list[bytes], float]:
    """The operators of each line, and how far the last one reaches below `top`."""
    shown, y = [], top
    middle, room = sum(sides) / 2, sides[1] - sides[0]
    for index, line in enumerate(lines):
        name, height = (BOLD, size) if index < 2 else (REGULAR, _SMALL)
        setter = setters.bold if name == BOLD else setters.regular
        broken = setter.wrap("kop naskah", tidy(line), height, room)
        if len(broken) > 1:  # a name a little too long for its line looks better smaller than broken
            height = max(height * _NARROWEST, height * room / setter.points(tidy(line), height) - 0.05)
            broken = setter.wrap("kop naskah", tidy(line), height, room)
        y -= height * (1.5 if name == REGULAR else 1.25) if index else height * 0.8
        shown.append(content.centred(name, setter, height, middle, y, broken, height * 1.25))
        y -= (len(broken) - 1) * height * 1.25
    return shown, top - y + 2
