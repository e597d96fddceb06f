"""The printed recap laid out: letterhead, heading, tables over as many pages as they take, each element tagged as what it is.

ISO 14289-1 7.5: a header cell says what it heads; the header that a further page repeats is an artifact, as are rules, page numbers
and the printed time. All lengths are points from the lower left corner of landscape A4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.pdf import content
from app.pdf.content import BOLD, REGULAR
from app.pdf.font import CHARACTERS
from app.pdf.geometry import Geometry
from app.pdf.letterhead import draw_letterhead
from app.pdf.structure import DOCUMENT, StructureTree
from app.pdf.typesetter import Typesetter, Typesetters, load_typesetters, tidy

WIDTH, HEIGHT = 841.89, 595.28
LEFT, RIGHT, TOP, BOTTOM = 40.0, WIDTH - 40.0, HEIGHT - 36.0, 48.0
FOOT_LINE = 28.0
STRIP_HEIGHT = 82.0  # QR code and e-seal at the end of the last page
_SIZE, _LEAD, _PAD = 7.5, 9.2, 3.0


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its heading, its width, whether its cells stand at the right, and the heading it shares with its neighbours."""

    heading: str
    width: float
    right: bool = False
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """Finished pages: the operators of each, the tree they belong to, and the baseline where the last one has room from."""

    pages: list[bytes]
    tree: StructureTree
    end: float


