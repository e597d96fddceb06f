"""Where a running text breaks: paragraphs over pages, with no line left alone at the foot or the head of one.

Pure arithmetic on line counts and distances in points; nothing is drawn here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FEWEST = 2  # lines of a broken paragraph that stay together (widows and orphans)


@dataclass(frozen=True)
class Paragraph:
    """Broken lines with their size and distance; `after` is the space below; `with_next` forbids a page break after it."""

    lines: tuple[str, ...]
    size: float
    lead: float
    after: float
    indent: float = 0.0
    label: str = ""
    with_next: bool = False


@dataclass(frozen=True)
class Piece:
    """Lines `first` to `last` (not included) of a paragraph, the first one with its baseline at `y`."""

    paragraph: int
    first: int
    last: int
    y: float


@dataclass(frozen=True)
class Sheet:
    """One page of a flow: its pieces, and the baseline where a next line would stand."""

    pieces: tuple[Piece, ...]
    end: float


def lay_out(paragraphs: Sequence[Paragraph], start: float, top: float, bottom: float) -> list[Sheet]:
    """Break `paragraphs` over pages: from baseline `start` on the first, `top` on the others, none below `bottom`."""
    sheets: list[Sheet] = []
    begin = (0, 0)
    y = start
    while begin[0] < len(paragraphs):
        sheet, following = _fill(paragraphs, begin, y, bottom)
        if following == begin and y == top and sheets:  # nothing fits on an empty page: let one paragraph have it
            paragraph = paragraphs[begin[0]]
            sheet, following = Sheet((Piece(begin[0], begin[1], len(paragraph.lines), y),), bottom), (begin[0] + 1, 0)
        sheets.append(sheet)
        begin, y = following, top
    return sheets or [Sheet((), start)]


def keep_company(paragraphs: Sequence[Paragraph], sheets: list[Sheet], top: float, tail: int) -> list[Sheet]:
    """The same with one page more, to which the paragraphs from `tail` on go: a signature never stands alone on a page.

    What already stands on a last page of its own moves as a whole.
    """
    before: list[Sheet] = []
    for sheet in sheets:
        pieces = tuple(piece for piece in sheet.pieces if piece.paragraph < tail)
        if pieces:
            last = pieces[-1]
            before.append(Sheet(pieces, _below(paragraphs[last.paragraph], last)))
    moved, y = [], top
    for index in range(tail, len(paragraphs)):
        piece = Piece(index, 0, len(paragraphs[index].lines), y)
        moved.append(piece)
        y = _below(paragraphs[index], piece)
    return [*before, Sheet(tuple(moved), y)]


def _below(paragraph: Paragraph, piece: Piece) -> float:
    return piece.y - paragraph.lead * (piece.last - piece.first) - paragraph.after


def _fill(
    paragraphs: Sequence[Paragraph], begin: tuple[int, int], y: float, bottom: float
) -> tuple[Sheet, tuple[int, int]]:
    """One page from paragraph and line `begin`; also where the next page begins."""
    pieces: list[Piece] = []
    for piece in _pieces(paragraphs, begin, y):
        paragraph = paragraphs[piece.paragraph]
        fitting = int((piece.y - bottom) / paragraph.lead + 1e-6) + 1 if piece.y >= bottom else 0
        lines = _kept(piece.last - piece.first, fitting)
        if lines == piece.last - piece.first:
            pieces.append(piece)
            y = _below(paragraph, piece)
            continue
        if lines:
            shown = Piece(piece.paragraph, piece.first, piece.first + lines, piece.y)
            return Sheet((*pieces, shown), piece.y - paragraph.lead * lines), (piece.paragraph, shown.last)
        following = piece
        while len(pieces) > 1 and paragraphs[pieces[-1].paragraph].with_next:
            following = pieces.pop()
        return Sheet(tuple(pieces), following.y), (following.paragraph, following.first)
    return Sheet(tuple(pieces), y), (len(paragraphs), 0)


def _pieces(paragraphs: Sequence[Paragraph], begin: tuple[int, int], y: float) -> Iterator[Piece]:
    index, first = begin
    while index < len(paragraphs):
        piece = Piece(index, first, len(paragraphs[index].lines), y)
        yield piece
        y = _below(paragraphs[index], piece)
        index, first = index + 1, 0


def _kept(lines: int, fitting: int) -> int:
    """How many of `lines` stay where `fitting` fit: all, or so many that at least two stand on either side."""
    if fitting >= lines:
        return lines
    kept = min(fitting, lines - _FEWEST)
    return kept if kept >= _FEWEST else 0
