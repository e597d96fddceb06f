"""The page of a template: static content, the structure tree, and the slots that personal values go into.

The order of the calls here is the reading order: of the structure tree, and of the four content streams as well (head, identity,
body, signature block), so plain text extraction reads the pledge as a person does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.pdf import content
from app.pdf.content import BOLD, REGULAR
from app.pdf.errors import TemplateDoesNotFit
from app.pdf.geometry import Geometry
from app.pdf.object_numbers import ARCHIVE_FIELD, COUNTERSIGNER_FIELD, SEAL_FIELD, SIGNER_FIELD
from app.pdf.source import SignatureBlock, TemplateSource
from app.pdf.structure import StructureTree
from app.pdf.syntax import glyphs, number, rectangle, text_string
from app.pdf.typesetter import Typesetters, tidy

CODE_LENGTH = 22
_CHECK_HERE = "Periksa keaslian dokumen ini di "
_QR_ALT = "Kode QR menuju halaman pemeriksaan keaslian dokumen ini"
SIGNER_DESCRIPTION = "Tanda tangan elektronik pembuat pernyataan"
COUNTERSIGNER_DESCRIPTION = "Tanda tangan elektronik pejabat yang mengetahui"
SEAL_DESCRIPTION = "Segel elektronik instansi"
ARCHIVE_DESCRIPTION = "Stempel waktu arsip, tidak terlihat"


@dataclass(frozen=True)
class Slot:
    """A personal value: the operators that lead to it, its text with {fields}, what errors call it, its size and room."""

    lead_in: bytes
    text: str
    name: str
    size: float
    room: float


@dataclass(frozen=True)
class SlotGroup:
    """Slots that share a place of `most` lines, and the operators after them."""

    slots: tuple[Slot, ...]
    most: int
    end: bytes


@dataclass(frozen=True)
class Page:
    """What the compiler and the tail need; `slack` is how many points wrapped identity values may push the text down."""

    head: bytes
    body: bytes
    identity: tuple[Slot, ...]
    block: tuple[SlotGroup, ...]
    check_line: bytes
    footer: bytes
    slack: float
    struct_parents: Mapping[str, int]


def _field_of(text: str) -> str:
    """What errors call a text with {fields}: its first field, or the text itself when it has none."""
    found = re.search(r"\{(\w+)\}", text)
    return found[1] if found else text


class PageBuilder:
    """Builds one page from top to bottom; `y` is the baseline of the next line."""

    def __init__(
        self,
        source: TemplateSource,
        fields: Mapping[str, str],
        geometry: Geometry,
        setters: Typesetters,
        tree: StructureTree,
    ) -> None:
        self._source = source
        self._fields = fields
        self._page = geometry
        self._setters = setters
        self._tree = tree
        self._y = geometry.top

    def build(self, letterhead: Sequence[str], verify_url: str, *, countersign: bool) -> Page:
        """The whole page; raises `TemplateDoesNotFit` when even a person with the shortest values would not fit."""
        head = self._letterhead(letterhead) + self._title() + self._opening()
        identity = self._identity()
        body = self._body()
        slack = self._y - self._page.flow_bottom
        if slack < 0:
            raise TemplateDoesNotFit("isi naskah")
        parents: dict[str, int] = {}
        block = self._block(parents, countersign=countersign)
        check_line = self._strip(parents, verify_url)
        return Page(head, body, identity, tuple(block), check_line, self._footer(), slack, parents)

    def _fill(self, text: str) -> str:
        return tidy(text.format_map(self._fields))

    def _letterhead(self, lines: Sequence[str]) -> bytes:
        page, shown = self._page, []
        middle = (page.left + page.right) / 2
        for index, line in enumerate(lines):
            name, size = (BOLD, 13.5) if index < 2 else (REGULAR, 9.0)
            setter = self._setters.bold if name == BOLD else self._setters.regular
            broken = setter.wrap("kop naskah", tidy(line), size, page.room)
            lead = size * 1.25
            self._y -= size * (1.5 if name == REGULAR else 1.25) if index else size * 0.8
            mark = self._tree.mark(self._tree.document, b"P")
            shown += [mark, content.centred(name, setter, size, middle, self._y, broken, lead), b"EMC\n"]
            self._y -= (len(broken) - 1) * lead
        if not lines:
            self._y -= page.size
            return b""
        thick, thin = self._y - 9, self._y - 11.6
        self._y = thin - page.size * 2.4
        rules = content.rule(2, page.left, page.right, thick) + content.rule(0.6, page.left, page.right, thin)
        return b"".join(shown) + b"/Artifact BMC\n" + rules + b"EMC\n"

    def _title(self) -> bytes:
        page, size = self._page, self._page.size + 1
        lines: list[str] = []
        for line in self._source.title:
            lines += [
                part.rstrip(" ") + " " for part in self._setters.bold.wrap("judul", self._fill(line), size, page.room)
            ]
        lines[-1] = lines[-1].rstrip(" ")
        mark = self._tree.mark(self._tree.document, b"H1")
        middle = (page.left + page.right) / 2
        shown = content.centred(BOLD, self._setters.bold, size, middle, self._y, lines, page.lead)
        self._y -= page.lead * len(lines) + page.size * 0.9
        return mark + shown + b"EMC\n"

    def _opening(self) -> bytes:
        return self._paragraph(self._source.opening) if self._source.opening else b""

    def _identity(self) -> tuple[Slot, ...]:
        """One text object with relative moves only, so a wrapped value needs no arithmetic."""
        if not self._source.identity:
            return ()
        page, tree = self._page, self._tree
        summary = text_string("Identitas pembuat pernyataan")
        table = tree.add(tree.document, b"Table", b"/A<</O/Table/Summary%s>>" % summary)
        start = (
            b"BT" + content.font(REGULAR, page.size, page.lead) + b"%s %s Td\n" % (number(page.left), number(self._y))
        )
        colon = page.value_indent - 9
        slots = []
        for row in self._source.identity:
            cells = tree.add(table, b"TR")
            label = tree.mark(cells, b"TH", b"/A<</O/Table/Scope/Row>>") + glyphs(self._fill(row.label)) + b"Tj EMC\n"
            separator = b"%s 0 Td\n/Artifact BMC\n" % number(colon) + glyphs(":") + b"Tj\nEMC\n9 0 Td\n"
            lead_in = start + label + separator + tree.mark(cells, b"TD")
            slots.append(Slot(lead_in, row.value, _field_of(row.value), page.size, page.room - page.value_indent))
            start = b"\nEMC\n%s %s Td\n" % (number(-page.value_indent), number(-self._row_height))
        self._y -= len(slots) * self._row_height + page.size * 0.5
        return tuple(slots)

    @property
    def _row_height(self) -> float:
        return self._page.lead + 1

    def _paragraph(
        self, text: str, *, size: float = 0, indent: float = 0, parent: int = 0, kind: bytes = b"P"
    ) -> bytes:
        page = self._page
        size = size or page.size
        lead, room = round(size * 1.3, 2), page.room - indent
        mark = self._tree.mark(parent or self._tree.document, kind)
        lines = self._setters.regular.wrap("naskah", self._fill(text), size, room)
        shown = content.justified(self._setters.regular, size, page.left + indent, self._y, room, lines, lead)
        self._y -= lead * len(lines) + size * 0.45
        return mark + shown + b"EMC\n"

    def _body(self) -> bytes:
        """The text that identity values push down; the Q at its end closes the q at the end of the identity stream."""
        tree, page = self._tree, self._page
        shown = [self._paragraph(self._source.statement)]
        points = tree.add(tree.document, b"L", b"/A<</O/List/ListNumbering/Decimal>>")
        for index, point in enumerate(self._source.points, start=1):
            item = tree.add(points, b"LI")
            shown.append(tree.mark(item, b"Lbl"))
            shown += [content.text_line(REGULAR, page.size, page.left, self._y, f"{index}."), b"EMC\n"]
            shown.append(self._paragraph(point, indent=page.size * 1.7, parent=item, kind=b"LBody"))
        shown.append(self._paragraph(self._source.closing))
        shown.append(self._paragraph(self._source.legal_basis, size=round(page.size * 0.72, 1)))
        return b"".join(shown) + b"Q\n"

    def _footer(self) -> bytes:
        page = self._page
        middle = (page.left + page.right) / 2
        lines = self._setters.regular.wrap("kaki", self._fill(self._source.footer), 7.5, page.room)
        shown = content.centred(REGULAR, self._setters.regular, 7.5, middle, page.footer_line, lines, 9)
        return b"/Artifact<</Type/Pagination/Subtype/Footer/Attached[/Bottom]>>BDC\n" + shown + b"EMC\n"

    def _block(self, parents: dict[str, int], *, countersign: bool) -> list[SlotGroup]:
        """The signature block, left column before right; the fields stand between role and name."""
        page, tree = self._page, self._tree
        section = tree.add(tree.document, b"Sect")
        groups = []
        if countersign:
            column = tree.add(section, b"Div")
            block = self._source.countersigner
            most = page.countersigner_position_lines
            top = self._group(
                column, page.left, page.heading_line, page.countersigner_width, (block.role, block.position), most + 1
            )
            parents["pejabat"] = tree.form(column, COUNTERSIGNER_FIELD, COUNTERSIGNER_DESCRIPTION)
            groups += [top, self._below(column, page.left, page.countersigner_width, block)]
        column = tree.add(section, b"Div")
        block, room = self._source.signer, page.right - page.signer_left
        groups.append(
            self._group(column, page.signer_left, page.heading_line, room, (block.place_and_date, block.role), 2),
        )
        parents["pegawai"] = tree.form(column, SIGNER_FIELD, SIGNER_DESCRIPTION)
        groups.append(self._below(column, page.signer_left, room, block))
        return groups

    def _below(self, column: int, x: float, room: float, block: SignatureBlock) -> SlotGroup:
        return self._group(column, x, self._page.below_line, room, block.lines, self._page.below_lines)

    def _group(self, column: int, x: float, y: float, room: float, texts: Sequence[str], most: int) -> SlotGroup:
        page, slots = self._page, []
        start = b"BT" + content.font(REGULAR, page.block_size, page.block_lead) + b"%s %s Td\n" % (number(x), number(y))
        for text in texts:
            slots.append(Slot(start + self._tree.mark(column, b"P"), text, _field_of(text), page.block_size, room))
            start = b"\nEMC\nT*\n"
        return SlotGroup(tuple(slots), most, b"\nEMC\nET\n")

    def _strip(self, parents: dict[str, int], verify_url: str) -> bytes:
        """QR code, the words and address beside it, and the e-seal; returns the operators up to the address itself."""
        page, tree = self._page, self._tree
        section = tree.add(tree.document, b"Sect")
        x0, y0, x1, _ = page.qr
        side = number(x1 - x0)
        attributes = b"/Alt%s/A<</O/Layout/Placement/Block/BBox%s>>" % (text_string(_QR_ALT), rectangle(page.qr))
        figure = tree.mark(section, b"Figure", attributes)
        figure += b"q %s 0 0 %s %s %s cm /Q Do Q\nEMC\n" % (side, side, number(x0), number(y0))
        position = b"%s %s Td\n" % (number(x1 + 8), number(y0 + 56))
        size = self._address_size(verify_url, page.right - x1 - 8)
        words = (
            tree.mark(section, b"P")
            + b"BT"
            + content.font(REGULAR, size, 10)
            + position
            + glyphs(_CHECK_HERE)
            + b"Tj T*\n"
        )
        parents["segel"] = tree.form(section, SEAL_FIELD, SEAL_DESCRIPTION)
        parents["arsip"] = tree.form(section, ARCHIVE_FIELD, ARCHIVE_DESCRIPTION)
        return figure + words

    def _address_size(self, verify_url: str, room: float) -> float:
        """The largest type in which any address fits on one line, so that a reader finds it whole."""
        for size in (8.0, 7.5, 7.0, 6.5, 6.0):
            if self._setters.regular.points(verify_url + "W" * CODE_LENGTH, size) <= room:
                return size
        raise TemplateDoesNotFit("alamat pemeriksaan")
