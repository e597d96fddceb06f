"""Where things stand on the page, in points from its lower left corner.

The text flows down from the letterhead; the signature block stands on the last page, over the strip with QR code and e-seal at its
foot, in a place that is the same for everybody: field rectangles are declared before anyone's values are known.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from app.pdf.source import Paper, TemplateSource
from app.pdf.syntax import Rectangle

POINTS_PER_MM = 72 / 25.4
_STRIP_BOTTOM = 40.0
_STRIP_HEIGHT = 64.0
MARK_HEIGHT = 74.0
_QR_EDGE = 3.4  # white inside the image: it hangs over the margin, so that the dark part aligns with the text
_SEAL_WIDTH = 168.0
_SEAL_HEIGHT = 43.0
_SIGNER_SHARE = 0.54  # of the text width; the rest less a gutter is the countersigner's
_GUTTER = 16.0
_COUNTERSIGNER_POSITION_LINES = 5


@dataclass(frozen=True)
class Shape:
    """What a compiled layout is made for.

    `paged`: the text may run on to further pages. `reserved`: lines, beyond one a row, that the identity table is expected to
    take before the pages break. `above`, `below`, `mark`: lines around the signatures and the height of their marks in points, 0
    for the template's own. `omitted`: personal fields without a value, whose rows and lines are left out.
    """

    size: float
    paged: bool = False
    reserved: int = 0
    above: int = 0
    below: int = 0
    mark: float = 0.0
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Geometry:
    """One type size on one sheet. A `*_line` is the baseline of the first line there."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    size: float
    lead: float
    block_size: float
    block_lead: float
    signer_left: float
    countersigner_width: float
    heading_line: float
    above_lines: int
    below_lines: int
    mark_height: float
    seal_mark: Rectangle
    qr: Rectangle
    footer_line: float

    @property
    def room(self) -> float:
        """Width of the text."""
        return self.right - self.left

    @property
    def value_indent(self) -> float:
        """Where identity values begin, from the left margin."""
        return round(self.size * 11.2, 2)

    @property
    def flow_bottom(self) -> float:
        """The baseline that a line after the text must not be below."""
        return self.heading_line + self.block_size + 8

    @cached_property
    def mark_bottom(self) -> float:
        """The lower edge of the signature marks."""
        return round(self.heading_line - (self.above_lines - 1) * self.block_lead - 7 - self.mark_height, 2)

    @cached_property
    def below_line(self) -> float:
        """The first baseline under the signature marks."""
        return round(self.mark_bottom - self.block_lead, 2)

    @cached_property  # asked for by every document
    def signer_mark(self) -> Rectangle:
        """Where the signer's mark stands."""
        return (self.signer_left, self.mark_bottom, self.right, round(self.mark_bottom + self.mark_height, 2))

    @cached_property
    def countersigner_mark(self) -> Rectangle:
        """Where the countersigner's mark stands."""
        right = round(self.left + self.countersigner_width, 2)
        return (self.left, self.mark_bottom, right, round(self.mark_bottom + self.mark_height, 2))

    def raised(self, points: float) -> "Geometry":
        """The same with the signature block higher up."""
        return replace(self, heading_line=round(self.heading_line + points, 2))


def page_geometry(source: TemplateSource, sheet: Paper, shape: Shape, *, countersign: bool) -> Geometry:
    """The page of `source` on `sheet` for `shape`, the signature block as low as it goes."""
    layout, size = source.layout, shape.size
    width, height = round(sheet.width * POINTS_PER_MM, 2), round(sheet.height * POINTS_PER_MM, 2)
    left = round(layout.left * POINTS_PER_MM, 2)
    right = round(width - layout.right * POINTS_PER_MM, 2)
    bottom = round(layout.bottom * POINTS_PER_MM, 2)
    block_size = min(size, 10.5)
    block_lead = round(block_size * 1.22, 2)
    signer_left = round(right - (right - left) * _SIGNER_SHARE, 2)
    below = max(source.signer.room, source.countersigner.room if countersign else 0, shape.below)
    above = max(1 + (_COUNTERSIGNER_POSITION_LINES if countersign else 1), shape.above)
    mark = max(MARK_HEIGHT, shape.mark)
    mark_bottom = max(_STRIP_BOTTOM + _STRIP_HEIGHT + 10, bottom) + below * block_lead
    return Geometry(
        width=width,
        height=height,
        left=left,
        right=right,
        top=round(height - layout.top * POINTS_PER_MM, 2),
        bottom=bottom,
        size=size,
        lead=round(size * layout.line_spacing, 2),
        block_size=block_size,
        block_lead=block_lead,
        signer_left=signer_left,
        countersigner_width=round(signer_left - _GUTTER - left, 2),
        heading_line=round(mark_bottom + mark + 7 + (above - 1) * block_lead, 2),
        above_lines=above,
        below_lines=below,
        mark_height=mark,
        seal_mark=(right - _SEAL_WIDTH, _STRIP_BOTTOM, right, _STRIP_BOTTOM + _SEAL_HEIGHT),
        qr=(left - _QR_EDGE, _STRIP_BOTTOM, left - _QR_EDGE + _STRIP_HEIGHT, _STRIP_BOTTOM + _STRIP_HEIGHT),
        footer_line=_STRIP_BOTTOM - 16,
    )
