"""The personal part of a document, laid out and hashed on top of a prefix that is the same for everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from app.pdf.errors import DoesNotFit, ValueMissing
from app.pdf.field import field_dictionary, field_head, signature_value, visible_mark
from app.pdf.geometry import MARK_HEIGHT, Geometry, Shape
from app.pdf.increment import Closing, build_increment, plain_increment, trailer
from app.pdf.metadata import info, pdf_date
from app.pdf.moment import date_in_words, moment_in_words
from app.pdf.object_numbers import (
    CATALOG,
    IDENTITY_TEXT,
    INFO,
    QR_IMAGE,
    SIGNATURE_TEXT,
    SIGNER_FIELD,
    SIGNER_MARK,
    SIGNER_VALUE,
)
from app.pdf.page import Pages
from app.pdf.person import PersonValues, person_fields
from app.pdf.qr import QrTable
from app.pdf.signing_block import CODE_LENGTH, SIGNER_DESCRIPTION
from app.pdf.slot import Slot, SlotGroup
from app.pdf.syntax import FREE_ROW, glyphs, number, stream, xref_row
from app.pdf.typesetter import Typesetters

_MARK_HEADING = "Ditandatangani secara elektronik oleh"
_ASSURANCE = "Tanda tangan elektronik tidak tersertifikasi"
_MARK_STEP = 16.0  # points


class HashState(Protocol):
    """A running SHA-256 that can be copied, so that the prefix is hashed once."""

    def update(self, data: bytes, /) -> None:
        """Hash more bytes."""

    def digest(self) -> bytes:
        """The digest of all bytes so far."""

    def copy(self) -> "HashState":
        """An independent state after the same bytes."""


@dataclass(frozen=True)
class Prepared:
    """A document ready to be signed: `variants[variant].prefix + tail`, its signature hole still zero.

    `hole` is (offset of '<', one past '>') from the start of the file; `digest` is the SHA-256 of everything outside it.
    """

    tail: bytes
    hole: tuple[int, int]
    digest: bytes
    variant: int
    prefix_length: int


@dataclass(frozen=True)
class Unsigned:
    """A finished document without signature: for gateways that sign whole files, for paper, for samples."""

    tail: bytes
    variant: int


@dataclass(frozen=True)
class Variant:
    """One compiled layout: its prefix, and what is needed to lay out and hash a person's tail after it."""

    shape: Shape
    prefix: bytes = field(repr=False)
    geometry: Geometry
    page: Pages = field(repr=False)
    setters: Typesetters = field(repr=False)
    qr: QrTable = field(repr=False)
    fields: Mapping[str, str]
    verify_url: str
    zone: str
    title: str
    reason: str
    countersign: bool
    signature_room: int
    static_rows: bytes = field(repr=False)
    state: HashState = field(repr=False)

    @property
    def prefix_sha256(self) -> str:
        """Hex SHA-256 of the prefix."""
        return self.state.digest().hex()

    def prepare(self, index: int, values: Mapping[str, str], code: str, prepared_at: datetime) -> Prepared:
        """The tail for a person's `values`; raises `DoesNotFit` and `GlyphMissing`. Same arguments, same bytes."""
        objects = self._objects(values, code, prepared_at)
        objects.append((SIGNER_FIELD, field_dictionary(self._head(values), mark=SIGNER_MARK, value=SIGNER_VALUE)))
        objects.append((SIGNER_MARK, self._mark(values, prepared_at)))
        value = signature_value(
            pdf_date(prepared_at), name=values["nama"], reason=self.reason, place=self.fields["tempat"]
        )
        closing = self._closing(objects)
        increment = build_increment(len(self.prefix), objects, (SIGNER_VALUE, value), self.signature_room, closing)
        state = self.state.copy()
        state.update(increment.before)
        state.update(increment.after)
        return Prepared(increment.sealed(b""), increment.hole, state.digest(), index, len(self.prefix))

    def unsigned(self, index: int, values: Mapping[str, str], code: str, prepared_at: datetime) -> Unsigned:
        """The same page with the signer's field declared but empty; two numbers that signing uses hold null."""
        objects = self._objects(values, code, prepared_at)
        objects.append((SIGNER_FIELD, field_dictionary(self._head(values))))
        objects += [(SIGNER_MARK, b"null"), (SIGNER_VALUE, b"null")]
        return Unsigned(plain_increment(len(self.prefix), objects, self._closing(objects)), index)

    def values(self, person: PersonValues, prepared_at: datetime) -> dict[str, str]:
        """Every field of a document in its printed form; the same for all variants of a template. Raises `ValueMissing`."""
        if self.countersign and person.countersigner is None:
            raise ValueMissing("pejabat")
        return {**self.fields, **person_fields(person), "tanggal": date_in_words(prepared_at, self.zone)}

    def needs(self, values: Mapping[str, str], prepared_at: datetime) -> Shape:
        """This shape with the room that `values` take in it: how the general path finds the layout of a long text."""
        block = self.page.block
        return replace(
            self.shape,
            reserved=self._lines(self.page.identity, values) - len(self.page.identity),
            above=max(self._lines(group.slots, values) for group in block if group.above),
            below=max(self._lines(group.slots, values) for group in block if not group.above),
            mark=self._mark_height(values, prepared_at),
        )

    def _mark_height(self, values: Mapping[str, str], prepared_at: datetime) -> float:
        """Points that the marks of signer and official need; the height is stepped, so that few layouts serve many people."""
        said = [(self.geometry.signer_mark, [text for _, text in self._mark_lines(values, prepared_at)])]
        if self.countersign:
            official = [f"NIP {values['nip_pejabat']}", values["jabatan_pejabat"], _ASSURANCE, _ASSURANCE]
            said.append((self.geometry.countersigner_mark, official))
        heights = []
        for (x0, _, x1, _), texts in said:
            name = values["nama" if texts is said[0][1] else "nama_pejabat"]
            rows = 1 + self.setters.bold.lines("nama", name, 7.5, x1 - x0 - 14).count
            rows += sum(self.setters.regular.lines("jabatan", text, 7.0, x1 - x0 - 14).count for text in texts)
            heights.append(rows * 7.0 * 1.18 + 5)
        steps = -(-max(0.0, max(heights) - MARK_HEIGHT) // _MARK_STEP)
        return MARK_HEIGHT + steps * _MARK_STEP

    def _objects(self, values: Mapping[str, str], code: str, prepared_at: datetime) -> list[tuple[int, bytes]]:
        return [
            (IDENTITY_TEXT, stream(self._identity(values), pack=False)),
            (SIGNATURE_TEXT, stream(self._block(values, code), pack=False)),
            (QR_IMAGE, self._qr(code)),
            (INFO, info(self.title, prepared_at)),
        ]

    def _head(self, values: Mapping[str, str]) -> bytes:
        description = f"{SIGNER_DESCRIPTION} {values['nama']}"
        return field_head("pegawai", description, self.geometry.signer_mark, self.page.struct_parents["pegawai"])

    def _closing(self, objects: Sequence[tuple[int, bytes]]) -> Closing:
        file_id = sha256(b"".join([body for _, body in objects])).hexdigest()[:32].encode()

        def closing(offsets: Sequence[tuple[int, int]], startxref: int) -> bytes:
            size = len(offsets) + 1 + len(self.static_rows) // 20
            table = [b"xref\n0 %d\n" % size, FREE_ROW, *[xref_row(offset) for _, offset in offsets], self.static_rows]
            entries = b"/Root %d 0 R/Info %d 0 R" % (CATALOG, INFO)
            return b"".join(table) + trailer(size, entries, file_id, file_id, startxref)

        return closing

    def _identity(self, values: Mapping[str, str]) -> bytes:
        """The identity table; it ends by pushing the text below it down by the lines that values wrapped to."""
        shown, extra = [], -self.shape.reserved
        for slot in self.page.identity:
            lines = self.setters.regular.lines(slot.name, slot.text.format_map(values), slot.size, slot.room)
            extra += lines.count - 1
            shown += [slot.lead_in, lines.operators]
            if extra > 0 and extra * self.geometry.lead > self.page.slack:
                raise DoesNotFit(slot.name)
        if shown:
            shown.append(b"\nEMC\nET\n")
        shown.append(b"q 1 0 0 1 0 %s cm\n" % number(-extra * self.geometry.lead))
        return b"".join(shown)

    def _block(self, values: Mapping[str, str], code: str) -> bytes:
        shown: list[bytes] = []
        drop = self._spare_lines(values) * self.geometry.block_lead if self.countersign else 0
        for group in self.page.block:
            if group.above and drop:
                shown.append(b"q 1 0 0 1 0 %s cm\n" % number(-drop))
            self._group(group, values, shown)
            if group.above and drop:
                shown.append(b"Q\n")
        address = glyphs(self.verify_url + code)
        return b"".join((*shown, self.page.check_line, address, b" Tj\nET\nEMC\n", self.page.footer))

    def _spare_lines(self, values: Mapping[str, str]) -> int:
        """Lines that a short position leaves over: what stands above the marks comes down by them, in both columns alike."""
        above = [group for group in self.page.block if group.above]
        return max(0, min(group.most - self._lines(group.slots, values) for group in above))

    def _lines(self, slots: Sequence[Slot], values: Mapping[str, str]) -> int:
        regular = self.setters.regular
        return sum([regular.lines(s.name, s.text.format_map(values), s.size, s.room).count for s in slots])

    def _group(self, group: SlotGroup, values: Mapping[str, str], shown: list[bytes]) -> None:
        used = 0
        for slot in group.slots:
            lines = self.setters.regular.lines(slot.name, slot.text.format_map(values), slot.size, slot.room)
            used += lines.count
            shown += [slot.lead_in, lines.operators]
            if used > group.most:
                raise DoesNotFit(slot.name)
        shown.append(group.end)

    def _qr(self, code: str) -> bytes:
        entries = (
            b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray/Decode[1 0]"
            % (self.qr.side, self.qr.side)
        )
        return stream(self.qr.image(code.encode("ascii")), entries, pack=False)

    def _mark(self, values: Mapping[str, str], prepared_at: datetime) -> bytes:
        lines = self._mark_lines(values, prepared_at)
        return visible_mark(self.setters, self.geometry.signer_mark, _MARK_HEADING, ("nama", values["nama"]), lines)

    def _mark_lines(self, values: Mapping[str, str], prepared_at: datetime) -> list[tuple[str, str]]:
        lines = [("nip", f"NIP {values['nip']}")] if values["nip"] else []
        lines += [("jabatan", values["jabatan"])] if values["jabatan"] else []
        return [*lines, ("", _ASSURANCE), ("", f"Disiapkan {moment_in_words(prepared_at, self.zone)}")]


def check_code(code: str) -> None:
    """Refuse a verification code that is not 22 ASCII letters, digits, '-' or '_'."""
    if len(code) != CODE_LENGTH or not code.isascii() or not code.replace("-", "").replace("_", "").isalnum():
        raise ValueError("a verification code has 22 ASCII letters, digits, - or _")
