"""The official table of the recap: its columns, and the same values for every form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.compliance.recap.schemas import Absentee, RecapRead, RecapRow
from app.compliance.recap.service import kinds_of
from app.core.texts import text
from app.pdf.moment import moment_in_words
from app.pledge.service import ZONES

Value = str | int | float | datetime | None
ANNEX_KEYS = ("number", "person", "nip", "position", "unit")
_AFTER_KINDS = ("total", "required", "signed", "pending", "exempt", "percent", "last_signed_at", "note")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key, its heading, and whether it counts people by kind of employment (`Jumlah ASN`)."""

    key: str
    heading: str
    of_kinds: bool = False


def columns(recap: RecapRead, language: str = "id") -> list[Column]:
    """Return the columns of the official table, in order."""
    zone = ZONES[recap.zone]

    def heading(key: str) -> str:
        return text(f"recap.heading.{key}", language, zone=zone)

    kinds = [Column(kind, heading(kind), of_kinds=True) for kind in kinds_of(recap.total)]
    total = Column("total", heading("total"), of_kinds=True)
    rest = [Column(key, heading(key)) for key in _AFTER_KINDS[1:]]
    return [Column("number", heading("number")), Column("name", heading("name")), *kinds, total, *rest]


def rows(recap: RecapRead, language: str = "id") -> Iterator[dict[str, Value]]:
    """Yield each agency's values by column key, then the totals (without a number). Times are aware, in the service's zone."""
    zone = ZoneInfo(recap.zone)
    for row in (*recap.groups, recap.total):
        last = row.last_signed_at
        number, name, note = (
            (row.number, row.name, row.note) if isinstance(row, RecapRow) else (None, text("recap.total", language), "")
        )
        yield {
            "number": number,
            "name": name,
            **row.kinds,
            **{key: getattr(row, key) for key in ("total", "required", "signed", "pending", "exempt", "percent")},
            "last_signed_at": last.astimezone(zone) if last else None,
            "note": note,
        }


def annex_headings(language: str = "id") -> list[str]:
    """Return the headings of the annex."""
    return [text(f"recap.heading.{key}", language) for key in ANNEX_KEYS]


def annex_row(person: Absentee) -> tuple[int, str, str, str, str]:
    """Return a person's values in the order of the headings."""
    return person.number, person.name, person.nip, person.position, person.unit


def told(at: datetime, recap: RecapRead, language: str = "id") -> str:
    """Return day, minute and zone of a time as people read them."""
    zone = ZONES[recap.zone]
    if language == "id":
        return moment_in_words(at, zone)
    return f"{at.astimezone(ZoneInfo(recap.zone)):%-d %B %Y, %H.%M} {zone}"
