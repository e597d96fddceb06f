"""What is wrong with a template's files, all of it at once, in words for the officer who wrote them."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.core.settings import ServiceSettings
from app.core.texts import text
from app.pdf.compiler import CompiledTemplate, compile_template
from app.pdf.emblem import read_emblem
from app.pdf.errors import EmblemRefused, PdfFault, TemplateClauseInvalid, TemplateClauseMissing
from app.pdf.inputs import CompileInputs
from app.pdf.person import Official, PersonValues
from app.pdf.source import TemplateSource, examine, parse
from app.pledge.schemas import TEMPLATE_CODE, Finding, PaperRead

CONTENT_FILE, LAYOUT_FILE, EMBLEM_FILE = "template.toml", "tata_letak.toml", "lambang.png"
PAPERS = ("F4", "A4")
_SPECIMEN_CODE = "CONTOH" + "0" * 16
_SPECIMEN_HEAD = Official(
    "Dr. H. Contoh Pejabat Kusumadiningrat, S.H., M.Hum.",
    "19680101 199303 1 001",
    "Kepala Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
    "Pembina Utama Muda, IV/c",
)
SPECIMEN = PersonValues(
    name="CONTOH Dr. Drs. I Gusti Ngurah Bagus Oka Wisnu Wardhana Kusumadiningrat, S.STP., M.AP.",
    nip="19850101 201001 1 001",
    grade="Penata Tingkat I, III/d",
    position="Analis Sumber Daya Manusia Aparatur Ahli Muda",
    unit="Subbidang Pengembangan Kompetensi dan Pendidikan Pelatihan Aparatur",
    agency="Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
    countersigner=_SPECIMEN_HEAD,
)
_SPECIMEN_ROUND = {"jenis_pemilihan": "Pemilihan Kepala Daerah Serentak", "tahun": "2026"}
_SPECIMEN_FOOT = "CONTOH: bukan dokumen yang ditandatangani dan tidak berlaku."


@dataclass(frozen=True)
class Files:
    """What was handed in; a layout or an emblem that is not given is `kept` of the version before."""

    content: bytes
    layout: bytes | None
    emblem: bytes | None
    kept: Mapping[str, Any]


@dataclass(frozen=True)
class Examined:
    """A template as it was understood, with everything found; it may be kept only when no finding is an error."""

    source: TemplateSource | None
    findings: list[Finding]
    papers: list[PaperRead]

    @property
    def refused(self) -> bool:
        """Whether anything found is an error."""
        return any(finding.severity == "error" for finding in self.findings)


def inspect_files(files: Files, settings: ServiceSettings, zone: str, language: str) -> Examined:
    """Read, check and set a template; takes a few hundredths of a second, more in a process that has not printed yet."""
    faults: list[tuple[str, PdfFault]] = []
    content = _content(files, faults)
    source: TemplateSource | None = None
    papers: list[PaperRead] = []
    if content is not None:
        source, read = examine(content)
        faults += [(_file_of(fault), fault) for fault in read]
        if source.code and not re.fullmatch(TEMPLATE_CODE, source.code):
            faults.append((CONTENT_FILE, TemplateClauseInvalid("kode", "not_code")))
        if not faults and "{nama}" not in "".join([*(row.value for row in source.identity), *source.signer.lines]):
            faults.append((CONTENT_FILE, TemplateClauseMissing("{nama}")))
    findings = [_finding(name, fault, files, language) for name, fault in faults]
    if source is not None and not faults:
        for paper in source.layout.papers:
            findings += [
                _finding(_file_of(fault), fault, files, language, paper=paper)
                for fault in _set(source, paper, settings, zone, papers)
            ]
        findings += _remarks(papers, source, language)
    return Examined(source, findings, papers)


def _content(files: Files, faults: list[tuple[str, PdfFault]]) -> dict[str, Any] | None:
    """The files as data, or None when the content itself cannot be read."""
    content: dict[str, Any] | None = None
    try:
        content = parse(CONTENT_FILE, files.content)
    except PdfFault as fault:
        faults.append((CONTENT_FILE, fault))
    try:
        layout = files.kept.get("tata_letak", {}) if files.layout is None else parse(LAYOUT_FILE, files.layout)
    except PdfFault as fault:
        faults.append((LAYOUT_FILE, fault))
        layout = files.kept.get("tata_letak", {})
    emblem = files.kept.get("lambang")
    try:
        emblem = emblem if files.emblem is None else b64encode(read_emblem(files.emblem)).decode()
    except EmblemRefused as fault:
        faults.append((EMBLEM_FILE, fault))
    if content is None:
        return None
    content.pop("lambang", None)
    return {**content, "tata_letak": layout} | ({"lambang": emblem} if emblem else {})


def _file_of(fault: PdfFault) -> str:
    clause = str(fault.params.get("clause", ""))
    if clause.startswith("tata_letak"):
        return LAYOUT_FILE
    return EMBLEM_FILE if clause.startswith("lambang") else CONTENT_FILE


def specimen_inputs(source: TemplateSource, paper: str, settings: ServiceSettings, zone: str) -> CompileInputs:
    """Return what an example is compiled from: the institution's own letterhead, an invented round, a foot that says so."""
    return CompileInputs(
        source=replace(source, footers={"device": _SPECIMEN_FOOT}),
        round_values={**_SPECIMEN_ROUND, "instansi": settings.institution},
        letterhead=(settings.institution.upper(), settings.office.upper(), settings.address),
        place=settings.place,
        verify_url=f"{settings.base_url}/v/",
        paper=paper,
        zone=zone,
    )


