"""Enrol and revoke kiosks; let somebody in at one with the slip, the birth date and the PIN.

What guessing is worth: an enrolment code has 50 bits and an hour, and a service that answered nothing else would judge 1.8e7 in it:
1.6e-8. A kiosk opens nothing by itself. Whoever found a slip needs the birth date (five tries, as everywhere) and, of somebody who
has one, the PIN, whose wrong answers are taken from the same five: 5 / 10**6 once, then the slip is dead.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.secrets import new_token, token_hash
from app.identity import queries as identity_queries
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.browser import service as browser
from app.identity.errors import ActivationInvalid, KioskCodeWrong, KioskOtherOpd, KioskPinWrong
from app.identity.kiosk import queries
from app.identity.kiosk.models import Kiosk
from app.identity.models import LoginSession
from app.identity.slips.code import SlipPress, new_slip_code
from app.opd import service as opd

CODE_LIFE = timedelta(hours=1)
METHOD = "kiosk"


async def make(
    session: Session, press: SlipPress, actor: Principal, agency_id: UUID, name: str, *, now: datetime
) -> tuple[Kiosk, str]:
    """Make a kiosk for an OPD; return it and its one-use code, told once. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.KIOSK_WRITE)
    unit = await opd.require_visible_unit(session, actor, agency_id)
    if not unit.is_agency:
        raise NotFound
    code = new_slip_code()
    made = Kiosk(
        id=new_id(),
        agency_id=agency_id,
        name=name,
        created_by=actor.id,
        created_at=now,
        code_hash=press.digest(code),
        code_until=now + CODE_LIFE,
        token_hash=None,
        enrolled_at=None,
        revoked_at=None,
    )
    session.add(made)
    access.record(session, AccessKind.KIOSK_MADE, actor, now=now, **_told(made))
    return made, code


async def list_kiosks(
    session: Session, actor: Principal, agency_id: UUID | None, after: UUID | None, limit: int
) -> list[Kiosk]:
    """Return kiosks inside the caller's scope, newest first."""
    actor.require(Permission.KIOSK_WRITE)
    return await queries.list_kiosks(session, actor.scope, agency_id, after, limit)


async def revoke(session: Session, actor: Principal, kiosk_id: UUID, *, now: datetime) -> None:
    """Revoke a kiosk; with it ends, at once, the login of whoever stands there. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.KIOSK_WRITE)
    found = await queries.find_kiosk(session, actor.scope, kiosk_id)
    if found is None:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at, found.code_hash = now, None
        access.record(session, AccessKind.KIOSK_REVOKED, actor, now=now, **_told(found))


async def enrol(session: Session, press: SlipPress, code: str, *, now: datetime) -> str:
    """Use a code up; return what the tablet's cookie holds. Raises `KioskCodeWrong`."""
    found = await queries.find_by_code(session, press.digest(code))
    if found is None or found.code_until < now:
        raise KioskCodeWrong
    token = new_token()
    found.code_hash, found.token_hash, found.enrolled_at = None, token_hash(token), now
    access.record(session, AccessKind.KIOSK_ENROLLED, None, now=now, **_told(found))
    return token


async def find(session: Session, token: str) -> Kiosk | None:
    """Return the kiosk of a tablet's cookie, revoked or not."""
    return await queries.find_by_token(session, token_hash(token))


async def arrive(session: Session, kiosk: Kiosk, digest: bytes) -> UUID:
    """Return whose slip it is; somebody of another OPD is sent there (`KioskOtherOpd`)."""
    slip = await identity_queries.find_activation(session, digest)
    if slip is None:
        raise ActivationInvalid
    if await queries.agency_of(session, slip.employee_id) != kiosk.agency_id:
        raise KioskOtherOpd
    return slip.employee_id


def bind(login: LoginSession, kiosk: Kiosk, *, now: datetime) -> None:
    """Bind a login to a kiosk: short, and over with it."""
    login.kiosk_id, login.method, login.expires_at = kiosk.id, METHOD, now + identity.KIOSK_LIFE


async def settle(session: Session, login: LoginSession, pin: str, *, now: datetime) -> None:
    """Let somebody who has a PIN in with it: the slip is used up, and nothing was recovered. Raises `KioskPinWrong`."""
    if login.kiosk_id is None or login.activation_id is None:
        raise ActivationInvalid
    slip = await identity_queries.lock_activation(session, login.activation_id)
    if slip.used_at or slip.revoked_at or slip.tries_left <= 0:
        raise ActivationInvalid
    if not await browser.judge(session, login.employee_id, pin):
        slip.tries_left -= 1
        access.record(session, AccessKind.LOGIN_REFUSED, None, now=now, subject_id=login.employee_id, method=METHOD)
        raise KioskPinWrong(tries_left=slip.tries_left)
    slip.used_at = now
    login.activation_id = None
    session.add(login)
    access.record_own(session, AccessKind.LOGIN, login.employee_id, now=now, method=METHOD)


async def place_of(session: Session, kiosk_id: UUID) -> dict[str, str]:
    """What the evidence of a signature says of the kiosk it was made at."""
    return {"id": str(kiosk_id), "name": await queries.name_of(session, kiosk_id)}


def state_of(kiosk: Kiosk, now: datetime) -> str:
    """What a kiosk is: revoked, active, waiting for its code, or expired before it was enrolled."""
    if kiosk.revoked_at is not None:
        return "revoked"
    if kiosk.enrolled_at is not None:
        return "active"
    return "waiting" if kiosk.code_until >= now else "expired"


def _told(kiosk: Kiosk) -> dict[str, Any]:
    return {"kiosk": str(kiosk.id), "name": kiosk.name, "opd": str(kiosk.agency_id)}
