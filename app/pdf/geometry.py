"""Where things stand on the page, in points from its lower left corner.

The text flows down from the letterhead; the signature block and the strip under it are anchored to the foot of the page, so field
rectangles are the same for everybody and can be declared before anyone's values are known.
"""

from dataclasses import dataclass

from app.pdf.source import Paper, TemplateSource
from app.pdf.syntax import Rectangle

_POINTS_PER_MM = 72 / 25.4
_STRIP_BOTTOM = 40.0
_STRIP_HEIGHT = 64.0
_MARK_HEIGHT = 74.0
_QR_EDGE = 3.4  # white inside the image: it hangs over the margin, so that the dark part aligns with the text
_SEAL_WIDTH = 168.0
_SEAL_HEIGHT = 43.0
_SIGNER_SHARE = 0.54  # of the text width; the rest less a gutter is the countersigner's
_GUTTER = 16.0
_COUNTERSIGNER_POSITION_LINES = 5


@dataclass(frozen=True)
class Geometry:
    """One type size on one sheet. A `*_line` is the baseline of the first line there."""

    width: float
    height: float
    left: float
    right: float
    top: float
    size: float
    block_size: float
    block_lead: float
    signer_left: float
    countersigner_width: float
    heading_line: float
    below_line: float
    below_lines: int
    countersigner_position_lines: int
    flow_bottom: float
    signer_mark: Rectangle
    countersigner_mark: Rectangle
    seal_mark: Rectangle
    qr: Rectangle
    footer_line: float

    @property
    def lead(self) -> float:
        """Distance between baselines of running text."""
        return round(self.size * 1.3, 2)

    @property
    def room(self) -> float:
        """Width of the text."""
        return self.right - self.left

    @property
    def value_indent(self) -> float:
        """Where identity values begin, from the left margin."""
        return round(self.size * 11.2, 2)


def page_geometry(source: TemplateSource, sheet: Paper, size: float, *, countersign: bool) -> Geometry:
    """The page of `source` on `sheet` at type size `size`."""
    width, height = round(sheet.width * _POINTS_PER_MM, 2), round(sheet.height * _POINTS_PER_MM, 2)
    left = round(source.margins.left * _POINTS_PER_MM, 2)
    right = round(width - source.margins.right * _POINTS_PER_MM, 2)
    block_size = min(size, 10.5)
    block_lead = round(block_size * 1.22, 2)
    signer_left = round(right - (right - left) * _SIGNER_SHARE, 2)
    below = max(source.signer.room, source.countersigner.room if countersign else 0)
    above = 1 + (_COUNTERSIGNER_POSITION_LINES if countersign else 1)
    mark_bottom = round(_STRIP_BOTTOM + _STRIP_HEIGHT + 10 + below * block_lead, 2)
    mark_top = mark_bottom + _MARK_HEIGHT
    heading = round(mark_top + 7 + (above - 1) * block_lead, 2)
    countersigner_right = signer_left - _GUTTER
    return Geometry(
        width=width,
        height=height,
        left=left,
        right=right,
        top=round(height - source.margins.top * _POINTS_PER_MM, 2),
        size=size,
        block_size=block_size,
        block_lead=block_lead,
        signer_left=signer_left,
        countersigner_width=round(countersigner_right - left, 2),
        heading_line=heading,
        below_line=round(mark_bottom - block_lead, 2),
        below_lines=below,
        countersigner_position_lines=_COUNTERSIGNER_POSITION_LINES,
        flow_bottom=heading + block_size + 8,
        signer_mark=(signer_left, mark_bottom, right, mark_top),
        countersigner_mark=(left, mark_bottom, countersigner_right, mark_top),
        seal_mark=(right - _SEAL_WIDTH, _STRIP_BOTTOM, right, _STRIP_BOTTOM + _SEAL_HEIGHT),
        qr=(left - _QR_EDGE, _STRIP_BOTTOM, left - _QR_EDGE + _STRIP_HEIGHT, _STRIP_BOTTOM + _STRIP_HEIGHT),
        footer_line=_STRIP_BOTTOM - 16,
    )
