"""The dry run, and the list of those whom no message reaches: both read what a wave would be written from, and write nothing."""

import csv
import html
import io
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from app.asn import service as asn
from app.core.db import Session
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.spreadsheet import inert
from app.core.texts import text
from app.pledge import service as pledge
from app.pledge.models import PledgeRound
from app.reminder import messages
from app.reminder import queries as reminders
from app.reminder.audience import queries
from app.reminder.audience import service as audience
from app.reminder.delivery import Candidate, Official, Place, masked
from app.reminder.listing import service as listing
from app.reminder.means import Means
from app.reminder.models import OFFICIAL_KINDS
from app.reminder.plan import Plan, default_plan
from app.reminder.schemas import HandoutRow, PreviewRow

COLUMNS = ("number", "opd", "unit", "name", "nip", "position", "cause", "told")


async def preview(
    session: Session,
    actor: Principal,
    means: Means,
    round_id: UUID,
    kind: str,
    *,
    at: datetime,
    after: Place,
    limit: int,
) -> list[tuple[Place, PreviewRow]]:
    """Return who would get what from a wave of a kind at an instant, inside the caller's scope, with places to go on from."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    plan = await _plan(session, means, round_id)
    if kind in OFFICIAL_KINDS:
        day = audience.local_day(at, means.service.timezone)
        found = await audience.officials(session, round_id, kind, today=day)
        return _officials(actor, found, kind, after)[:limit]
    channels = means.channels.available(plan.channels)
    limits = audience.bounds(plan, at, means.service.timezone)
    people = await queries.list_candidates(
        session, round_id, actor.scope.agencies, channels, limits, after=after, limit=limit
    )
    return [(one.place, _row(one, kind, plan)) for one in people]


def _row(one: Candidate, kind: str, plan: Plan) -> PreviewRow:
    return PreviewRow(
        kind=kind,
        employee_id=one.place.employee_id,
        agency_id=one.place.agency_id,
        name=one.name,
        channel=one.channel,
        address=masked(one.address),
        outcome=one.cause or "send",
        subject="" if one.cause else text(f"reminder.{kind}.subject", plan.language),
        activation_link=plan.activation_links and one.without_account and one.channel == "mail" and not one.cause,
    )


def _officials(actor: Principal, found: Sequence[Official], kind: str, after: Place) -> list[tuple[Place, PreviewRow]]:
    """Officials are as many as agencies, not as people: their list is made whole and cut."""
    rows = []
    for one in found:
        if actor.scope.agencies is not None and one.agency_id not in actor.scope.agencies:
            continue
        place = Place(one.agency_id or UUID(int=0), f"{one.name}\n{one.email}", one.employee_id or UUID(int=0))
        row = PreviewRow(
            kind=kind,
            employee_id=one.employee_id,
            agency_id=one.agency_id,
            name=one.name,
            channel="mail",
            address=masked(one.email),
            outcome="send",
            subject="",
            activation_link=False,
        )
        rows.append((place, row))
    return sorted((row for row in rows if row[0] > after), key=lambda row: row[0])


async def handout(
    session: Session,
    actor: Principal,
    means: Means,
    round_id: UUID,
    *,
    agency_id: UUID | None,
    after: Place,
    limit: int,
) -> list[tuple[Place, HandoutRow]]:
    """Return who has not signed and is reached by no channel, by agency and name: they are told in person."""
    actor.require(Permission.OBLIGATION_READ)
    await pledge.get_round(session, round_id)
    plan = await _plan(session, means, round_id)
    agencies = actor.scope.agencies
    if agency_id is not None:
        agencies = frozenset({agency_id}) & (agencies if agencies is not None else {agency_id})
    found = await queries.list_candidates(
        session,
        round_id,
        agencies,
        means.channels.available(plan.channels),
        audience.bounds(plan, means.clock.now(), means.service.timezone),
        after=after,
        limit=limit,
        unreached=True,
    )
    names = await listing.agency_names(session, [one.place.agency_id for one in found])
    return [(one.place, _handed(actor, one, names.get(one.place.agency_id, ""))) for one in found]


def _handed(actor: Principal, one: Candidate, agency: str) -> HandoutRow:
    return HandoutRow(
        employee_id=one.place.employee_id,
        agency_id=one.place.agency_id,
        unit_id=one.unit_id,
        agency=agency,
        unit=one.unit,
        name=one.name,
        nip=asn.shown_nip(actor, one.nip),
        position=one.position,
        cause="unreachable" if one.recorded else "no_address",
    )


async def as_csv(pages: AsyncIterator[list[HandoutRow]], language: str) -> AsyncIterator[bytes]:
    """Yield the list as CSV (RFC 4180), a page at a time; no cell begins a formula."""
    number = 0
    yield _lines([[text(f"reminder.handout.{key}", language) for key in COLUMNS]])
    async for page in pages:
        yield _lines([_cells(row, number + n, language) for n, row in enumerate(page, start=1)])
        number += len(page)


async def as_page(
    pages: AsyncIterator[list[HandoutRow]], pledge_round: PledgeRound, zone: str, language: str
) -> AsyncIterator[bytes]:
    """Yield the list as a page to print: one table with its head on every sheet, and room to note when somebody was told."""
    deadline = messages.moment(pledge_round.closes_at, zone, language)
    title = text("reminder.handout.title", language)
    sentence = text("reminder.handout.sentence", language, round=pledge_round.title, deadline=deadline)
    heads = "".join(f"<th>{html.escape(text(f'reminder.handout.{key}', language))}</th>" for key in COLUMNS)
    yield _HEAD.format(
        language=language, title=html.escape(title), style=_STYLE, sentence=html.escape(sentence), heads=heads
    ).encode()
    number = 0
    async for page in pages:
        rows = [_cells(row, number + n, language) for n, row in enumerate(page, start=1)]
        yield "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows).encode()
        number += len(page)
    if not number:
        nobody = html.escape(text("reminder.handout.nobody", language))
        yield f'<tr><td colspan="{len(COLUMNS)}">{nobody}</td></tr>'.encode()
    yield b"</tbody></table></main></body></html>"


_STYLE = (
    "@page{size:A4 landscape;margin:14mm}body{font:11px Arial,Helvetica,sans-serif}h1{font-size:16px}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #667;padding:4px;text-align:left;vertical-align:top}"
    "thead{display:table-header-group}tr{break-inside:avoid}td:last-child{min-width:30mm}"
    "@media screen{main{overflow-x:auto}}"
)
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page, which must keep its looks where it is saved as a file: this one style and nothing else."""
_HEAD = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>{style}</style></head>"
    "<body><h1>{title}</h1><p>{sentence}</p><main><table><thead><tr>{heads}</tr></thead><tbody>\n"
)


def _cells(row: HandoutRow, number: int, language: str) -> list[str]:
    cause = text(f"reminder.handout.cause.{row.cause}", language)
    return [str(number), row.agency, row.unit, row.name, row.nip, row.position, cause, ""]


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


async def _plan(session: Session, means: Means, round_id: UUID) -> Plan:
    kept = await reminders.find_plan(session, round_id)
    return Plan.model_validate(kept.plan) if kept else default_plan(means.reminder)
