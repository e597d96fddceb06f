"""The prefix of a compiled layout: every object that is the same for everybody, each entry asked for by a rule.

PDF 1.7 with a classic cross-reference table and no object streams, PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1) in every state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.pdf.dss import dss_dictionary
from app.pdf.emblem import emblem_image
from app.pdf.field import HIDDEN, field_dictionary, field_head
from app.pdf.font import font_objects
from app.pdf.geometry import Geometry
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
from app.pdf.page import Pages
from app.pdf.signing_block import ARCHIVE_DESCRIPTION, COUNTERSIGNER_DESCRIPTION, SEAL_DESCRIPTION
from app.pdf.structure import StructureTree
from app.pdf.syntax import HEADER, indirect, number, references, stream, xref_row
from app.pdf.typesetter import Typesetters


@dataclass(frozen=True)
class _Numbers:
    """The variable object numbers: earlier pages, text of later pages, emblem, certificates, CRLs, structure tree."""

    earlier: range
    further: range
    emblem: int
    certificates: range
    crls: range
    tree: int

    @property
    def pages(self) -> list[int]:
        """Every page in order; the last one is always `PAGE`."""
        return [*self.earlier, PAGE]


def _numbers(inputs: CompileInputs, pages: Pages) -> _Numbers:
    trust, more, first = inputs.trust, len(pages.further), first_variable(countersign=inputs.countersign)
    earlier, further = range(first, first + more), range(first + more, first + 2 * more)
    emblem = further.stop
    start = emblem + (inputs.source.emblem is not None)
    certificates = range(start, start + len(trust.certificates))
    crls = range(certificates.stop, certificates.stop + len(trust.crls))
    return _Numbers(earlier, further, emblem, certificates, crls, crls.stop)


def build_prefix(
    inputs: CompileInputs, pages: Pages, tree: StructureTree, title: str, setters: Typesetters
) -> tuple[bytes, bytes]:
    """(the prefix, its rows of the cross-reference table) of laid-out pages."""
    at, trust = _numbers(inputs, pages), inputs.trust
    objects = _document_objects(at, title, countersign=inputs.countersign) | _page_objects(inputs, pages, at)
    objects |= {HEAD_TEXT: stream(pages.head), BODY_TEXT: stream(pages.body)}
    objects |= {text: stream(shown) for text, shown in zip(at.further, pages.further, strict=True)}
    if inputs.source.emblem is not None:
        objects[at.emblem] = emblem_image(inputs.source.emblem)[2]
    objects |= font_objects(setters.regular.face, REGULAR_FONT)
    objects |= font_objects(setters.bold.face, BOLD_FONT)
    objects |= _empty_fields(pages, countersign=inputs.countersign) | tree.objects(at.tree, at.pages)
    objects |= {number_of: stream(der) for number_of, der in zip(at.certificates, trust.certificates, strict=True)}
    objects |= {number_of: stream(der) for number_of, der in zip(at.crls, trust.crls, strict=True)}
    objects[DSS] = dss_dictionary(references(at.certificates), references(at.crls))
    return _write(objects)


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


def _document_objects(at: _Numbers, title: str, *, countersign: bool) -> dict[int, bytes]:
    """Catalog, page tree, form, and what they share."""
    catalog = (
        b"<</Type/Catalog/Pages %d 0 R/AcroForm %d 0 R/Lang(id-ID)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R"
        b"/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R"
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
        b"/DestOutputProfile %d 0 R>>]/DSS %d 0 R/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>>>"
    ) % (PAGES, FORM, at.tree, METADATA, PROFILE, DSS)
    return {
        CATALOG: catalog,
        PAGES: b"<</Type/Pages/Kids[%s]/Count %d>>" % (references(at.pages), len(at.pages)),
        FORM: b"<</SigFlags 3/Fields[%s]>>" % _field_order(countersign=countersign),
        FONTS: b"<</R %d 0 R/B %d 0 R>>" % (REGULAR_FONT, BOLD_FONT),
        METADATA: stream(xmp(title), b"/Type/Metadata/Subtype/XML", pack=False),
        PROFILE: stream(srgb_profile(), b"/N 3"),
        BLANK_MARK: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<<>>", pack=False),
    }


def _page_objects(inputs: CompileInputs, pages: Pages, at: _Numbers) -> dict[int, bytes]:
    """Each page with its key into the parent tree; a tab order is declared on all (ISO 14289-1 7.18.3 asks it of the last)."""
    contents: list[list[int]] = [[HEAD_TEXT, IDENTITY_TEXT, BODY_TEXT], *[[text] for text in at.further]]
    contents[-1].append(SIGNATURE_TEXT)
    drawn: list[list[bytes]] = [[] for _ in contents]
    if inputs.source.emblem is not None:
        drawn[0].append(b"/E %d 0 R" % at.emblem)
    drawn[-1].append(b"/Q %d 0 R" % QR_IMAGE)
    annotations = b"/Annots[%s]" % _field_order(countersign=inputs.countersign)
    return {
        page: _page(pages.geometry, shown, images, key, annotations if page == PAGE else b"")
        for key, (page, shown, images) in enumerate(zip(at.pages, contents, drawn, strict=True))
    }


def _page(geometry: Geometry, contents: Sequence[int], images: Sequence[bytes], key: int, annotations: bytes) -> bytes:
    return (
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents[%s]"
        b"/Resources<</Font %d 0 R%s>>/Tabs/S/StructParents %d%s>>"
    ) % (
        PAGES,
        number(geometry.width),
        number(geometry.height),
        references(contents),
        FONTS,
        b"/XObject<<%s>>" % b"".join(images) if images else b"",
        key,
        annotations,
    )


def _empty_fields(pages: Pages, *, countersign: bool) -> dict[int, bytes]:
    """Every field but the signer's, declared before the first signature so that filling them changes nothing else."""
    geometry, parents = pages.geometry, pages.struct_parents
    seal = field_head("segel", SEAL_DESCRIPTION, geometry.seal_mark, parents["segel"])
    archive = field_head("arsip", ARCHIVE_DESCRIPTION, HIDDEN, parents["arsip"])
    fields = {SEAL_FIELD: field_dictionary(seal), ARCHIVE_FIELD: field_dictionary(archive, mark=None)}
    if countersign:
        head = field_head("pejabat", COUNTERSIGNER_DESCRIPTION, geometry.countersigner_mark, parents["pejabat"])
        fields[COUNTERSIGNER_FIELD] = field_dictionary(head)
    return fields
