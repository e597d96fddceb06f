"""`/kantor/persetujuan`: what waits for a second administrator. Works without any script."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.http import ClockDep, SessionDep
from app.core.paging import CursorQuery, decode_cursor, encode_cursor, uuid_part
from app.core.routing import Router
from app.identity.accounts import service as accounts
from app.identity.approval import service
from app.identity.approval.means import desk_of
from app.identity.approval.models import Approval
from app.opd import service as opd
from app.web.office import FormOfficeDep, Office, OfficeDep
from app.web.pages.account import office_page

router = Router()
PAGE = 25


@dataclass(frozen=True)
class Shown:
    """A request as the page shows it: the role and scope that would be given, its state, whether it is the caller's own."""

    asked: Approval
    role: str
    everything: bool
    agencies: str
    state: str
    own: bool


@router.get("/kantor/persetujuan")
async def read_approvals(
    request: Request, session: SessionDep, office: OfficeDep, clock: ClockDep, cursor: CursorQuery = None
) -> Response:
    """Newest first, twenty-five on a page."""
    parts, now = decode_cursor(cursor, 1), clock.now()
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_approvals(session, office.principal, None, after, PAGE + 1, now=now)
    older = encode_cursor(found[PAGE - 1].id) if len(found) > PAGE else ""
    agencies = {str(agency.id): agency.name for agency in await opd.list_agencies(session, office.principal)}
    shown = [_shown(office, one, agencies, now) for one in found[:PAGE]]
    return office_page(request, "approvals.html", office, approvals=shown, older=older)


@router.post("/kantor/persetujuan/{approval_id}")
async def post_decision(
    approval_id: UUID,
    request: Request,
    session: SessionDep,
    office: FormOfficeDep,
    clock: ClockDep,
    decision: Annotated[Literal["approve", "refuse"], Form()],
    reason: Annotated[str, Form(min_length=5, max_length=500, pattern=r"^[^\x00]*$")],
) -> Response:
    """Approve or refuse."""
    desk, now = desk_of(request), clock.now()
    if decision == "refuse":
        await desk.refuse(session, office.principal, approval_id, reason, now=now)
        return RedirectResponse("/kantor/persetujuan", 303)
    _, result = await desk.approve(session, office.principal, approval_id, reason, now=now)
    if "url" not in result:
        return RedirectResponse("/kantor/persetujuan", 303)
    account = await accounts.get_account(session, office.principal, UUID(str(result["account_id"])))
    return office_page(request, "account_invited.html", office, account=account, link=result["url"], until=None)


def _shown(office: Office, asked: Approval, agencies: dict[str, str], now: datetime) -> Shown:
    given = asked.data.get("wanted") or asked.data
    named = given.get("agencies") or []
    return Shown(
        asked,
        role=str(given.get("role", "")),
        everything="role" in given and not named,
        agencies=", ".join(agencies.get(one, one) for one in named),
        state=service.state_of(asked, now),
        own=asked.asked_by == office.principal.id,
    )
