"""First time: confirm who one is, then choose how to sign in."""

from datetime import date
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from app.asn import service as asn
from app.core.db import Session
from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.routing import Router
from app.core.texts import text
from app.identity import onboarding
from app.identity import service as identity
from app.identity.errors import ActivationInvalid, BirthDateWrong, PinWeak
from app.identity.slips.code import SlipPress, tidy
from app.identity.stay import edge as stay
from app.web.pages.login import Shared
from app.web.person import hint
from app.web.rendering import language_of, render
from app.web.visitor import FormNewcomerDep, NotAtKiosk, OwnOrigin, SettlingDep, Visitor

router = Router(dependencies=[NotAtKiosk])
Field = Annotated[str, Form(max_length=40)]


@router.get("/aktivasi")
async def read_entry(request: Request) -> Response:
    """Ask for the code of a slip."""
    return render(request, "enter_code.html", problem=False)


@router.post("/aktivasi", dependencies=[OwnOrigin])
async def post_entry(request: Request, session: SessionDep, clock: ClockDep, code: Field = "") -> Response:
    """Go on to the activation of a code that somebody typed."""
    try:
        await identity.find_live_activation(session, _digest(request, code), now=clock.now())
    except ActivationInvalid:
        _count_unknown(request)
        return render(request, "enter_code.html", status=404, problem=True)
    return RedirectResponse(f"/aktivasi/{tidy(code)}", 303)


@router.get("/aktivasi/{code}")
async def read_activation(code: str, request: Request, session: SessionDep, clock: ClockDep) -> Response:
    """Ask for the birth date of whom the link is for."""
    return await _ask(request, session, clock, code)


@router.post("/aktivasi/{code}", dependencies=[OwnOrigin])
async def post_activation(
    code: str,
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    day: Field = "",
    month: Field = "",
    year: Field = "",
    shared: Shared = "",
) -> Response:
    """Compare the birth date and open a login in which a way to sign in is chosen."""
    given = {"day": day, "month": month, "year": year, "shared": shared}
    try:
        birth_date = date(int(year), int(month), int(day))
    except ValueError:
        return await _ask(request, session, clock, code, status=422, problem="page.activation.no_date", given=given)
    try:
        login = await identity.activate(session, _digest(request, code), birth_date, now=clock.now())
    except ActivationInvalid:
        _count_unknown(request)
        raise
    except BirthDateWrong as refused:
        return await _ask(
            request, session, clock, code, status=403, problem=refused.code, params=refused.params, given=given
        )
    response = RedirectResponse("/cara-masuk", 303)
    await stay.let_in(request, response, session, login, shared=bool(shared), now=clock.now())
    return response


@router.get("/cara-masuk")
async def read_ways(request: Request, session: SessionDep, visitor: SettlingDep) -> Response:
    """Offer a passkey where the device has one, and a PIN."""
    if visitor.settled and not await _lacks_way(session, visitor):
        return RedirectResponse("/beranda", 303)
    employee = await asn.get_employee(session, visitor.login.employee_id)
    return render(request, "ways.html", visitor=visitor, name=employee.name, problem="")


@router.post("/cara-masuk")
async def post_pin(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: FormNewcomerDep,
    pin: Field = "",
    again: Field = "",
) -> Response:
    """Keep a PIN; the activation is over with it."""
    problem = ""
    try:
        if pin == again:
            await onboarding.keep_pin(session, visitor.login, pin, onboarding.Terms.of(settings), now=clock.now())
        else:
            problem = text("page.ways.pin_differs", language_of(request))
    except PinWeak as refused:
        problem = text(refused.code, language_of(request))
    if problem:
        employee = await asn.get_employee(session, visitor.login.employee_id)
        return render(request, "ways.html", visitor=visitor, status=422, name=employee.name, problem=problem)
    response = RedirectResponse("/beranda", 303)
    await stay.let_stay(request, response, session, visitor.login, clock.now())
    return response


def _digest(request: Request, code: str) -> bytes:
    return resources(request).get(SlipPress).digest(code)


def _count_unknown(request: Request) -> None:
    """Only codes that are none are counted by address: see app/identity/slips/code.py."""
    resources(request).get(Limits).login.take(client_address(request))


async def _lacks_way(session: Session, visitor: Visitor) -> bool:
    """Whether somebody came by the agency's sign-on and has nothing yet to sign with."""
    passkeys, has_pin = await identity.ways_in(session, visitor.login.employee_id)
    return not passkeys and not has_pin


async def _ask(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    code: str,
    *,
    status: int = 200,
    problem: str = "",
    params: dict[str, object] | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    try:
        activation = await identity.find_live_activation(session, _digest(request, code), now=clock.now())
    except ActivationInvalid:
        _count_unknown(request)
        raise
    employee = await asn.get_employee(session, activation.employee_id)
    return render(
        request,
        "activation.html",
        status=status,
        name=hint(employee.name),
        problem=text(problem, language_of(request), **(params or {})) if problem else "",
        given=given or {"day": "", "month": "", "year": "", "shared": ""},
    )
