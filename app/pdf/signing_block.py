"""The foot of a document: signature blocks of official and signer, and the strip with QR code, address and e-seal."""

from collections.abc import Sequence

from app.pdf import content
from app.pdf.clauses import fields_of
from app.pdf.content import REGULAR
from app.pdf.errors import TemplateDoesNotFit
from app.pdf.geometry import Geometry, Shape
from app.pdf.inputs import CompileInputs
from app.pdf.object_numbers import ARCHIVE_FIELD, COUNTERSIGNER_FIELD, SEAL_FIELD, SIGNER_FIELD
from app.pdf.slot import Slot, SlotGroup
from app.pdf.structure import DOCUMENT, StructureTree
from app.pdf.syntax import glyphs, number, rectangle, text_string
from app.pdf.typesetter import Typesetters

CODE_LENGTH = 22
_ADDRESS = {
    "device": "Periksa keaslian dokumen ini di ",
    "bsre": "Periksa keaslian dokumen ini di ",
    "paper": "Kode lembar ini ",
}
_QR_ALT = "Kode QR menuju halaman pemeriksaan keaslian dokumen ini"
SIGNER_DESCRIPTION = "Tanda tangan elektronik pembuat pernyataan"
COUNTERSIGNER_DESCRIPTION = "Tanda tangan elektronik pejabat yang mengetahui"
SEAL_DESCRIPTION = "Segel elektronik instansi"
ARCHIVE_DESCRIPTION = "Stempel waktu arsip, tidak terlihat"


class BlockBuilder:
    """Builds the foot of the last page; `parents` has each field's /StructParent by its name."""

    def __init__(self, inputs: CompileInputs, page: Geometry, setters: Typesetters, tree: StructureTree) -> None:
        self._inputs = inputs
        self._page = page
        self._setters = setters
        self._tree = tree
        self.parents: dict[str, int] = {}

    def build(self, shape: Shape) -> tuple[SlotGroup, ...]:
        """The signature blocks, left column before right; the fields stand between role and name."""
        page, tree, source = self._page, self._tree, self._inputs.source
        section = tree.add(DOCUMENT, b"Sect")
        groups = []
        if self._inputs.countersign:
            column, block, room = tree.add(section, b"Div"), source.countersigner, page.countersigner_width
            groups.append(self._above(column, page.left, room, (block.role, block.position)))
            self.parents["pejabat"] = tree.form(column, COUNTERSIGNER_FIELD, COUNTERSIGNER_DESCRIPTION)
            groups.append(self._below(column, page.left, room, block.lines, shape))
        column, block, room = tree.add(section, b"Div"), source.signer, page.right - page.signer_left
        groups.append(self._above(column, page.signer_left, room, (block.place_and_date, block.role)))
        self.parents["pegawai"] = tree.form(column, SIGNER_FIELD, SIGNER_DESCRIPTION)
        groups.append(self._below(column, page.signer_left, room, block.lines, shape))
        return tuple(groups)

    def _above(self, column: int, x: float, room: float, texts: Sequence[str]) -> SlotGroup:
        page = self._page
        slots = self._slots(column, (x, page.heading_line), room, texts)
        return SlotGroup(slots, page.above_lines, b"\nEMC\nET\n", above=True)

    def _below(self, column: int, x: float, room: float, texts: Sequence[str], shape: Shape) -> SlotGroup:
        page = self._page
        shown = [text for text in texts if not set(fields_of(text)) & set(shape.omitted)]
        return SlotGroup(self._slots(column, (x, page.below_line), room, shown), page.below_lines, b"\nEMC\nET\n")

    def _slots(self, column: int, at: tuple[float, float], room: float, texts: Sequence[str]) -> tuple[Slot, ...]:
        page, slots = self._page, []
        start = (
            b"BT"
            + content.font(REGULAR, page.block_size, page.block_lead)
            + b"%s %s Td\n"
            % (
                number(at[0]),
                number(at[1]),
            )
        )
        for text in texts:
            slots.append(Slot.of(start + self._tree.mark(column, b"P"), text, page.block_size, room))
            start = b"\nEMC\nT*\n"
        return tuple(slots)

    def strip(self) -> bytes:
        """QR code, the words and address beside it, and the e-seal; returns the operators up to the address itself."""
        page, tree = self._page, self._tree
        section = tree.add(DOCUMENT, b"Sect")
        x0, y0, x1, _ = page.qr
        side = number(x1 - x0)
        attributes = b"/Alt%s/A<</O/Layout/Placement/Block/BBox%s>>" % (text_string(_QR_ALT), rectangle(page.qr))
        figure = tree.mark(section, b"Figure", attributes)
        figure += b"q %s 0 0 %s %s %s cm /Q Do Q\nEMC\n" % (side, side, number(x0), number(y0))
        position = b"%s %s Td\n" % (number(x1 + 8), number(y0 + 56))
        font = content.font(REGULAR, self._address_size(page.right - x1 - 8), 10)
        words = tree.mark(section, b"P") + b"BT" + font + position + glyphs(_ADDRESS[self._inputs.signing]) + b"Tj T*\n"
        self.parents["segel"] = tree.form(section, SEAL_FIELD, SEAL_DESCRIPTION)
        self.parents["arsip"] = tree.form(section, ARCHIVE_FIELD, ARCHIVE_DESCRIPTION)
        return figure + words

    def _address_size(self, room: float) -> float:
        """The largest type in which any address fits on one line, so that a reader finds it whole."""
        widest = self._inputs.verify_url + "W" * CODE_LENGTH
        for size in (8.0, 7.5, 7.0, 6.5, 6.0):
            if self._setters.regular.points(widest, size) <= room:
                return size
        raise TemplateDoesNotFit("alamat pemeriksaan")