class SheetBuilder:
    """Collects pages from top to bottom; `room` for a block is asked for before it is drawn."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.tree = StructureTree()
        self._setters: Typesetters = load_typesetters()
        letterhead, y = draw_letterhead(
            [printable(line) for line in lines], None, (12.0, 0.0), _page(), self._setters, self.tree
        )
        self._pages = [[letterhead]]
        self.y = y

    def title(self, lines: Sequence[str]) -> None:
        """The heading of the document, and lines below it, centred."""
        for index, line in enumerate(lines):
            kind, name, size = (b"H1", BOLD, 13.0) if index == 0 else (b"P", REGULAR, 9.0)
            self._centred(kind, name, size, line)
        self.y -= 8

    def heading(self, line: str) -> None:
        """The heading of a further table, on a page of its own."""
        self.turn_page()
        self.y -= 12
        self._centred(b"P", BOLD, 11.0, line)
        self.y -= 6

    def paragraph(self, line: str) -> None:
        """A line of text at the left."""
        self._need(14)
        shown = content.text_line(REGULAR, 9.0, LEFT, self.y, printable(line))
        self._draw(self.tree.mark(DOCUMENT, b"P") + shown + b"EMC\n")
        self.y -= 14

    def table(self, heads: Sequence[Head], rows: Iterable[Sequence[str]], *, total: bool = False) -> None:
        """A table whose header stands on every page; with `total` its last row is bold."""
        table = self.tree.add(DOCUMENT, b"Table")
        self._header(heads, table)
        listed = list(rows)
        for index, row in enumerate(listed):
            bold = total and index == len(listed) - 1
            setter = self._setters.bold if bold else self._setters.regular
            broken = [
                wrapped(setter, cell, head.width - 2 * _PAD, _SIZE) for head, cell in zip(heads, row, strict=True)
            ]
            height = max(len(lines) for lines in broken) * _LEAD + 2 * _PAD
            if self.y - height < BOTTOM:
                self._rule(self.y)
                self.turn_page()
                self._header(heads, None)
            self._row(heads, broken, table, bold=bold)
            self.y -= height
            self._rule(self.y)

    def finished(self, feet: tuple[str, str]) -> Laid:
        """Return the pages, a strip free at the end of the last one; `feet` are the words left, and right with {page} and {pages}."""
        self._need(STRIP_HEIGHT)
        count = len(self._pages)
        regular = self._setters.regular
        pages = []
        for number, parts in enumerate(self._pages, start=1):
            right = printable(feet[1].format(page=number, pages=count))
            x = RIGHT - regular.points(right, _SIZE)
            foot = content.text_line(REGULAR, _SIZE, LEFT, FOOT_LINE, printable(feet[0]))
            foot += content.text_line(REGULAR, _SIZE, x, FOOT_LINE, right)
            pages.append(b"".join(parts) + b"/Artifact BMC\n" + foot + b"EMC\n")
        return Laid(pages, self.tree, self.y)

    def turn_page(self) -> None:
        """Go on on a new page."""
        self.tree.turn_page()
        self._pages.append([])
        self.y = TOP

    def _need(self, height: float) -> None:
        if self.y - height < BOTTOM:
            self.turn_page()

    def _draw(self, operators: bytes) -> None:
        self._pages[-1].append(operators)

    def _centred(self, kind: bytes, name: bytes, size: float, line: str) -> None:
        setter = self._setters.bold if name == BOLD else self._setters.regular
        lines = wrapped(setter, line, RIGHT - LEFT, size)
        shown = content.centred(name, setter, size, (LEFT + RIGHT) / 2, self.y, lines, size * 1.3)
        self._draw(self.tree.mark(DOCUMENT, kind) + shown + b"EMC\n")
        self.y -= len(lines) * size * 1.3 + 2

    def _header(self, heads: Sequence[Head], table: int | None) -> None:
        """The header; tagged with its first appearance, an artifact on every further page."""
        broken = [wrapped(self._setters.bold, head.heading, head.width - 2 * _PAD, _SIZE) for head in heads]
        shares = any(head.shared for head in heads)
        above = _LEAD + 2 * _PAD if shares else 0.0
        below = max(len(lines) for lines in broken) * _LEAD + 2 * _PAD
        top = self.y
        cells = [
            (0.0 if not head.shared else above, index, head, lines)
            for index, (head, lines) in enumerate(zip(heads, broken, strict=True))
        ]
        first = None if table is None else self.tree.add(table, b"TR")
        second = None if table is None or not shares else self.tree.add(table, b"TR")
        self._rule(top)
        if table is None:
            self._draw(b"/Artifact BMC\n")
        spanned = False
        for down, index, head, lines in cells:
            if head.shared and not spanned:
                spanned = True
                self._shared(heads, head.shared, index, top, first)
            if not head.shared:
                span = b"/RowSpan 2" if shares else b""
                self._header_cell(heads, index, lines, top - down, first, span)
        for down, index, head, lines in cells:
            if head.shared:
                self._header_cell(heads, index, lines, top - down, second, b"")
        if table is None:
            self._draw(b"EMC\n")
        self.y = top - above - below
        self._rule(self.y)

    def _shared(self, heads: Sequence[Head], words: str, index: int, top: float, row: int | None) -> None:
        under = [head for head in heads if head.shared == words]
        left = _left(heads, index)
        middle = left + sum(head.width for head in under) / 2
        shown = content.centred(BOLD, self._setters.bold, _SIZE, middle, top - _PAD - _SIZE, [printable(words)], _LEAD)
        self._cell(row, b"TH", b"/A<</O/Table/Scope/Column/ColSpan %d>>" % len(under), shown)

    def _header_cell(
        self, heads: Sequence[Head], index: int, lines: Sequence[str], top: float, row: int | None, span: bytes
    ) -> None:
        middle = _left(heads, index) + heads[index].width / 2
        shown = content.centred(BOLD, self._setters.bold, _SIZE, middle, top - _PAD - _SIZE, lines, _LEAD)
        self._cell(row, b"TH", b"/A<</O/Table/Scope/Column%s>>" % span, shown)

    def _row(self, heads: Sequence[Head], broken: Sequence[Sequence[str]], table: int, *, bold: bool) -> None:
        row = self.tree.add(table, b"TR")
        name, setter = (BOLD, self._setters.bold) if bold else (REGULAR, self._setters.regular)
        for index, (head, lines) in enumerate(zip(heads, broken, strict=True)):
            left = _left(heads, index)
            shown = []
            for number, line in enumerate(lines):
                x = left + head.width - _PAD - setter.points(line.rstrip(" "), _SIZE) if head.right else left + _PAD
                shown.append(content.text_line(name, _SIZE, x, self.y - _PAD - _SIZE - number * _LEAD, line))
            self._cell(row, b"TD", b"", b"".join(shown) if any(lines) else b"")

    def _cell(self, row: int | None, kind: bytes, entries: bytes, shown: bytes) -> None:
        """A cell of a row; one without a text is an element without content; without a row it is part of an artifact."""
        if row is None:
            self._draw(shown)
        elif shown:
            self._draw(self.tree.mark(row, kind, entries) + shown + b"EMC\n")
        else:
            self.tree.add(row, kind, entries)

    def _rule(self, y: float) -> None:
        self._draw(b"/Artifact BMC\n" + content.rule(0.5, LEFT, RIGHT, y) + b"EMC\n")


def printable(text: str) -> str:
    """Return a text in characters the embedded fonts have; a name may come in any."""
    return "".join(character if character in CHARACTERS else "?" for character in tidy(text))


def wrapped(setter: Typesetter, text: str, room: float, size: float) -> list[str]:
    """Return the lines of a text; a word wider than the room is cut."""
    words = []
    for word in printable(text).split(" "):
        rest = word
        while setter.points(rest, size) > room:
            length = next(n for n in range(len(rest) - 1, 0, -1) if n == 1 or setter.points(rest[:n], size) <= room)
            words.append(rest[:length])
            rest = rest[length:]
        words.append(rest)
    return setter.wrap("", " ".join(words), size, room)


def _left(heads: Sequence[Head], index: int) -> float:
    return LEFT + sum(head.width for head in heads[:index])


def _page() -> Geometry:
    """The page as the letterhead needs it; the places of a pledge's signatures are not used."""
    nothing = (0.0, 0.0, 0.0, 0.0)
    return Geometry(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        size=10.0,
        lead=12.0,
        block_size=10.0,
        block_lead=12.0,
        signer_left=LEFT,
        countersigner_width=0.0,
        heading_line=0.0,
        above_lines=0,
        below_lines=0,
        mark_height=0.0,
        seal_mark=nothing,
        qr=nothing,
        footer_line=FOOT_LINE,
    )
