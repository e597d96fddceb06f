"""The pledge as plain accessible text for the screen: word for word what the document prints, without its layout."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from app.pdf.clauses import fields_of
from app.pdf.person import PersonValues, person_fields, round_fields
from app.pdf.source import TemplateSource
from app.pdf.typesetter import tidy

Kind = Literal["paragraph", "identity", "point", "legal_basis", "signature"]


@dataclass(frozen=True)
class Block:
    """One block of text; an identity row and a point also have a label ("Nama", "1.")."""

    kind: Kind
    text: str
    label: str = ""


@dataclass(frozen=True)
class Statement:
    """What a person reads before signing: title lines, then blocks in reading order."""

    title: tuple[str, ...]
    blocks: tuple[Block, ...]


def statement(
    source: TemplateSource,
    round_values: Mapping[str, str],
    person_values: PersonValues,
    *,
    place: str = "",
) -> Statement:
    """The template filled with the round's and the person's values; raises `ValueMissing` as printing would.

    A row or line with a value that the person has not got (a NIP, of who is no ASN) is left out, as on paper.
    """
    fields = round_fields(round_values, place) | person_fields(person_values)
    return Statement(
        title=tuple(tidy(line.format_map(fields)) for line in source.title),
        blocks=tuple(_blocks(source, fields)),
    )


def _blocks(source: TemplateSource, fields: Mapping[str, str]) -> Iterator[Block]:
    def filled(text: str) -> str:
        return tidy(text.format_map(fields))

    if source.opening:
        yield Block("paragraph", filled(source.opening))
    for row in source.identity:
        if not all(fields[name] for name in fields_of(row.value)):
            continue
        yield Block("identity", filled(row.value), label=filled(row.label))
    yield Block("paragraph", filled(source.statement))
    for index, point in enumerate(source.points, start=1):
        yield Block("point", filled(point), label=f"{index}.")
    yield Block("paragraph", filled(source.closing))
    yield Block("legal_basis", filled(source.legal_basis))
    yield Block("signature", filled(source.signer.role))
    for line in source.signer.lines:
        if "{tanggal}" not in line and all(fields[name] for name in fields_of(line)):
            yield Block("signature", filled(line))
