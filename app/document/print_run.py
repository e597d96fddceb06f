"""Print runs: pledges of people who sign on paper, one agency after another, each sheet with a code that leads back to its person."""

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from app.core.confinement import confine
from app.core.db import Database, Session
from app.core.errors import NotFound
from app.core.ids import new_code
from app.core.permission import Permission
from app.core.principal import Principal, Scope
from app.core.spreadsheet import inert
from app.countersigner import service as countersigner
from app.document import queries
from app.document.compiled import RoundText, TemplateShelf
from app.document.owed import Owed
from app.pdf.book import joined
from app.pdf.errors import PdfFault
from app.pdf.person import Official, PersonValues
from app.pledge import service as pledge

BATCH = 100  # people read and printed at a time
UNPRINTED = "tidak-tercetak.csv"
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printed pledge: the unsigned file, or why it could not be printed."""

    owed: Owed
    data: bytes | None
    fault: str = ""

    def path(self, number: int) -> str:
        """Its name as the archive's file `number`: a folder an agency, people in the order of their names."""
        agency = str(self.owed.printed["agency"]).translate(_FORBIDDEN).strip(". ") or "OPD"  # ".." is no folder
        name = str(self.owed.printed["name"]).translate(_FORBIDDEN)
        return f"{agency}/{number:05d} {name} - {self.owed.pledge}.pdf"


class Found(NamedTuple):
    """Whose sheet a code is, and what is still owed."""

    round_id: UUID
    employee_id: UUID
    agency_id: UUID
    obligation_id: UUID
    name: str
    nip: str
    agency: str
    pledge: str
    state: str
    printed_at: datetime


async def require_printable(
    session: Session, actor: Principal, round_id: UUID, agency_id: UUID | None, *, now: datetime
) -> Scope:
    """Return whose sheets the caller may print; raises `NotFound` for an agency outside the caller's scope, `RoundNotOpen`."""
    actor.require(Permission.DOCUMENT_PRINT)
    actor.require(Permission.LIST_EXPORT)
    pledge.require_open(await pledge.get_round(session, round_id), now)
    if agency_id is None:
        return actor.scope
    if actor.scope.agencies is not None and agency_id not in actor.scope.agencies:
        raise NotFound
    return Scope(frozenset({agency_id}))


async def next_sheets(
    session: Session,
    shelf: TemplateShelf,
    round_id: UUID,
    scope: Scope,
    after: queries.After | None,
    people: int,
    *,
    today: date,
    now: datetime,
) -> tuple[list[Sheet], queries.After | None]:
    """Print what the next so many people still owe; return the sheets and where they end, None after the last person.

    Printing again gives the same codes: a sheet that was handed out stays good.
    """
    owed, last = await queries.list_owed_by_name(session, round_id, scope, after, people)
    if not owed:
        return [], None
    codes = await queries.keep_codes(session, {o.obligation_id: new_code() for o in owed}, now)
    pledge_round = await pledge.get_round(session, round_id)
    prints = []
    for duty in owed:
        noting = None
        if pledge_round.countersign:
            noting = await countersigner.note_for(session, round_id, duty.agency_id, duty.employee_id, today=today)
        text = await shelf.paper(session, round_id, duty.pledge, noted=noting is not None)
        prints.append((duty, text, noting.official if noting else None))
    sheets = await asyncio.to_thread(_print_all, prints, codes, now)
    return sheets, last


async def archive(
    database: Database,
    shelf: TemplateShelf,
    actor: Principal,
    round_id: UUID,
    scope: Scope,
    *,
    today: date,
    now: datetime,
) -> AsyncIterator[bytes]:
    """Yield a ZIP archive of the caller's sheets; memory does not grow with the people. Who could not be printed is listed in it."""
    buffer = _Outflow()
    unprinted: list[Sheet] = []
    number, more = 0, True
    after: queries.After | None = None
    with zipfile.ZipFile(buffer, "w") as packed:
        while more:
            async with database.transaction() as session:
                await confine(session, actor)
                sheets, after = await next_sheets(session, shelf, round_id, scope, after, BATCH, today=today, now=now)
            more = after is not None
            for sheet in sheets:
                number += 1
                if sheet.data is None:
                    unprinted.append(sheet)
                else:
                    packed.writestr(zipfile.ZipInfo(sheet.path(number), now.timetuple()[:6]), sheet.data)
            yield buffer.taken()
        if unprinted:
            packed.writestr(UNPRINTED, _listed(unprinted))
    yield buffer.taken()


def merged(sheets: Sequence[Sheet]) -> bytes:
    """Return one PDF of the pages of all sheets that could be printed."""
    return joined(sheet.data for sheet in sheets if sheet.data is not None)


async def find_sheet(session: Session, actor: Principal, code: str) -> Found:
    """Return whose sheet a code is; `NotFound` outside the caller's scope."""
    actor.require(Permission.DOCUMENT_PRINT)
    found = await queries.find_sheet(session, code.strip().upper(), actor.scope)
    if found is None:
        raise NotFound
    return Found(*found)


async def is_sheet(session: Session, code: str) -> bool:
    """Tell anybody whether a code stands on a sheet of ours; whose it is is for `find_sheet`."""
    return await queries.find_sheet(session, code.strip().upper(), Scope()) is not None


def _print_all(
    prints: Sequence[tuple[Owed, RoundText, Official | None]], codes: dict[UUID, str], now: datetime
) -> list[Sheet]:
    sheets = []
    for duty, text, official in prints:
        person = PersonValues(**duty.printed, countersigner=official)
        try:
            made = text.template.unsigned(person, code=codes[duty.obligation_id], prepared_at=now)
        except PdfFault as fault:
            sheets.append(Sheet(duty, None, str(fault)))
            continue
        prefix = text.template.variants[made.variant].prefix
        sheets.append(Sheet(duty, prefix + made.tail))
    return sheets


def _listed(unprinted: Sequence[Sheet]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Perangkat Daerah", "Nama", "Naskah", "Sebab"])
    for sheet in unprinted:
        printed = sheet.owed.printed
        writer.writerow(map(inert, [printed["agency"], printed["name"], sheet.owed.pledge, sheet.fault]))
    return text.getvalue()


class _Outflow(io.RawIOBase):
    """A file that cannot be gone back in; what was written is taken out as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        out = bytes(self._held)
        self._held.clear()
        return out
