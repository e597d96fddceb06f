"""What is asked of a person, and what they signed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request, Response

from app.asn import service as asn
from app.core.db import Session
from app.core.http import ClockDep, SessionDep, resources
from app.core.routing import Router
from app.document.compiled import TemplateShelf
from app.obligation import service as obligation
from app.pledge.models import PledgeRound
from app.signing import countersigning
from app.signing.providers.registry import Providers
from app.signing.remote import own, scans
from app.signing.sessions import DEVICE, Ceremony
from app.web.rendering import language_of, render
from app.web.visitor import Visitor, VisitorDep
from app.web.way import ways_elsewhere

router = Router()


@dataclass(frozen=True)
class Owed:
    """One pledge as the home page shows it; `held_by`: the act elsewhere that may have signed it already."""

    id: UUID
    title: str
    round: str
    state: str
    open: bool
    closes_at: datetime
    document_id: UUID | None
    signed_at: datetime | None
    declined_at: datetime | None
    declined_reason: str | None
    held_by: UUID | None


async def list_owed(request: Request, session: Session, visitor: Visitor, *, now: datetime) -> list[Owed]:
    """Return what a person owes and has signed, newest round first; `open` while it can be signed."""
    shelf = resources(request).get(TemplateShelf)
    held_back = {one.obligation_id: one.act_id for one in await own.list_held_back(session, visitor.principal)}
    return [
        Owed(
            id=owed.id,
            title=(await shelf.text(session, owed.round_id, owed.pledge)).title,
            round=pledge_round.title,
            state=owed.state,
            open=_open(pledge_round, now),
            closes_at=pledge_round.closes_at,
            document_id=owed.document_id,
            signed_at=owed.signed_at,
            declined_at=owed.declined_at,
            declined_reason=owed.declined_reason,
            held_by=held_back.get(owed.id) if owed.state == "pending" else None,
        )
        for owed, pledge_round in await obligation.list_mine(session, visitor.principal)
    ]


def signable(owed: list[Owed]) -> list[Owed]:
    """Return what can be signed now."""
    return [one for one in owed if one.state == "pending" and one.open and one.held_by is None]


@router.get("/beranda")
async def read_home(request: Request, session: SessionDep, clock: ClockDep, visitor: VisitorDep) -> Response:
    """What is asked, until when, with one big button; what was signed, to download."""
    employee = await asn.get_employee(session, visitor.login.employee_id)
    now = clock.now()
    owed = await list_owed(request, session, visitor, now=now)
    held, pending = resources(request), signable(owed)
    ceremony = held.get(Ceremony)
    noting = await countersigning.list_waiting(
        session, ceremony, visitor.principal, left_out=False, after=None, limit=1, now=now
    )
    return render(
        request,
        "home.html",
        visitor=visitor,
        employee=employee,
        noting=bool(noting),
        pending=pending,
        device=DEVICE in held.get(Providers).on,
        paper=scans.PROVIDER in held.get(Providers).on,
        ways=ways_elsewhere(held.get(Providers), language_of(request)) if pending else [],
        held_back=[one for one in owed if one.held_by is not None],
        signed=[one for one in owed if one.state == "signed"],
        others=[one for one in owed if one.state != "signed" and one not in pending and one.held_by is None],
    )


def _open(pledge_round: PledgeRound, now: datetime) -> bool:
    return pledge_round.status == "open" and pledge_round.opens_at <= now < pledge_round.closes_at
