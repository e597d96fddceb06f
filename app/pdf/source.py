"""A template as a civil servant writes it: content in `template.toml`, page in `tata_letak.toml`, read into one frozen value.

The keys of the files are Indonesian because people who know no programming edit them. A template is refused whole when a clause is
missing, a key is unknown, or a {field} stands where nobody fills it: a pledge with a hole in its text is worse than none.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.pdf.errors import GlyphMissing, TemplateClauseInvalid, TemplateClauseMissing, TemplateFieldUnknown
from app.pdf.font import CHARACTERS
from app.pdf.person import OFFICIAL_FIELDS, PERSON_FIELDS, ROUND_FIELDS

_FIELD = re.compile(r"\{(\w+)\}")
_SIGNING_FIELDS = ROUND_FIELDS | PERSON_FIELDS | {"tanggal"}
_COUNTERSIGNING_FIELDS = ROUND_FIELDS | OFFICIAL_FIELDS
_MARGINS = ("kiri_mm", "kanan_mm", "atas_mm")
_PAPER_KEYS = {"lebar_mm", "tinggi_mm", "ukuran_huruf"}


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
class Margins:
    """Page margins in millimetres; the foot of the page holds the strip with QR code and e-seal."""

    left: float
    right: float
    top: float


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
    footer: str
    signer: SignatureBlock
    countersigner: SignatureBlock
    margins: Margins
    papers: Mapping[str, Paper]
    content: Mapping[str, Any]

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the canonical content: keys sorted, no white space, UTF-8; comments and file layout don't count."""
        canonical = json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()


def load_source(folder: Path) -> TemplateSource:
    """Read and validate the template in `folder`; its layout is its own, or else the one beside the folder."""
    content = _read(folder / "template.toml")
    own = folder / "tata_letak.toml"
    content["tata_letak"] = _read(own if own.exists() else folder.parent / "tata_letak.toml")
    return source_from(content)


