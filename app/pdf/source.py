"""A template as a civil servant writes it: content in `template.toml`, page in `tata_letak.toml`, read into one frozen value.

The keys of the files are Indonesian because people who know no programming edit them. A template is refused whole when a clause is
missing, a key is unknown, or a {field} stands where nobody fills it: a pledge with a hole in its text is worse than none.
"""

import json
import tomllib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.pdf.clauses import NO_FIELDS, ClauseReader
from app.pdf.errors import EmblemRefused, PdfFault, TemplateClauseInvalid, TemplateClauseMissing
from app.pdf.person import OFFICIAL_FIELDS, PERSON_FIELDS, ROUND_FIELDS

_SIGNING_FIELDS = ROUND_FIELDS | PERSON_FIELDS | {"tanggal"}
_COUNTERSIGNING_FIELDS = ROUND_FIELDS | OFFICIAL_FIELDS
_CLAUSES = (
    "kode",
    "versi",
    "nama",
    "judul",
    "pernyataan",
    "butir",
    "penutup",
    "dasar_hukum",
    "kaki",
    "kaki_bsre",
    "kaki_kertas",
)
_SECTIONS = ("identitas", "tanda_tangan", "mengetahui", "tata_letak", "lambang")


@dataclass(frozen=True)
class IdentityRow:
    """One row of the identity table: its label and a text with {fields}."""

    label: str
    value: str


@dataclass(frozen=True)
class Paper:
    """A sheet in millimetres and the ladder of type sizes in points: the first size that fits a person is taken."""

    width: float
    height: float
    sizes: tuple[float, ...]


@dataclass(frozen=True)
class Layout:
    """The page of a template: margins and emblem in millimetres, line distance in type sizes, the papers it is made for.

    The strip with QR code and e-seal lies at the foot of the last page, in the bottom margin.
    """

    left: float
    right: float
    top: float
    bottom: float
    line_spacing: float
    letterhead_size: float
    emblem_height: float
    most_pages: int
    papers: Mapping[str, Paper]


@dataclass(frozen=True)
class SignatureBlock:
    """What stands around one signature: words above it, lines below it, and how many lines are kept free there."""

    role: str
    lines: tuple[str, ...]
    room: int
    place_and_date: str = ""
    position: str = ""


@dataclass(frozen=True)
class TemplateSource:
    """A validated template. Texts keep their {fields}; `content` is what was read, as JSON-like data."""

    code: str
    version: str
    name: str
    title: tuple[str, ...]
    opening: str
    identity: tuple[IdentityRow, ...]
    statement: str
    points: tuple[str, ...]
    closing: str
    legal_basis: str
    footers: Mapping[str, str]
    signer: SignatureBlock
    countersigner: SignatureBlock
    layout: Layout
    content: Mapping[str, Any]
    emblem: bytes | None = None

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the canonical content: keys sorted, no white space, UTF-8; comments and file layout don't count."""
        canonical = json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()


def load_source(folder: Path) -> TemplateSource:
    """Read and validate the template in `folder`; its layout is its own, or else the one beside the folder."""
    own = folder / "tata_letak.toml"
    content = _read(folder / "template.toml")
    content["tata_letak"] = _read(own if own.exists() else folder.parent / "tata_letak.toml")
    return source_from(content)


