"""Activation slips over the API."""

import asyncio
from uuid import UUID

from fastapi import Request, Response

from app.core.http import ActorDep, ClockDep, SessionDep, resources
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.routing import Router
from app.identity.slips import service
from app.identity.slips.code import SlipPress
from app.identity.slips.schemas import SlipRead, SlipsCreate

router = Router(tags=["activation slips"])


@router.post(
    "/activation-slips",
    status_code=201,
    response_class=Response,
    responses={201: {"content": {"application/pdf": {}}, "description": "The printed slips."}},
)
async def issue_slips(
    body: SlipsCreate, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> Response:
    """Make activation slips and return them as a PDF to print, cut and hand out; earlier unused ones of the same people die.

    `Pakta-Slips` says how many. People of a unit or OPD who can sign in already are passed over.
    """
    press, now = resources(request).get(SlipPress), clock.now()
    wanted = service.Wanted(body.unit, body.opd, body.employee_ids or ())
    cards = await service.issue(session, press, actor, wanted, now=now)
    book = await asyncio.to_thread(service.printed, cards, press, now=now)
    headers = {
        "Content-Disposition": f'attachment; filename="kartu-aktivasi-{now:%Y%m%d-%H%M}.pdf"',
        "Cache-Control": "no-store",
        "Pakta-Slips": str(len(cards)),
    }
    return Response(book, 201, headers, media_type="application/pdf")


@router.get("/activation-slips")
async def list_slips(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    opd: UUID | None = None,
    unit: UUID | None = None,
    employee: UUID | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[SlipRead]:
    """List slips, newest first, with what became of each."""
    parts = decode_cursor(cursor, 1)
    after = uuid_part(parts[0]) if parts else None
    found = await service.list_slips(session, actor, opd, unit, employee, after, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1][0].id))
    now = clock.now()
    return [
        SlipRead(
            name=name,
            unit=unit_name,
            state=service.state_of(slip, now),
            **{
                field: getattr(slip, field)
                for field in ("id", "employee_id", "issued_by", "created_at", "expires_at", "used_at")
            },
        )
        for slip, name, unit_name in found
    ]


@router.delete("/activation-slips/{slip_id}", status_code=204)
async def revoke_slip(slip_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Revoke a slip that was lost or given to the wrong person."""
    await service.revoke(session, actor, slip_id, now=clock.now())


@router.delete("/employees/{employee_id}/activation-slips", status_code=204)
async def revoke_slips_of(employee_id: UUID, session: SessionDep, actor: ActorDep, clock: ClockDep) -> None:
    """Revoke whatever slip or link a person has and did not use."""
    await service.revoke_of(session, actor, employee_id, now=clock.now())
