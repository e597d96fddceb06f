"""A template compiled for a round: everything that is the same for everybody becomes a prefix written first in the file.

One layout for each type size is compiled beforehand. Who does not fit them (a position of six lines, a person without NIP) gets
a layout of the same engine that is made for that need when it first occurs, and kept for the next person with the same need.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from app.pdf.clauses import fields_of
from app.pdf.errors import DoesNotFit, InputInvalid, TemplateDoesNotFit
from app.pdf.geometry import Shape, page_geometry
from app.pdf.inputs import CompileInputs
from app.pdf.page import PageBuilder
from app.pdf.person import OFFICIAL_FIELDS, PERSON_FIELDS, PersonValues, round_fields
from app.pdf.prefix import build_prefix
from app.pdf.qr import QrTable, qr_table
from app.pdf.signing_block import CODE_LENGTH
from app.pdf.source import Paper, TemplateSource
from app.pdf.structure import StructureTree
from app.pdf.tail import Prepared, Unsigned, Variant, check_code
from app.pdf.typesetter import load_typesetters, tidy

Laid = TypeVar("Laid")
LayOut = Callable[[int, Variant, Mapping[str, str]], Laid]
_MOST_LINES = 30  # of one part, beyond which a value is a mistake and not a name
_MOST_NAME = 200  # characters, degrees included; what is longer was never a name
_MOST_SHAPES = 400
_MOST_SHRINKING = 1.0  # points that the type is made smaller for everybody, rather than begin a second page


@dataclass(frozen=True)
class _Static:
    """What every layout of a template is compiled from."""

    inputs: CompileInputs
    sheet: Paper
    fields: Mapping[str, str]
    personal: tuple[str, ...]


class CompiledTemplate:
    """A compiled template: its variants, the preferred one first; those made on demand follow the `frozen` first ones.

    A document names its variant by its place in `variants` in this process; for all others it is named by its prefix's SHA-256.
    """

    def __init__(self, static: _Static, variants: list[Variant]) -> None:
        self._static = static
        self._variants = variants
        self._shapes: dict[Shape, int | None] = {variant.shape: at for at, variant in enumerate(variants)}
        self._making = Lock()
        self.frozen = len(variants)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every variant there is now; a place once given never changes."""
        return tuple(self._variants)

    @property
    def prefix(self) -> bytes:
        """The prefix of the preferred variant; a document's own is `variants[prepared.variant].prefix`."""
        return self._variants[0].prefix

    @property
    def prefix_sha256(self) -> str:
        """Hex SHA-256 of the preferred variant's prefix."""
        return self._variants[0].prefix_sha256

    def prepare(self, person: PersonValues, *, code: str, prepared_at: datetime) -> Prepared:
        """`person`'s document in the first layout that everything fits in.

        `code` is the 22-character verification code, `prepared_at` an aware time, used to the second. A pure function: same
        arguments, same bytes. Raises `ValueMissing`, `GlyphMissing`, and `DoesNotFit` when no layout has the room.
        """
        if self._static.inputs.signing != "device":
            raise InputInvalid("cara menandatangani", "naskah ini dibuat untuk ditandatangani dengan cara lain")
        return self._first_fit(
            person, code, prepared_at, lambda at, v, values: v.prepare(at, values, code, prepared_at)
        )

    def unsigned(self, person: PersonValues, *, code: str, prepared_at: datetime) -> Unsigned:
        """The same document with four empty fields and no mark: valid as it is, to be signed by others or on paper."""
        return self._first_fit(
            person, code, prepared_at, lambda at, v, values: v.unsigned(at, values, code, prepared_at)
        )

    def _first_fit(self, person: PersonValues, code: str, prepared_at: datetime, lay_out: LayOut[Laid]) -> Laid:
        check_code(code)
        values = self._variants[0].values(person, prepared_at)
        omitted: tuple[str, ...] = ()
        if "" in values.values():
            omitted = tuple(name for name in self._static.personal if not values.get(name, "-"))
        if not omitted:
            for at in range(self.frozen):
                try:
                    return lay_out(at, self._variants[at], values)
                except DoesNotFit:
                    continue
        return self._general(omitted, values, prepared_at, lay_out)

    def _general(
        self, omitted: tuple[str, ...], values: Mapping[str, str], prepared_at: datetime, lay_out: LayOut[Laid]
    ) -> Laid:
        """The general path: a layout with exactly the room that these values take."""
        fault = DoesNotFit("nama")
        if len(values["nama"]) > _MOST_NAME:
            raise fault
        for shape in self._shapes_for(omitted, values, prepared_at):
            try:
                if (at := self._place(shape)) is not None:
                    return lay_out(at, self._variants[at], values)
            except DoesNotFit as error:
                fault = error
        raise fault

    def _shapes_for(
        self, omitted: tuple[str, ...], values: Mapping[str, str], prepared_at: datetime
    ) -> Iterator[Shape]:
        """Layouts to try: on one page in every size, then over several pages, largest type first."""
        plain = [Shape(size, omitted=omitted) for size in self._static.sheet.sizes]
        if omitted:
            yield from (replace(variant.shape, omitted=omitted) for variant in self._variants[: self.frozen])
        paged: list[Shape] = []
        fault: DoesNotFit | None = None
        for shape in plain:
            base = self._place(shape)
            base = self._place(replace(shape, paged=True)) if base is None else base
            if base is None:
                continue
            try:
                need = self._variants[base].needs(values, prepared_at)
            except DoesNotFit as error:
                fault = error
                continue
            if max(need.reserved, need.above, need.below) > _MOST_LINES:
                fault = DoesNotFit("jabatan" if need.below <= need.reserved else "unit_kerja")
                continue
            if not self._variants[0].shape.paged:
                yield replace(need, paged=False, reserved=0)
            paged.append(replace(need, paged=True))
        yield from paged
        if fault is not None and not paged:
            raise fault

    def _place(self, shape: Shape) -> int | None:
        """Where the variant of `shape` stands, compiled now if need be; None when the static text does not fit it."""
        if shape in self._shapes:
            return self._shapes[shape]
        with self._making:
            if shape in self._shapes:
                return self._shapes[shape]
            if len(self._shapes) >= _MOST_SHAPES:
                return None
            try:
                made = _compile(self._static, shape)
            except TemplateDoesNotFit:
                self._shapes[shape] = None
                return None
            self._variants.append(made)
            self._shapes[shape] = len(self._variants) - 1
            return self._shapes[shape]


