"""Choose a way to sign in, a passkey or a PIN: in an activation, or by somebody who has just come in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.asn import service as asn
from app.core.account_settings import ActivationSettings, SessionSettings
from app.core.db import Session
from app.core.errors import NotAuthenticated
from app.core.settings import Settings
from app.identity import pin as pins
from app.identity import queries
from app.identity import service as identity
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import ActivationInvalid, PasskeyRefused
from app.identity.models import LoginSession, Pin
from app.identity.origin import service as origin
from app.identity.passkey import RelyingParty, registration_options, verify_registration
from app.identity.recovery import service as recovery

FRESH_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long sessions last, and which first activations are looked at twice."""

    sessions: SessionSettings
    activation: ActivationSettings

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        """Return what the settings say."""
        return cls(settings.sessions, settings.activation)


async def passkey_options(session: Session, party: RelyingParty, login: LoginSession) -> dict[str, object]:
    """Return the browser's creation options, and remember their challenge in the login session."""
    await _require_live_link(session, login)
    employee = await asn.get_employee(session, login.employee_id)
    known = await queries.list_passkeys(session, employee.id)
    options, login.challenge = registration_options(party, employee.id, employee.name, known)
    return options


async def keep_passkey(
    session: Session,
    party: RelyingParty,
    login: LoginSession,
    credential: dict[str, object],
    terms: Terms,
    *,
    now: datetime,
) -> None:
    """Store a new passkey; the first one completes an activation. Raises `NotAuthenticated` for a session left open."""
    await _require_live_link(session, login)
    had_ways = await _has_ways(session, login)
    _require_fresh(login, had_ways=had_ways, now=now)
    challenge, login.challenge = login.challenge, None
    if challenge is None:
        raise PasskeyRefused(reason="no_challenge")
    if login.kiosk_id is not None:  # a passkey on the tablet of an assembly would be nobody's own
        raise PasskeyRefused(reason="kiosk")
    kept = verify_registration(party, login.employee_id, credential, challenge, now)
    if not await queries.insert_passkey(session, kept):
        raise PasskeyRefused(reason="known")
    access.record_own(session, AccessKind.PASSKEY_ADDED, login.employee_id, now=now)
    await _complete(session, login, terms, now, had_ways=had_ways, passkey=kept.credential_id)


async def keep_pin(session: Session, login: LoginSession, pin: str, terms: Terms, *, now: datetime) -> None:
    """Store a PIN; only during an activation or by somebody the agency's sign-on vouches for and who has no way yet.

    So a borrowed phone cannot add one.
    """
    had_ways = await _has_ways(session, login)
    if login.activation_id is None and (login.method != identity.OIDC or had_ways):
        raise NotAuthenticated
    await _require_live_link(session, login)
    pins.require_strong(pin, (await asn.get_employee(session, login.employee_id)).birth_date)
    found = await queries.find_pin(session, login.employee_id)
    if found is None:
        session.add(Pin(employee_id=login.employee_id, hash=pins.hash_pin(pin), failures=0))
    else:
        found.hash, found.failures, found.locked_until = pins.hash_pin(pin), 0, None
    access.record_own(session, AccessKind.PIN_SET, login.employee_id, now=now)
    await _complete(session, login, terms, now, had_ways=had_ways, passkey=None)


async def _has_ways(session: Session, login: LoginSession) -> bool:
    """Whether the person could sign in before."""
    passkeys, has_pin = await identity.ways_in(session, login.employee_id)
    return bool(passkeys) or has_pin


def _require_fresh(login: LoginSession, *, had_ways: bool, now: datetime) -> None:
    """A passkey signs pledges, so a session somebody left open must not add one: only who has just come in by something of the own.

    The agency's sign-on alone gives the first way to sign, never one more.
    """
    if login.activation_id is not None or (login.method == identity.OIDC and not had_ways):
        return
    if login.method == identity.OIDC or now - login.created_at >= FRESH_LIFE:
        raise NotAuthenticated


async def _require_live_link(session: Session, login: LoginSession) -> None:
    """An onboarding session is worth what its link is: used or revoked in the meantime, it can keep nothing."""
    if login.activation_id is None:
        return
    activation = await queries.lock_activation(session, login.activation_id)
    if activation.used_at or activation.revoked_at:
        raise ActivationInvalid


async def _complete(
    session: Session,
    login: LoginSession,
    terms: Terms,
    now: datetime,
    *,
    had_ways: bool,
    passkey: bytes | None,
) -> None:
    """A way to sign in was kept: the link is used up, the onboarding session becomes a full one, a recovered account is held."""
    if login.activation_id is None:
        return
    activation = await queries.lock_activation(session, login.activation_id)
    activation.used_at = activation.settled_at = now
    activation.used_address, activation.used_device = session.info.get(access.ADDRESS, ""), login.device
    life = terms.sessions.life(shared=login.shared) if login.kiosk_id is None else identity.KIOSK_LIFE
    login.activation_id, login.expires_at = None, now + life
    session.add(login)
    if had_ways:
        await recovery.begin(session, login, activation, passkey=passkey, now=now)
    elif login.kiosk_id is None:
        await origin.look_at(session, activation, terms.activation, now=now)
