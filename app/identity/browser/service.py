"""Sign in by NIP and PIN: enough in a browser the person has signed in with before; in every other one a code is asked as well.

What guessing is worth (a *day* of trying against one account, from whatever number of addresses; a PIN has 10**6 values):

* From a browser that is not known. Nothing tells a right PIN from a wrong one, and a session opens only with a code of eight digits that
  went to the person's mail, or with the slip the OPD handed out. At most ten codes are mailed in any 24 hours, each forgives five
  answers: 10 * 5 / 10**8 = 5e-7, *even for somebody who knows the PIN*. Who does not has to hit both: every PIN could be tried every
  day and it stayed below 5e-7. So wrong PINs of strangers are not counted against anybody, and no stranger can lock anything.
* By the slip: 50 bits and five answers for each sign-in begun. A service that answered nothing else would judge 5,000 a second:
  4.32e8 / 2**50 = 3.9e-7, and only with the PIN.
* From a known browser, which has to be in the guesser's hands (its cookie has 256 bits): five wrong PINs in a row, or twenty in its
  180 days, make it unknown. That is 5e-6 once for whoever took the phone, and 20 / 10**6 / 180 = 1.1e-7 a day for a colleague at a
  shared computer whose owner's own sign-ins forgive the tries in a row.

Nobody can be locked out by it: a known browser counts its own tries only, and is not refused for its address (a whole OPD has one).
Who knows a PIN could use up the ten codes of the day: known browsers, passkeys, the agency's sign-on and slips go on working.

Answers are alike and cost alike for a NIP that is nobody's, a wrong PIN and a right one: the same statements are carried out, and what
differs (a mail, an event) is done by a job afterwards.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.ids import new_id
from app.core.secrets import new_token, token_hash
from app.identity import pin as pins
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.browser import queries
from app.identity.browser.models import KnownBrowser, LoginCode
from app.identity.errors import ActivationInvalid, LoginCodeOver, LoginCodeWrong, LoginRefused
from app.identity.service import Login
from app.identity.slips.code import SlipPress

KNOWN_LIFE = timedelta(days=180)
MOST_MISSES = 5
MOST_MISSES_EVER = 20
CODE_DIGITS = 8
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
CODES_A_DAY = 10
DAY = timedelta(days=1)
MAIL_JOB = "identity.login_code"
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in by NIP that begins: whose it is, and whether this browser is known to be theirs."""

    employee_id: UUID | None
    known: KnownBrowser | None


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A code is needed as well: what the browser sends back with it."""

    pending: str
    expires_at: datetime


async def recognise(session: Session, nip: str, browser: str | None, *, now: datetime) -> Attempt:
    """Return who wants to sign in, and whether their browser (its cookie) is known."""
    employee = await asn.find_by_number(session, nip)
    person = employee.id if employee else _NOBODY
    known = await queries.find_known(session, digest_of(browser or "", person), now)
    return Attempt(employee.id if employee else None, known)


async def try_pin(session: Session, attempt: Attempt, pin: str, *, now: datetime) -> Login | CodeAsked:
    """Judge a PIN. A known browser is signed in or refused (`LoginRefused`); any other is asked for a code, right or wrong."""
    if attempt.known is not None:
        attempt.known.misses += 1
        attempt.known.misses_ever += 1
    holds = await judge(session, attempt.employee_id, pin)
    if attempt.known is None:
        return await _ask_code(session, attempt.employee_id, proven=holds, now=now)
    person = attempt.known.employee_id
    if holds:
        attempt.known.misses_ever -= 1
        attempt.known.misses = 0
        return identity.open_login(session, person, "pin", now)
    if attempt.known.misses >= MOST_MISSES or attempt.known.misses_ever >= MOST_MISSES_EVER:
        await session.delete(attempt.known)
    access.record(session, AccessKind.LOGIN_REFUSED, None, now=now, subject_id=person, method="pin")
    raise LoginRefused


async def try_code(session: Session, press: SlipPress, pending: str, given: str, *, now: datetime) -> Login:
    """Judge a mailed code or a slip's. Raises `LoginCodeWrong`, and `LoginCodeOver` after five answers or ten minutes."""
    asked = await queries.find_code(session, token_hash(pending))
    if asked is None or asked.expires_at < now or asked.tries_left <= 0:
        raise LoginCodeOver
    asked.tries_left -= 1
    by_mail = hmac.compare_digest(code_hash(asked, given), asked.code_hash or b"")
    by_slip = await _take_slip(session, press.digest(given), asked, now)
    if asked.employee_id is None or not asked.proven or not (by_mail or by_slip):
        raise LoginCodeWrong(tries_left=asked.tries_left)
    asked.tries_left = 0
    return identity.open_login(session, asked.employee_id, "pin+slip" if by_slip else "pin+code", now)


async def remember(session: Session, employee_id: UUID, browser: str | None, *, now: datetime) -> str:
    """Let a browser be known to a person; return what its cookie holds. One browser may be known to several."""
    token = browser or new_token()
    await queries.keep_known(session, digest_of(token, employee_id), employee_id, now, now + KNOWN_LIFE)
    return token


async def judge(session: Session, employee_id: UUID | None, pin: str) -> bool:
    """Whether it is the person's PIN; costs the same for nobody's. Counts nothing: that is the caller's."""
    stored = await queries.pin_hash(session, employee_id or _NOBODY)
    return await asyncio.get_running_loop().run_in_executor(pins.JUDGES, pins.matches, pin, stored)


def code_hash(asked: LoginCode, code: str) -> bytes:
    """Return what is stored of a mailed code; blanks between its digits do not count."""
    return hashlib.sha256(asked.id.bytes + "".join(code.split()).encode()).digest()


def digest_of(browser: str, employee_id: UUID) -> bytes:
    """Bound to the person, so that nobody who reads the table sees which people share a browser."""
    return hashlib.sha256(b"pakta.browser.v1" + employee_id.bytes + browser.encode()).digest()


async def _ask_code(session: Session, employee_id: UUID | None, *, proven: bool, now: datetime) -> CodeAsked:
    pending = new_token()
    asked = LoginCode(
        id=new_id(),
        digest=token_hash(pending),
        employee_id=employee_id,
        proven=proven,
        address=session.info.get(access.ADDRESS, ""),
        created_at=now,
        expires_at=now + CODE_LIFE,
        tries_left=CODE_TRIES,
    )
    session.add(asked)
    await session.flush()
    await jobs.defer(session, MAIL_JOB, code_id=str(asked.id))
    return CodeAsked(pending, asked.expires_at)


async def _take_slip(session: Session, digest: bytes, asked: LoginCode, now: datetime) -> bool:
    """Use up the slip of the person whose PIN was right; that of anybody else is left alone."""
    try:
        slip = await identity.find_live_activation(session, digest, now=now, lock=True)
    except ActivationInvalid:
        return False
    if not asked.proven or slip.employee_id != asked.employee_id:
        return False
    slip.used_at = now
    return True