def source_from(content: Mapping[str, Any]) -> TemplateSource:
    """Validate `content` (the two files as data, the layout under `tata_letak`) and give it its types."""
    known = {"kode", "versi", "nama", "judul", "pernyataan", "butir", "penutup", "dasar_hukum", "kaki"}
    _refuse_unknown("", content, known | {"identitas", "tanda_tangan", "mengetahui", "tata_letak"})
    identity = _optional_section(content, "identitas")
    layout = _section(content, "tata_letak")
    return TemplateSource(
        code=_text(content, "kode", frozenset()),
        version=_text(content, "versi", frozenset()),
        name=_text(content, "nama", frozenset()),
        title=_texts(content, "judul", ROUND_FIELDS),
        opening=_text(identity, "pembuka", ROUND_FIELDS) if identity else "",
        identity=tuple(_rows(identity)) if identity else (),
        statement=_text(content, "pernyataan", ROUND_FIELDS),
        points=_texts(content, "butir", ROUND_FIELDS),
        closing=_text(content, "penutup", ROUND_FIELDS),
        legal_basis=_text(content, "dasar_hukum", ROUND_FIELDS),
        footer=_text(content, "kaki", ROUND_FIELDS),
        signer=_signer(_section(content, "tanda_tangan")),
        countersigner=_countersigner(_section(content, "mengetahui")),
        margins=_margins(_section(layout, "batas")),
        papers=_papers(_section(layout, "kertas")),
        content=content,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TemplateClauseMissing(path.name) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateClauseInvalid(path.name, str(error)) from error


def _refuse_unknown(where: str, section: Mapping[str, Any], known: set[str]) -> None:
    for key in section:
        if key not in known:
            raise TemplateClauseInvalid(f"{where}{key}", "tidak dikenal")


def _optional_section(content: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    return _section(content, key) if key in content else None


def _section(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if key not in content:
        raise TemplateClauseMissing(key)
    section = content[key]
    if not isinstance(section, Mapping):
        raise TemplateClauseInvalid(key, "harus berupa bagian dengan kunci-kunci di dalamnya")
    return section


def _checked(clause: str, text: object, fields: frozenset[str]) -> str:
    if not isinstance(text, str):
        raise TemplateClauseInvalid(clause, "harus berupa teks")
    if not text.strip():
        raise TemplateClauseMissing(clause)
    for name in _FIELD.findall(text):
        if name not in fields:
            raise TemplateFieldUnknown(clause, name)
    plain = _FIELD.sub("", text)
    if "{" in plain or "}" in plain:
        raise TemplateClauseInvalid(clause, "kurung kurawal hanya untuk isian")
    if missing := set(plain) - CHARACTERS:
        raise GlyphMissing(clause, missing)
    return text


def _text(section: Mapping[str, Any], key: str, fields: frozenset[str]) -> str:
    if key not in section:
        raise TemplateClauseMissing(key)
    return _checked(key, section[key], fields)


def _texts(section: Mapping[str, Any], key: str, fields: frozenset[str]) -> tuple[str, ...]:
    if not section.get(key):
        raise TemplateClauseMissing(key)
    texts = section[key]
    if not isinstance(texts, list | tuple):
        raise TemplateClauseInvalid(key, "harus berupa daftar teks")
    return tuple(_checked(key, text, fields) for text in texts)


def _rows(identity: Mapping[str, Any]) -> Iterator[IdentityRow]:
    _refuse_unknown("identitas.", identity, {"pembuka", "baris"})
    rows = identity.get("baris")
    if not rows:
        raise TemplateClauseMissing("identitas.baris")
    for row in rows:
        yield IdentityRow(_text(row, "label", ROUND_FIELDS), _text(row, "isi", ROUND_FIELDS | PERSON_FIELDS))


def _room(block: Mapping[str, Any], where: str) -> int:
    room = block.get("ruang_baris")
    if not isinstance(room, int) or not 1 <= room <= 20:
        raise TemplateClauseInvalid(f"{where}.ruang_baris", "harus bilangan 1 sampai 20")
    return room


def _signer(block: Mapping[str, Any]) -> SignatureBlock:
    _refuse_unknown("tanda_tangan.", block, {"tempat_tanggal", "sebutan", "baris", "ruang_baris"})
    return SignatureBlock(
        role=_text(block, "sebutan", ROUND_FIELDS),
        lines=_texts(block, "baris", _SIGNING_FIELDS),
        room=_room(block, "tanda_tangan"),
        place_and_date=_text(block, "tempat_tanggal", _SIGNING_FIELDS),
    )


def _countersigner(block: Mapping[str, Any]) -> SignatureBlock:
    _refuse_unknown("mengetahui.", block, {"sebutan", "jabatan", "baris", "ruang_baris"})
    return SignatureBlock(
        role=_text(block, "sebutan", ROUND_FIELDS),
        lines=_texts(block, "baris", _COUNTERSIGNING_FIELDS),
        room=_room(block, "mengetahui"),
        position=_text(block, "jabatan", _COUNTERSIGNING_FIELDS),
    )


def _length(section: Mapping[str, Any], key: str) -> float:
    value = section.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1000:
        raise TemplateClauseInvalid(key, "harus berupa bilangan milimeter")
    return float(value)


def _margins(section: Mapping[str, Any]) -> Margins:
    _refuse_unknown("batas.", section, set(_MARGINS))
    left, right, top = (_length(section, key) for key in _MARGINS)
    return Margins(left, right, top)


def _papers(section: Mapping[str, Any]) -> dict[str, Paper]:
    papers = {}
    for name, paper in section.items():
        _refuse_unknown(f"kertas.{name}.", paper, _PAPER_KEYS)
        sizes = paper.get("ukuran_huruf")
        if not sizes or not all(isinstance(size, int | float) and 6 <= size <= 20 for size in sizes):
            raise TemplateClauseInvalid(f"kertas.{name}.ukuran_huruf", "harus daftar ukuran 6 sampai 20 poin")
        papers[name] = Paper(_length(paper, "lebar_mm"), _length(paper, "tinggi_mm"), tuple(map(float, sizes)))
    return papers