def _set(
    source: TemplateSource, paper: str, settings: ServiceSettings, zone: str, papers: list[PaperRead]
) -> Iterator[PdfFault]:
    """Compile for `paper`, with and without countersignature, and print the specimen; yields what does not go."""
    try:
        inputs = specimen_inputs(source, paper, settings, zone)
        compiled = compile_template(inputs)
        print_specimen(compiled, at=None)
        print_specimen(compile_template(replace(inputs, countersign=True)), at=None)
    except PdfFault as fault:
        yield fault
        return
    first = compiled.variants[0]
    papers.append(PaperRead(paper=paper, size=first.shape.size, pages=1 + len(first.page.further)))


def print_specimen(compiled: CompiledTemplate, *, at: datetime | None) -> bytes:
    """Return the specimen's document, unsigned; without a time it is dated long ago."""
    prepared_at = at or datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    made = compiled.unsigned(SPECIMEN, code=_SPECIMEN_CODE, prepared_at=prepared_at)
    return compiled.variants[made.variant].prefix + made.tail


def _remarks(papers: Sequence[PaperRead], source: TemplateSource, language: str) -> Iterator[Finding]:
    for paper in papers:
        preferred = source.layout.papers[paper.paper].sizes[0]
        for code, true in (("several_pages", paper.pages > 1), ("smaller_type", paper.size < preferred)):
            if true:
                params = {"paper": paper.paper, "pages": paper.pages, "size": paper.size, "preferred": preferred}
                yield Finding(
                    severity="warning",
                    code=f"template.{code}",
                    file=LAYOUT_FILE,
                    clause=f"kertas.{paper.paper}",
                    line=None,
                    message=text(f"template.{code}", language, **params),
                    remedy=text(f"template.{code}.remedy", language, **params),
                )


def _finding(name: str, fault: PdfFault, files: Files, language: str, *, paper: str = "") -> Finding:
    clause = str(fault.params.get("clause", ""))
    params = {**fault.params, "paper": paper}
    given = files.layout if name == LAYOUT_FILE else files.content
    short = clause.removeprefix("tata_letak.")
    return Finding(
        severity="error",
        code=fault.code,
        file=name,
        clause=short if not paper else f"{short} ({paper})",
        line=_line_of(given, short, str(fault.params.get("detail", ""))) if name != EMBLEM_FILE else None,
        message=text(fault.code, language, **params),
        remedy=text(f"{fault.code}.remedy", language, **params),
    )


def other_code(found: str, wanted: str, files: Files, language: str) -> Finding:
    """The finding that a file belongs to another template than the one it was handed in for."""
    fault = TemplateClauseInvalid("kode", "other_code", f"{found} ≠ {wanted}")
    return _finding(CONTENT_FILE, fault, files, language)


def _line_of(data: bytes | None, clause: str, detail: str) -> int | None:
    """The line of a clause in its file, from 1: the reader's own word for a broken file, else where the key stands."""
    if data is None:
        return None
    if found := re.search(r"at line (\d+)", detail):
        return int(found[1])
    *sections, key = re.sub(r"\[\d+\]", "", clause).split(".")
    wanted, here = ".".join(sections), ""
    for at, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            here = header[1].strip()
            if not wanted and here == key:
                return at
        elif here == wanted and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return at
    return None
