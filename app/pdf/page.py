"""The pages of a template: static content, the structure tree, and the slots that personal values go into.

The order of the calls here is the reading order: of the structure tree, and of the content streams as well (head, identity, body,
signature block), so plain text extraction reads the pledge as a person does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.pdf import content
from app.pdf.clauses import fields_of
from app.pdf.content import BOLD, REGULAR
from app.pdf.errors import TemplateDoesNotFit
from app.pdf.flow import Paragraph, Piece, Sheet, keep_company, lay_out
from app.pdf.geometry import Geometry, Shape
from app.pdf.inputs import CompileInputs
from app.pdf.letterhead import draw_letterhead
from app.pdf.signing_block import BlockBuilder
from app.pdf.slot import Slot, SlotGroup
from app.pdf.structure import DOCUMENT, StructureTree
from app.pdf.syntax import glyphs, number, text_string
from app.pdf.typesetter import Typesetters, tidy

_MOST_SLACK = 10  # lines between text and signature block; a shorter text draws the block up
_ENDLESS = -1e6


@dataclass(frozen=True)
class Pages:
    """What the compiler and the tail need.

    `head` and `body` are the first page's static text, `further` that of each page after it; `slack` is how many points wrapped
    identity values may push the first page's text down; `geometry` has the signature block where it really stands.
    """

    head: bytes
    body: bytes
    further: tuple[bytes, ...]
    identity: tuple[Slot, ...]
    block: tuple[SlotGroup, ...]
    check_line: bytes
    footer: bytes
    slack: float
    struct_parents: Mapping[str, int]
    geometry: Geometry


class PageBuilder:
    """Builds the pages from top to bottom; `y` is the baseline of the next line."""

    def __init__(
        self,
        inputs: CompileInputs,
        fields: Mapping[str, str],
        geometry: Geometry,
        setters: Typesetters,
        tree: StructureTree,
    ) -> None:
        self._inputs = inputs
        self._source = inputs.source
        self._fields = fields
        self._page = geometry
        self._setters = setters
        self._tree = tree
        self._owners: dict[int, int] = {}
        self._points = 0
        self._y = geometry.top

    def build(self, shape: Shape) -> Pages:
        """All pages; raises `TemplateDoesNotFit` when even a person with the shortest values would not fit."""
        head = self._letterhead() + self._title() + self._opening()
        identity = self._identity(shape)
        start = self._y - shape.reserved * self._page.lead
        paragraphs = self._paragraphs()
        sheets = self._sheets(paragraphs, start, shape)
        slack = self._anchor(paragraphs, sheets)
        shown = []
        for number_of_page, sheet in enumerate(sheets, start=1):
            if number_of_page > 1:
                self._tree.turn_page()
            text = b"".join(self._piece(paragraphs, piece) for piece in sheet.pieces)
            text += b"Q\n" if number_of_page == 1 else b""
            shown.append(text + (self._footer(number_of_page, len(sheets)) if number_of_page < len(sheets) else b""))
        block = BlockBuilder(self._inputs, self._page, self._setters, self._tree)
        groups = block.build(shape)
        check_line = block.strip()
        return Pages(
            head=head,
            body=shown[0],
            further=tuple(shown[1:]),
            identity=identity,
            block=groups,
            check_line=check_line,
            footer=self._footer(len(sheets), len(sheets)),
            slack=slack,
            struct_parents=block.parents,
            geometry=self._page,
        )

    def _fill(self, text: str) -> str:
        return tidy(text.format_map(self._fields))

    def _letterhead(self) -> bytes:
        layout, emblem = self._source.layout, self._source.emblem
        figure = None if emblem is None else (emblem, f"Lambang {self._fields['instansi']}")
        sizes = (layout.letterhead_size, layout.emblem_height)
        shown, self._y = draw_letterhead(self._inputs.letterhead, figure, sizes, self._page, self._setters, self._tree)
        return shown

    def _title(self) -> bytes:
        page, size = self._page, self._page.size + 1
        lines: list[str] = []
        for line in self._source.title:
            lines += [
                part.rstrip(" ") + " " for part in self._setters.bold.wrap("judul", self._fill(line), size, page.room)
            ]
        lines[-1] = lines[-1].rstrip(" ")
        mark = self._tree.mark(DOCUMENT, b"H1")
        middle = (page.left + page.right) / 2
        shown = content.centred(BOLD, self._setters.bold, size, middle, self._y, lines, page.lead)
        self._y -= page.lead * len(lines) + page.size * 0.9
        return mark + shown + b"EMC\n"

    def _opening(self) -> bytes:
        if not self._source.opening:
            return b""
        paragraph = self._broken(self._source.opening, self._page.size)
        mark = self._tree.mark(DOCUMENT, b"P")
        shown = self._justified(paragraph, Piece(0, 0, len(paragraph.lines), self._y))
        self._y -= paragraph.lead * len(paragraph.lines) + paragraph.after
        return mark + shown + b"EMC\n"

    def _identity(self, shape: Shape) -> tuple[Slot, ...]:
        """One text object with relative moves only, so a wrapped value needs no arithmetic; rows without a value are left out."""
        rows = [row for row in self._source.identity if not set(fields_of(row.value)) & set(shape.omitted)]
        if not rows:
            return ()
        page, tree = self._page, self._tree
        summary = text_string("Identitas pembuat pernyataan")
        table = tree.add(DOCUMENT, b"Table", b"/A<</O/Table/Summary%s>>" % summary)
        start = (
            b"BT" + content.font(REGULAR, page.size, page.lead) + b"%s %s Td\n" % (number(page.left), number(self._y))
        )
        colon, height = page.value_indent - 9, page.lead + 1
        slots = []
        for row in rows:
            cells = tree.add(table, b"TR")
            label = tree.mark(cells, b"TH", b"/A<</O/Table/Scope/Row>>") + glyphs(self._fill(row.label)) + b"Tj EMC\n"
            separator = b"%s 0 Td\n/Artifact BMC\n" % number(colon) + glyphs(":") + b"Tj\nEMC\n9 0 Td\n"
            lead_in = start + label + separator + tree.mark(cells, b"TD")
            slots.append(Slot.of(lead_in, row.value, page.size, page.room - page.value_indent))
            start = b"\nEMC\n%s %s Td\n" % (number(-page.value_indent), number(-height))
        self._y -= len(slots) * height + page.size * 0.5
        return tuple(slots)

    def _broken(self, text: str, size: float, *, indent: float = 0, label: str = "", lead: bool = False) -> Paragraph:
        room = self._page.room - indent
        lines = self._setters.regular.wrap("naskah", self._fill(text), size, room)
        apart = round(size * self._source.layout.line_spacing, 2)
        return Paragraph(tuple(lines), size, apart, size * 0.45, indent, label, with_next=lead)

    def _paragraphs(self) -> list[Paragraph]:
        """The text that identity values push down: statement, points, closing, legal basis."""
        source, size = self._source, self._page.size
        points = [
            self._broken(point, size, indent=size * 1.7, label=f"{at}.") for at, point in enumerate(source.points, 1)
        ]
        return [
            self._broken(source.statement, size, lead=True),
            *points,
            self._broken(source.closing, size),
            self._broken(source.legal_basis, round(size * 0.72, 1)),
        ]

    def _sheets(self, paragraphs: Sequence[Paragraph], start: float, shape: Shape) -> list[Sheet]:
        page = self._page
        sheets = lay_out(paragraphs, start, page.top, _ENDLESS)
        excess = page.flow_bottom - sheets[-1].end
        if excess <= 0:
            return sheets
        if not shape.paged:
            raise TemplateDoesNotFit("isi naskah", excess=excess, size=shape.size)
        top = page.top - page.size
        if start - page.lead < page.bottom:
            raise TemplateDoesNotFit("kop, judul, dan identitas", excess=page.bottom - start, size=shape.size)
        sheets = lay_out(paragraphs, start, top, page.bottom)
        if sheets[-1].end < page.flow_bottom or len(sheets) == 1:
            sheets = keep_company(paragraphs, sheets, top, len(self._source.points) + 1)
        if sheets[-1].end < page.flow_bottom:
            excess = page.flow_bottom - sheets[-1].end
            raise TemplateDoesNotFit("penutup dan tanda tangan", excess=excess, size=shape.size)
        if len(sheets) > self._source.layout.most_pages:
            over = (len(sheets) - self._source.layout.most_pages) * (page.top - page.bottom)
            raise TemplateDoesNotFit("isi naskah", excess=over, size=shape.size)
        return sheets

    def _anchor(self, paragraphs: Sequence[Paragraph], sheets: Sequence[Sheet]) -> float:
        """Put the signature block where it belongs; returns how far the first page's text may be pushed down."""
        page, first = self._page, sheets[0]
        slack = sheets[-1].end - page.flow_bottom
        if len(sheets) == 1:
            self._page = page.raised(max(0.0, slack - _MOST_SLACK * page.lead))
            return sheets[-1].end - self._page.flow_bottom
        self._page = page.raised(max(0.0, slack - page.lead))
        last = first.pieces[-1]
        return last.y - (last.last - last.first - 1) * paragraphs[last.paragraph].lead - page.bottom

    def _piece(self, paragraphs: Sequence[Paragraph], piece: Piece) -> bytes:
        paragraph, tree = paragraphs[piece.paragraph], self._tree
        shown = b""
        if piece.paragraph in self._owners:
            mark = tree.mark_in(self._owners[piece.paragraph])
        else:
            parent, kind = DOCUMENT, b"P"
            if paragraph.label:
                self._points = self._points or tree.add(DOCUMENT, b"L", b"/A<</O/List/ListNumbering/Decimal>>")
                parent, kind = tree.add(self._points, b"LI"), b"LBody"
                label = content.text_line(REGULAR, paragraph.size, self._page.left, piece.y, paragraph.label)
                shown = tree.mark(parent, b"Lbl") + label + b"EMC\n"
            self._owners[piece.paragraph] = tree.add(parent, kind)
            mark = tree.mark_in(self._owners[piece.paragraph])
        return shown + mark + self._justified(paragraph, piece) + b"EMC\n"

    def _justified(self, paragraph: Paragraph, piece: Piece) -> bytes:
        page = self._page
        return content.justified(
            self._setters.regular,
            paragraph.size,
            page.left + paragraph.indent,
            piece.y,
            page.room - paragraph.indent,
            paragraph.lines[piece.first : piece.last],
            paragraph.lead,
            complete=piece.last == len(paragraph.lines),
        )

    def _footer(self, page_number: int, pages: int) -> bytes:
        """The line at the foot of every page, with the page's number where there are several."""
        page, setter = self._page, self._setters.regular
        middle = (page.left + page.right) / 2
        words = self._source.footers[self._inputs.signing]
        said = f"Halaman {page_number} dari {pages}"
        wide = setter.points(said, 8)
        room = page.room - (2 * wide + 24 if pages > 1 else 0)
        lines = setter.wrap("kaki", self._fill(words), 7.5, room)
        shown = content.centred(REGULAR, setter, 7.5, middle, page.footer_line, lines, 9)
        if pages > 1:
            shown += content.text_line(REGULAR, 8, page.right - wide, page.footer_line, said)
        return b"/Artifact<</Type/Pagination/Subtype/Footer/Attached[/Bottom]>>BDC\n" + shown + b"EMC\n"
