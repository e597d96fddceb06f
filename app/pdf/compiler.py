"""A template compiled once for a round: everything that is the same for everybody becomes a prefix written first in the file.

PDF 1.7 with a classic cross-reference table and no object streams, PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1) in every state.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from app.pdf.dss import dss_dictionary
from app.pdf.errors import DoesNotFit, PdfFault, TemplateDoesNotFit
from app.pdf.field import HIDDEN, field_dictionary, field_head
from app.pdf.font import font_objects
from app.pdf.geometry import Geometry, page_geometry
from app.pdf.inputs import CompileInputs
from app.pdf.metadata import srgb_profile, xmp
from app.pdf.object_numbers import (
    ARCHIVE_FIELD,
    BLANK_MARK,
    BODY_TEXT,
    BOLD_FONT,
    CATALOG,
    COUNTERSIGNER_FIELD,
    DSS,
    FONTS,
    FORM,
    HEAD_TEXT,
    IDENTITY_TEXT,
    METADATA,
    PAGE,
    PAGES,
    PROFILE,
    QR_IMAGE,
    REGULAR_FONT,
    SEAL_FIELD,
    SIGNATURE_TEXT,
    SIGNER_FIELD,
    first_variable,
)
from app.pdf.page import (
    ARCHIVE_DESCRIPTION,
    CODE_LENGTH,
    COUNTERSIGNER_DESCRIPTION,
    SEAL_DESCRIPTION,
    Page,
    PageBuilder,
)
from app.pdf.person import PersonValues, round_fields
from app.pdf.qr import qr_table
from app.pdf.structure import StructureTree
from app.pdf.syntax import HEADER, indirect, number, references, stream, xref_row
from app.pdf.tail import Prepared, Unsigned, Variant, check_code
from app.pdf.typesetter import Typesetters, load_typesetters, tidy

Laid = TypeVar("Laid")


@dataclass(frozen=True)
class CompiledTemplate:
    """A compiled template: one variant per type size that its static text fits in, the preferred one first."""

    variants: tuple[Variant, ...]

    @property
    def prefix(self) -> bytes:
        """The prefix of the preferred variant; a document's own is `variants[prepared.variant].prefix`."""
        return self.variants[0].prefix

    @property
    def prefix_sha256(self) -> str:
        """Hex SHA-256 of the preferred variant's prefix."""
        return self.variants[0].prefix_sha256

    def prepare(self, person: PersonValues, *, code: str, prepared_at: datetime) -> Prepared:
        """`person`'s document in the first variant that everything fits in.

        `code` is the 22-character verification code, `prepared_at` an aware time, used to the second. A pure function: same
        arguments, same bytes. Raises `ValueMissing`, `GlyphMissing`, and `DoesNotFit` when no variant has the room.
        """
        check_code(code)
        return self._first_fit(lambda index, variant: variant.prepare(index, person, code, prepared_at))

    def unsigned(self, person: PersonValues, *, code: str, prepared_at: datetime) -> Unsigned:
        """The same document with four empty fields and no mark: valid as it is, to be signed by others or on paper."""
        check_code(code)
        return self._first_fit(lambda index, variant: variant.unsigned(index, person, code, prepared_at))

    def _first_fit(self, lay_out: Callable[[int, Variant], Laid]) -> Laid:
        last = len(self.variants) - 1
        for index, variant in enumerate(self.variants[:last]):
            try:
                return lay_out(index, variant)
            except DoesNotFit:
                continue
        return lay_out(last, self.variants[last])


def compile_template(inputs: CompileInputs) -> CompiledTemplate:
    """Compile `inputs`: about a second, most of it for the fonts, which a process loads once.

    Raises `TemplateDoesNotFit` when the static text is too long for the page in every type size.
    """
    sheet = inputs.source.papers.get(inputs.paper)
    if sheet is None:
        raise TemplateDoesNotFit(f"kertas {inputs.paper} tidak ada pada tata letak")
    setters = load_typesetters()
    fields = round_fields(inputs.round_values, inputs.place)
    variants, fault = [], PdfFault("the layout lists no type size")
    for size in sheet.sizes:
        geometry = page_geometry(inputs.source, sheet, size, countersign=inputs.countersign)
        try:
            variants.append(_variant(inputs, fields, geometry, setters))
        except TemplateDoesNotFit as error:
            fault = error
    if not variants:
        raise fault
    return CompiledTemplate(tuple(variants))