def parse(name: str, data: bytes) -> dict[str, Any]:
    """A TOML file as data; raises `TemplateClauseInvalid` with the line at fault."""
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateClauseInvalid(name, "not_toml", str(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse(path.name, path.read_bytes())
    except FileNotFoundError as error:
        raise TemplateClauseMissing(path.name) from error


def source_from(content: Mapping[str, Any]) -> TemplateSource:
    """Validate `content` (the two files as data, the layout under `tata_letak`) and give it its types; raises the first fault."""
    source, faults = examine(content)
    if faults:
        raise faults[0]
    return source


def examine(content: Mapping[str, Any]) -> tuple[TemplateSource, list[PdfFault]]:
    """The source with everything that is wrong with it; it may be used only when nothing is."""
    faults: list[PdfFault] = []
    reader = ClauseReader(content, faults)
    reader.known(*_CLAUSES, *_SECTIONS)
    identity = reader.section("identitas", needed=False)
    source = TemplateSource(
        code=reader.text("kode", NO_FIELDS),
        version=reader.text("versi", NO_FIELDS),
        name=reader.text("nama", NO_FIELDS),
        title=reader.texts("judul", ROUND_FIELDS),
        opening=identity.text("pembuka", ROUND_FIELDS) if "identitas" in reader else "",
        identity=_rows(identity) if "identitas" in reader else (),
        statement=reader.text("pernyataan", ROUND_FIELDS),
        points=reader.texts("butir", ROUND_FIELDS),
        closing=reader.text("penutup", ROUND_FIELDS),
        legal_basis=reader.text("dasar_hukum", ROUND_FIELDS),
        footers={
            "device": reader.text("kaki", ROUND_FIELDS),
            "bsre": reader.text("kaki_bsre", ROUND_FIELDS, needed=False),
            "paper": reader.text("kaki_kertas", ROUND_FIELDS, needed=False),
        },
        signer=_signer(reader.section("tanda_tangan")),
        countersigner=_countersigner(reader.section("mengetahui")),
        layout=_layout(reader.section("tata_letak")),
        emblem=_emblem(content, faults),
        content=content,
    )
    return source, faults


def _rows(identity: ClauseReader) -> tuple[IdentityRow, ...]:
    identity.known("pembuka", "baris")
    rows = []
    for row in identity.sections("baris"):
        row.known("label", "isi")
        rows.append(IdentityRow(row.text("label", ROUND_FIELDS), row.text("isi", ROUND_FIELDS | PERSON_FIELDS)))
    return tuple(rows)


def _signer(block: ClauseReader) -> SignatureBlock:
    block.known("tempat_tanggal", "sebutan", "baris", "ruang_baris")
    return SignatureBlock(
        role=block.text("sebutan", ROUND_FIELDS),
        lines=block.texts("baris", _SIGNING_FIELDS),
        room=int(block.number("ruang_baris", 1, 20)),
        place_and_date=block.text("tempat_tanggal", _SIGNING_FIELDS),
    )


def _countersigner(block: ClauseReader) -> SignatureBlock:
    block.known("sebutan", "jabatan", "baris", "ruang_baris")
    return SignatureBlock(
        role=block.text("sebutan", ROUND_FIELDS),
        lines=block.texts("baris", _COUNTERSIGNING_FIELDS),
        room=int(block.number("ruang_baris", 1, 20)),
        position=block.text("jabatan", _COUNTERSIGNING_FIELDS),
    )


def _layout(layout: ClauseReader) -> Layout:
    layout.known("batas", "jarak", "kop", "halaman", "kertas")
    margins, papers = layout.section("batas"), layout.section("kertas")
    spacing, letterhead, pages = (layout.section(key, needed=False) for key in ("jarak", "kop", "halaman"))
    margins.known("kiri_mm", "kanan_mm", "atas_mm", "bawah_mm")
    spacing.known("baris")
    letterhead.known("ukuran_huruf", "tinggi_lambang_mm")
    pages.known("paling_banyak")
    return Layout(
        left=margins.number("kiri_mm", 5, 80),
        right=margins.number("kanan_mm", 5, 80),
        top=margins.number("atas_mm", 5, 80),
        bottom=margins.number("bawah_mm", 15, 80, 30),
        line_spacing=spacing.number("baris", 1, 2, 1.3),
        letterhead_size=letterhead.number("ukuran_huruf", 8, 20, 13.5),
        emblem_height=letterhead.number("tinggi_lambang_mm", 10, 40, 22),
        most_pages=int(pages.number("paling_banyak", 1, 10, 3)),
        papers={name: _paper(paper) for name, paper in papers.all_sections().items()},
    )


def _paper(paper: ClauseReader) -> Paper:
    paper.known("lebar_mm", "tinggi_mm", "ukuran_huruf")
    return Paper(paper.number("lebar_mm", 100, 500), paper.number("tinggi_mm", 100, 500), paper.sizes("ukuran_huruf"))


def _emblem(content: Mapping[str, Any], faults: list[PdfFault]) -> bytes | None:
    """The emblem as `read_emblem` left it, in base64; it is part of the version and of its hash."""
    kept = content.get("lambang")
    if kept is None:
        return None
    try:
        return b64decode(kept, validate=True)
    except (NotBase64, TypeError, ValueError):
        faults.append(EmblemRefused("broken"))
        return None