def compile_template(inputs: CompileInputs) -> CompiledTemplate:
    """Compile `inputs`: about a second, most of it for the fonts, which a process loads once.

    One layout for each type size whose text fits on one page; where that takes a much smaller type than the preferred one, over as
    many pages as the layout allows. Raises `TemplateDoesNotFit` when it is too long for these.
    """
    sheet = inputs.source.layout.papers.get(inputs.paper)
    if sheet is None:
        raise TemplateDoesNotFit(f"kertas {inputs.paper} tidak ada pada tata letak")
    fields = round_fields(inputs.round_values, inputs.place)
    static = _Static(inputs, sheet, fields, _personal_fields(inputs.source, countersign=inputs.countersign))
    faults: list[TemplateDoesNotFit] = []

    def fitting(shapes: Sequence[Shape]) -> list[Variant]:
        made = []
        for shape in shapes:
            try:
                made.append(_compile(static, shape))
            except TemplateDoesNotFit as error:
                faults.append(error)
        return made

    variants = fitting([Shape(size) for size in sheet.sizes])
    if not variants or sheet.sizes[0] - variants[0].shape.size > _MOST_SHRINKING:
        faults.clear()
        variants = fitting([Shape(sheet.sizes[0], paged=True)]) or variants
    if not variants:
        raise faults[0]
    return CompiledTemplate(static, variants)


def _personal_fields(source: TemplateSource, *, countersign: bool) -> tuple[str, ...]:
    """The fields that rows and lines of the template can be left out for."""
    lines = [row.value for row in source.identity] + list(source.signer.lines)
    lines += source.countersigner.lines if countersign else ()
    used = {name for line in lines for name in fields_of(line)}
    return tuple(sorted(used & (PERSON_FIELDS | OFFICIAL_FIELDS)))


@lru_cache(maxsize=8)
def _kept_qr_table(verify_url: str) -> QrTable:
    return qr_table(verify_url, CODE_LENGTH)


def _compile(static: _Static, shape: Shape) -> Variant:
    inputs, fields, setters = static.inputs, static.fields, load_typesetters()
    tree = StructureTree()
    lowest = page_geometry(inputs.source, static.sheet, shape, countersign=inputs.countersign)
    pages = PageBuilder(inputs, fields, lowest, setters, tree).build(shape)
    title = f"{inputs.source.name} pada {fields['jenis_pemilihan']} Tahun {fields['tahun']}"
    prefix, rows = build_prefix(inputs, pages, tree, title, setters)
    return Variant(
        shape=shape,
        prefix=prefix,
        geometry=pages.geometry,
        page=pages,
        setters=setters,
        qr=_kept_qr_table(inputs.verify_url),
        fields=fields,
        verify_url=inputs.verify_url,
        zone=inputs.zone,
        title=title,
        reason=tidy(inputs.source.name),
        countersign=inputs.countersign,
        signature_room=inputs.signature_room,
        static_rows=rows,
        state=sha256(prefix),
    )
