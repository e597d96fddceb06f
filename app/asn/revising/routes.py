"""Revising one employee over the API."""

from uuid import UUID

from fastapi import Request

from app.asn.history.routes import read_employee
from app.asn.revising import service
from app.asn.revising.schemas import EmployeeMerge, EmployeeUpdate
from app.asn.schemas import EmployeeDetail
from app.core.http import ActorDep, ClockDep, SessionDep, TodayDep, resources
from app.core.routing import Router
from app.transparency.record import LogIdentity

router = Router(prefix="/employees", tags=["asn"])


@router.patch("/{employee_id}")
async def update_employee(
    employee_id: UUID,
    body: EmployeeUpdate,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    today: TodayDep,
) -> EmployeeDetail:
    """Correct what was wrong about a person, or record what changed, with the reason."""
    log = resources(request).get(LogIdentity)
    await service.revise(session, actor, log, employee_id, body, now=clock.now(), today=today)
    return await read_employee(employee_id, session, actor)


@router.post("/{employee_id}/merge")
async def merge_employees(
    employee_id: UUID,
    body: EmployeeMerge,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    clock: ClockDep,
    today: TodayDep,
) -> EmployeeDetail:
    """Join another record of the same person (a new NIP made a second one) to this one; both histories stay."""
    log = resources(request).get(LogIdentity)
    await service.merge(session, actor, log, employee_id, body, now=clock.now(), today=today)
    return await read_employee(employee_id, session, actor)
