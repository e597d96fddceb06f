"""Who signs, over this act: a passkey assertion, or PIN + one-time code where there is no passkey (recorded as the weaker way)."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.core.db import Session
from app.core.mail import Mailer, Message
from app.core.texts import text
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.kiosk import service as kiosk
from app.identity.origin import service as origin
from app.identity.passkey import RelyingParty, verify_assertion
from app.identity.recovery import service as recovery
from app.signing import queries
from app.signing.act import b64, mark
from app.signing.errors import CodeNone, CodeNotSent, CodesSpent, CodeTooSoon, PinOrCodeWrong
from app.signing.models import SigningCode, SigningSession
from app.signing.schemas import Authentication
from app.signing.states import CODE_DIGITS, CODE_LIFE, CODE_PAUSE, CODE_TRIES, CODES_A_DAY

_COUNTED = timedelta(days=1) + CODE_LIFE  # so that no day holds answers to more codes than that


async def authenticate(
    session: Session,
    party: RelyingParty,
    signing: SigningSession,
    given: Authentication,
    challenge: bytes,
    *,
    kiosk_id: UUID | None,
    now: datetime,
) -> dict[str, Any]:
    """Return what goes into the evidence; raises the refusal of whichever way was tried, and of an account that is held."""
    by_own_mail = given.method == "pin+code"
    await recovery.require_may_sign(session, signing.employee_id, by_own_mail=by_own_mail, now=now)
    proven = await _prove(session, party, signing, given, challenge, kiosk_id=kiosk_id, now=now)
    proven["account"] = await origin.origin_of(session, signing.employee_id)
    return proven if kiosk_id is None else proven | {"kiosk": await kiosk.place_of(session, kiosk_id)}


async def _prove(
    session: Session,
    party: RelyingParty,
    signing: SigningSession,
    given: Authentication,
    challenge: bytes,
    *,
    kiosk_id: UUID | None,
    now: datetime,
) -> dict[str, Any]:
    if given.method == "pin+slip":  # the login at a kiosk began with the slip, minutes ago
        if kiosk_id is None or not await identity.check_pin(session, signing.employee_id, given.pin, now=now):
            raise PinOrCodeWrong
        return {"method": "pin+slip"}
    if given.method == "passkey":
        _, assertion = await verify_assertion(
            session, party, given.credential or {}, challenge, employee_id=signing.employee_id
        )
        return {
            "method": "passkey",
            "credential_id": b64(assertion.credential_id),
            "credential_public_key": b64(assertion.public_key),
            "assertion": assertion.response,
        }
    await _check_pin_and_code(session, signing, given, now)
    return {"method": "pin+code"}


async def send_code(
    session: Session, mailer: Mailer, signing: SigningSession, digests: list[bytes], *, now: datetime
) -> None:
    """Send a fresh code, bound to session and nonce; its text names how many documents and the mark the page shows."""
    employee = await asn.get_employee(session, signing.employee_id)
    if not employee.email or not mailer.available:
        raise CodeNotSent
    stored = await queries.find_code(session, signing.id)
    if stored is not None and (wait := stored.expires_at - CODE_LIFE + CODE_PAUSE - now) > timedelta(0):
        raise CodeTooSoon(retry_after=wait.seconds + 1)
    sent = await access.count_about(session, signing.employee_id, AccessKind.SIGNING_CODE_SENT, now - _COUNTED)
    if sent >= CODES_A_DAY:
        raise CodesSpent(most=CODES_A_DAY)
    access.record_own(session, AccessKind.SIGNING_CODE_SENT, signing.employee_id, now=now)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    stored = stored or SigningCode(session_id=signing.id)
    stored.code_hash, stored.expires_at, stored.tries_left = _hash(signing, code), now + CODE_LIFE, CODE_TRIES
    session.add(stored)
    shown = mark(digests)
    await mailer.send(
        Message(
            to=employee.email,
            subject=text("mail.code.subject"),
            body=text("mail.code.body", code=code, count=len(digests), mark=shown),
        )
    )


async def _check_pin_and_code(session: Session, signing: SigningSession, given: Authentication, now: datetime) -> None:
    """Count the try, then compare both, with one answer for both."""
    code = await queries.find_code(session, signing.id)
    if code is None or code.expires_at < now or code.tries_left <= 0:
        raise CodeNone
    code.tries_left -= 1
    pin_holds = await identity.check_pin(session, signing.employee_id, given.pin, now=now)
    code_holds = hmac.compare_digest(_hash(signing, "".join(given.code.split())), code.code_hash)
    if not (pin_holds and code_holds):
        raise PinOrCodeWrong
    await session.delete(code)


def _hash(signing: SigningSession, code: str) -> bytes:
    return hashlib.sha256(signing.nonce + code.encode()).digest()
