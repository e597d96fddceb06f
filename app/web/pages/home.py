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
from app.signing.sessions import Ceremony
from app.web.rendering import render
from app.web.visitor import Visitor, VisitorDep

router = Router()


@dataclass(frozen=True)
class Owed:
    """One pledge as the home page shows it."""

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


async def list_owed(request: Request, session: Session, visitor: Visitor, *, now: datetime) -> list[Owed]:
    """Return what a person owes and has signed, newest round first; `open` while it can be signed."""
    shelf = resources(request).get(TemplateShelf)
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
        )
        for owed, pledge_round in await obligation.list_mine(session, visitor.principal)
    ]


@router.get("/beranda")
async def read_home(request: Request, session: SessionDep, clock: ClockDep, visitor: VisitorDep) -> Response:
    """What is asked, until when, with one big button; what was signed, to download."""
    employee = await asn.get_employee(session, visitor.login.employee_id)
    now = clock.now()
    owed = await list_owed(request, session, visitor, now=now)
    ceremony = resources(request).get(Ceremony)
    noting = await countersigning.list_waiting(
        session, ceremony, visitor.principal, left_out=False, after=None, limit=1, now=now
    )
    return render(
        request,
        "home.html",
        visitor=visitor,
        employee=employee,
        noting=bool(noting),
        pending=[one for one in owed if one.state == "pending" and one.open],
        signed=[one for one in owed if one.state == "signed"],
        others=[one for one in owed if one.state != "signed" and not (one.state == "pending" and one.open)],
    )


def _open(pledge_round: PledgeRound, now: datetime) -> bool:
    return pledge_round.status == "open" and pledge_round.opens_at <= now < pledge_round.closes_at
