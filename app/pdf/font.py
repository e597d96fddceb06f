"""Embedded fonts: Arimo (metric-compatible with Arial) at two weights, subset to one fixed wide Latin set.

A font is a Type0 font over CIDFontType2 (ISO 32000-1 9.7) whose CID **is** the Unicode value: text is shown as UTF-16, and the
CIDToGIDMap stream and a ToUnicode map of identity ranges carry the mapping (required by ISO 19005-2 6.2.11.3.2, 6.2.11.7.2).
The same bytes come out for the same font file: dates in `head` are kept as the file has them.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from app.pdf.syntax import stream

_PUNCTUATION = (
    "\u02be\u02bf\u2010\u2011\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2020\u2022\u2026\u2030\u20ac\u2122"
)
_SOFT_HYPHEN = "\u00ad"  # it shows or hides as a reader likes, so what is printed would not be what is read
CHARACTERS = frozenset(
    {chr(code) for first, end in ((0x20, 0x7F), (0xA0, 0x180)) for code in range(first, end)} | set(_PUNCTUATION)
) - {_SOFT_HYPHEN}

OBJECTS_PER_FONT = 6


@dataclass(frozen=True, eq=False)
class Face:
    """One weight of the typeface; lengths in 1/1000 em."""

    name: bytes
    weight: int
    program: bytes
    glyph_ids: Mapping[str, int]
    widths: Mapping[str, int]
    bounds: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int


def _subset(font: TTFont) -> None:
    library: Any = subset  # it carries no types
    options = library.Options()
    options.layout_features = []
    options.hinting = False
    options.name_IDs = []
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "STAT"]
    subsetter = library.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in CHARACTERS])
    subsetter.subset(font)


@lru_cache(maxsize=2)
def load_face(weight: int) -> Face:
    """The typeface at `weight` (400 or 700), instantiated from the variable font and subset to `CHARACTERS`."""
    file = resources.files("fontpkg_arimo") / "files" / "Arimo[wght].ttf"
    font = TTFont(io.BytesIO(file.read_bytes()), recalcTimestamp=False)
    _subset(font)
    instantiate: Any = instancer.instantiateVariableFont
    font = instantiate(font, {"wght": weight})
    written = io.BytesIO()
    font.save(written)
    scale = 1000 / font["head"].unitsPerEm
    cmap = font.getBestCmap()
    head = font["head"]
    return Face(
        name=b"PAKTAA+Arimo-Bold" if weight > 500 else b"PAKTAA+Arimo-Regular",
        weight=weight,
        program=written.getvalue(),
        glyph_ids={character: font.getGlyphID(cmap[ord(character)]) for character in CHARACTERS},
        widths={character: round(font["hmtx"][cmap[ord(character)]][0] * scale) for character in CHARACTERS},
        bounds=(int(head.xMin * scale), int(head.yMin * scale), int(head.xMax * scale), int(head.yMax * scale)),
        ascent=int(font["hhea"].ascent * scale),
        descent=int(font["hhea"].descent * scale),
        cap_height=int(font["OS/2"].sCapHeight * scale),
    )


def _runs() -> list[tuple[int, int]]:
    """Runs of consecutive codes, none of which crosses a high byte (a bfrange may not, Adobe TN 5411)."""
    runs: list[tuple[int, int]] = []
    for code in sorted(map(ord, CHARACTERS)):
        if runs and code == runs[-1][1] + 1 and code >> 8 == runs[-1][0] >> 8:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return runs


def _to_unicode() -> bytes:
    runs = _runs()
    ranges = b"".join(b"<%04x><%04x><%04x>\n" % (first, last, first) for first, last in runs)
    return (
        b"/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
        b"/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n"
        b"1 begincodespacerange\n<0000><ffff>\nendcodespacerange\n"
        b"%d beginbfrange\n%sendbfrange\n"
        b"endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend" % (len(runs), ranges)
    )


def _glyph_map(face: Face) -> bytes:
    table = bytearray(2 * (max(map(ord, CHARACTERS)) + 1))
    for character, glyph_id in face.glyph_ids.items():
        position = 2 * ord(character)
        table[position : position + 2] = glyph_id.to_bytes(2, "big")
    return bytes(table)


def _descriptor(face: Face, program: int) -> bytes:
    return (
        b"<</Type/FontDescriptor/FontName/%s/Flags 32/FontBBox[%d %d %d %d]/ItalicAngle 0"
        b"/Ascent %d/Descent %d/CapHeight %d/StemV %d/FontFile2 %d 0 R>>"
        % (
            face.name,
            *face.bounds,
            face.ascent,
            face.descent,
            face.cap_height,
            140 if face.weight > 500 else 80,
            program,
        )
    )


@lru_cache(maxsize=4)
def font_objects(face: Face, first: int) -> Mapping[int, bytes]:
    """The six objects of an embedded face, numbered from `first`, which is the font itself."""
    cid_font, descriptor, program, glyph_map, to_unicode = range(first + 1, first + OBJECTS_PER_FONT)
    widths = b"".join(
        b"%d[%s]" % (low, b" ".join(b"%d" % face.widths[chr(code)] for code in range(low, high + 1)))
        for low, high in _runs()
    )
    return {
        first: b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
        % (face.name, cid_font, to_unicode),
        cid_font: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%s"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW 0/W[%s]/CIDToGIDMap %d 0 R>>" % (face.name, descriptor, widths, glyph_map),
        descriptor: _descriptor(face, program),
        program: stream(face.program, b"/Length1 %d" % len(face.program)),
        glyph_map: stream(_glyph_map(face)),
        to_unicode: stream(_to_unicode()),
    }