def _variant(inputs: CompileInputs, fields: Mapping[str, str], geometry: Geometry, setters: Typesetters) -> Variant:
    trust = inputs.trust
    first_certificate = first_variable(countersign=inputs.countersign)
    first_crl = first_certificate + len(trust.certificates)
    tree = StructureTree(first_crl + len(trust.crls), PAGE)
    builder = PageBuilder(inputs.source, fields, geometry, setters, tree)
    page = builder.build(inputs.letterhead, inputs.verify_url, countersign=inputs.countersign)
    title = f"{inputs.source.name} pada {fields['jenis_pemilihan']} Tahun {fields['tahun']}"
    objects = _document_objects(geometry, tree, title, countersign=inputs.countersign)
    objects |= {HEAD_TEXT: stream(page.head), BODY_TEXT: stream(page.body)}
    objects |= font_objects(setters.regular.face, REGULAR_FONT) | font_objects(setters.bold.face, BOLD_FONT)
    objects |= _empty_fields(geometry, page, countersign=inputs.countersign) | tree.objects()
    objects |= {first_certificate + index: stream(der) for index, der in enumerate((*trust.certificates, *trust.crls))}
    objects[DSS] = dss_dictionary(
        references(range(first_certificate, first_crl)), references(range(first_crl, first_crl + len(trust.crls)))
    )
    prefix, rows = _write(objects)
    return Variant(
        prefix=prefix,
        geometry=geometry,
        page=page,
        setters=setters,
        qr=qr_table(inputs.verify_url, CODE_LENGTH),
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


def _write(objects: Mapping[int, bytes]) -> tuple[bytes, bytes]:
    """(the prefix, its rows of the cross-reference table); the numbers must be consecutive."""
    out, rows = bytearray(HEADER), []
    for object_number in sorted(objects):
        rows.append(xref_row(len(out)))
        out += indirect(object_number, objects[object_number])
    return bytes(out), b"".join(rows)


def _field_order(*, countersign: bool) -> bytes:
    order = (COUNTERSIGNER_FIELD,) if countersign else ()
    return references((*order, SIGNER_FIELD, SEAL_FIELD, ARCHIVE_FIELD))


def _document_objects(geometry: Geometry, tree: StructureTree, title: str, *, countersign: bool) -> dict[int, bytes]:
    """Catalog, page, form, and what they share; each entry is asked for by a rule of PDF/A-2a or PDF/UA-1."""
    order = _field_order(countersign=countersign)
    catalog = (
        b"<</Type/Catalog/Pages %d 0 R/AcroForm %d 0 R/Lang(id-ID)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R"
        b"/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R"
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
        b"/DestOutputProfile %d 0 R>>]/DSS %d 0 R/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>>>"
    ) % (PAGES, FORM, tree.root, METADATA, PROFILE, DSS)
    page = (
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents[%s]"
        b"/Resources<</Font %d 0 R/XObject<</Q %d 0 R>>>>/Tabs/S/StructParents 0/Annots[%s]>>"
    ) % (
        PAGES,
        number(geometry.width),
        number(geometry.height),
        references((HEAD_TEXT, IDENTITY_TEXT, BODY_TEXT, SIGNATURE_TEXT)),
        FONTS,
        QR_IMAGE,
        order,
    )
    return {
        CATALOG: catalog,
        PAGES: b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % PAGE,
        PAGE: page,
        FORM: b"<</SigFlags 3/Fields[%s]>>" % order,
        FONTS: b"<</R %d 0 R/B %d 0 R>>" % (REGULAR_FONT, BOLD_FONT),
        METADATA: stream(xmp(title), b"/Type/Metadata/Subtype/XML", pack=False),
        PROFILE: stream(srgb_profile(), b"/N 3"),
        BLANK_MARK: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<<>>", pack=False),
    }


def _empty_fields(geometry: Geometry, page: Page, *, countersign: bool) -> dict[int, bytes]:
    """Every field but the signer's, declared before the first signature so that filling them changes nothing else."""
    parents = page.struct_parents
    seal = field_head("segel", SEAL_DESCRIPTION, geometry.seal_mark, parents["segel"])
    archive = field_head("arsip", ARCHIVE_DESCRIPTION, HIDDEN, parents["arsip"])
    fields = {SEAL_FIELD: field_dictionary(seal), ARCHIVE_FIELD: field_dictionary(archive, mark=None)}
    if countersign:
        head = field_head("pejabat", COUNTERSIGNER_DESCRIPTION, geometry.countersigner_mark, parents["pejabat"])
        fields[COUNTERSIGNER_FIELD] = field_dictionary(head)
    return fields
