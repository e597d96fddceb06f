"""The tablet of an assembly: slip, birth date, PIN, read, sign, next; nothing of one person is left for the other."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.asn import service as asn
from app.core.errors import AppError, NotAuthenticated
from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.routing import Router
from app.core.settings import ServiceSettings
from app.core.texts import text
from app.identity import onboarding
from app.identity import service as identity
from app.identity.edge import cookie_name, set_cookie
from app.identity.errors import (
    ActivationInvalid,
    BirthDateWrong,
    KioskCodeWrong,
    KioskOtherOpd,
    KioskPinWrong,
    PinWeak,
)
from app.identity.kiosk import edge, service
from app.identity.kiosk.models import Kiosk
from app.identity.slips.code import SlipPress
from app.identity.stay import edge as stay
from app.web.headers import PERMISSIONS
from app.web.person import hint
from app.web.rendering import language_of, render
from app.web.visitor import NewcomerDep, OwnOrigin, SettlingDep, require_own_form

router = Router()
Field = Annotated[str, Form(max_length=300)]  # a scanner types the whole address of a slip
_LEAVE = {"Clear-Site-Data": '"cache", "storage"'}
_CAMERA = {"Permissions-Policy": PERMISSIONS.replace("camera=()", "camera=(self)")}


async def get_kiosk(request: Request, session: SessionDep) -> Kiosk:
    """Return the kiosk this tablet is; any other browser, and one that was revoked, is sent to `/kiosk`."""
    token = edge.token_of(request)
    found = await service.find(session, token) if token else None
    if found is None or found.revoked_at is not None:
        raise NotAuthenticated
    return found


KioskDep = Annotated[Kiosk, Depends(get_kiosk)]


@router.get("/kiosk")
async def read_start(request: Request, session: SessionDep, settings: SettingsDep) -> Response:
    """Ask for a slip; on a tablet that is no kiosk, or no longer, for the code that makes it one."""
    token = edge.token_of(request)
    found = await service.find(session, token) if token else None
    if found is not None and found.revoked_at is None:
        return _start(request, found)
    page = render(request, "kiosk_enrol.html", problem="", over=token is not None)
    if token is not None:
        edge.delete_cookie(page, settings.service)
        _forget(page, settings.service)
    return page


@router.post("/kiosk", dependencies=[OwnOrigin])
async def post_enrolment(
    request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep, code: Field = ""
) -> Response:
    """Make this tablet a kiosk with its one-use code."""
    try:
        token = await service.enrol(session, resources(request).get(SlipPress), code, now=clock.now())
    except KioskCodeWrong as refused:
        resources(request).get(Limits).login.take(client_address(request))
        return render(request, "kiosk_enrol.html", status=403, problem=_words(request, refused), over=False)
    response = RedirectResponse("/kiosk", 303)
    edge.set_cookie(response, settings.service, token)
    _forget(response, settings.service)
    return response


@router.post("/kiosk/kartu", dependencies=[OwnOrigin])
async def post_slip(
    request: Request, session: SessionDep, clock: ClockDep, kiosk: KioskDep, code: Field = ""
) -> Response:
    """Take a slip that was scanned or typed, and ask for the birth date of its person."""
    return await _ask(request, session, clock, kiosk, _code(code))


@router.post("/kiosk/orang", dependencies=[OwnOrigin])
async def post_person(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    kiosk: KioskDep,
    code: Field = "",
    day: Field = "",
    month: Field = "",
    year: Field = "",
) -> Response:
    """Compare the birth date and let the person in, for ten minutes."""
    digest, now = resources(request).get(SlipPress).digest(_code(code)), clock.now()
    try:
        born = date(int(year), int(month), int(day))
    except ValueError:
        problem = text("page.activation.no_date", language_of(request))
        return await _ask(request, session, clock, kiosk, code, problem=problem)
    try:
        await service.arrive(session, kiosk, digest)
        login = await identity.activate(session, digest, born, now=now)
    except BirthDateWrong as refused:
        return await _ask(request, session, clock, kiosk, code, problem=_words(request, refused))
    except (ActivationInvalid, KioskOtherOpd) as refused:
        return _refuse(request, kiosk, refused)
    service.bind(login.session, kiosk, now=now)
    response = RedirectResponse("/kiosk/pin", 303)
    set_cookie(response, settings.service, login)
    return response


@router.get("/kiosk/pin")
async def read_pin(request: Request, session: SessionDep, visitor: SettlingDep) -> Response:
    """Ask for the PIN, or for a new one; who signs with a passkey does so on their own phone."""
    if not visitor.at_kiosk:
        raise NotAuthenticated
    if visitor.settled:
        return RedirectResponse("/beranda", 303)
    passkeys, has_pin = await identity.ways_in(session, visitor.login.employee_id)
    employee = await asn.get_employee(session, visitor.login.employee_id)
    way = "pin" if has_pin else "phone" if passkeys else "new"
    return render(request, "kiosk_pin.html", visitor=visitor, name=employee.name, way=way, problem="")


@router.post("/kiosk/pin")
async def post_pin(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: SettlingDep,
    csrf: Field = "",
    pin: Field = "",
    again: Field = "",
) -> Response:
    """Judge the PIN, or keep the new one."""
    require_own_form(visitor, csrf)
    if not visitor.at_kiosk:
        raise NotAuthenticated
    passkeys, has_pin = await identity.ways_in(session, visitor.login.employee_id)
    problem = ""
    try:
        if has_pin:
            await service.settle(session, visitor.login, pin, now=clock.now())
        elif passkeys:
            raise NotAuthenticated
        elif pin == again:
            await onboarding.keep_pin(session, visitor.login, pin, onboarding.Terms.of(settings), now=clock.now())
        else:
            problem = text("page.ways.pin_differs", language_of(request))
    except (PinWeak, KioskPinWrong) as refused:
        problem = _words(request, refused)
    if problem:
        employee = await asn.get_employee(session, visitor.login.employee_id)
        way, status = ("pin", 403) if has_pin else ("new", 422)
        return render(
            request, "kiosk_pin.html", visitor=visitor, status=status, name=employee.name, way=way, problem=problem
        )
    response = RedirectResponse("/beranda", 303)
    await stay.let_stay(request, response, session, visitor.login, clock.now())
    return response


@router.post("/kiosk/berikutnya")
async def post_next(
    session: SessionDep, clock: ClockDep, settings: SettingsDep, visitor: NewcomerDep, csrf: Field = ""
) -> Response:
    """The next person: the login is over, and with it whatever the tablet kept of it."""
    if visitor is not None:
        require_own_form(visitor, csrf)
        await identity.logout(session, visitor.login, now=clock.now())
    response = RedirectResponse("/kiosk", 303, _LEAVE)
    _forget(response, settings.service)
    return response


async def _ask(
    request: Request, session: SessionDep, clock: ClockDep, kiosk: Kiosk, code: str, *, problem: str = ""
) -> Response:
    """The page that asks for the birth date, if the slip is good here."""
    digest = resources(request).get(SlipPress).digest(code)
    try:
        await identity.find_live_activation(session, digest, now=clock.now())
        person = await service.arrive(session, kiosk, digest)
    except (ActivationInvalid, KioskOtherOpd) as refused:
        return _refuse(request, kiosk, refused)
    employee = await asn.get_employee(session, person)
    status = 403 if problem else 200
    return render(
        request, "kiosk_person.html", status=status, kiosk=kiosk, code=code, name=hint(employee.name), problem=problem
    )


def _start(request: Request, kiosk: Kiosk, *, status: int = 200, problem: str = "") -> Response:
    page = render(request, "kiosk.html", status=status, kiosk=kiosk, problem=problem)
    page.headers.update(_CAMERA)
    return page


def _refuse(request: Request, kiosk: Kiosk, refused: AppError) -> Response:
    if isinstance(refused, ActivationInvalid):  # only codes that are none are counted: see app/identity/slips/code.py
        resources(request).get(Limits).login.take(client_address(request))
    return _start(request, kiosk, status=403, problem=_words(request, refused))


def _words(request: Request, refused: AppError) -> str:
    return text(refused.code, language_of(request), **refused.params)


def _code(given: str) -> str:
    """The code of what was typed or scanned: a QR code holds the whole address."""
    return given.strip().rstrip("/").rpartition("/")[2]


def _forget(response: Response, settings: ServiceSettings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="lax")
