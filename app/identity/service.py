"""Activation, login, and the credentials of a person."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.asn import service as asn
from app.core.account_settings import SessionSettings
from app.core.db import Session
from app.core.ids import new_code, new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal
from app.core.secrets import new_token, token_hash
from app.identity import pin as pins
from app.identity import queries
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.errors import ActivationInvalid, BirthDateWrong, LoginRefused, PinLocked
from app.identity.models import Activation, LoginChallenge, LoginSession, Passkey
from app.identity.passkey import (
    RelyingParty,
    challenge_of,
    verify_assertion,
)
from app.identity.tokens import service as tokens

ACTIVATION_LIFE = timedelta(days=14)
BIRTH_DATE_TRIES = 5
FIRST_LIFE = timedelta(minutes=5)  # until the edge has said where the login is, and how long it lasts there
KIOSK_LIFE = timedelta(minutes=10)
ONBOARDING_LIFE = timedelta(minutes=30)
CHALLENGE_LIFE = timedelta(minutes=5)
OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link as it is handed out; its code is stored only as a hash."""

    employee_id: UUID
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """A fresh login: the cookie's token, told once."""

    token: str
    session: LoginSession


async def issue_activations(
    session: Session, actor: Principal, employee_ids: Sequence[UUID], *, now: datetime
) -> list[IssuedLink]:
    """Make one-time links for people in the caller's scope; links they had and did not use stop working."""
    links = [draw_link(employee_id, now=now) for employee_id in employee_ids]
    await issue_links(session, actor, links, now=now)
    return links


def draw_link(employee_id: UUID, *, now: datetime) -> IssuedLink:
    """Return a link that opens nothing until it is issued: for whoever must write a letter before it is certain that it leaves."""
    return IssuedLink(employee_id, new_code(), now + ACTIVATION_LIFE)


async def issue_links(session: Session, actor: Principal, links: Sequence[IssuedLink], *, now: datetime) -> None:
    """Make drawn links work, of people in the caller's scope; links they had and did not use stop working."""
    actor.require(Permission.ACTIVATION_ISSUE)
    await asn.require_visible(session, actor.scope, [link.employee_id for link in links])
    await keep_activations(session, actor, "link", [(one.employee_id, token_hash(one.code)) for one in links], now=now)


async def keep_activations(
    session: Session, actor: Principal, kind: str, digests: Sequence[tuple[UUID, bytes]], *, now: datetime
) -> None:
    """Store activations (person, digest of the code) of a kind, `link` or `slip`, revoke unused earlier ones, write each down."""
    await queries.insert_activations(
        session,
        [
            {
                "id": new_id(),
                "employee_id": employee_id,
                "code_hash": digest,
                "kind": kind,
                "issued_by": actor.id,
                "issued_role": actor.role.value,
                "created_at": now,
                "expires_at": now + ACTIVATION_LIFE,
                "tries_left": BIRTH_DATE_TRIES,
            }
            for employee_id, digest in digests
        ],
    )
    people = [employee_id for employee_id, _ in digests]
    await access.record_many(session, AccessKind.ACTIVATION_ISSUED, actor, people, now=now, means=kind)


async def find_live_activation(session: Session, digest: bytes, *, now: datetime, lock: bool = False) -> Activation:
    """Return the activation of a code (`SlipPress.digest`) that still works; raises `ActivationInvalid` for every other."""
    found = await queries.find_activation(session, digest, lock=lock)
    if found is None or found.used_at or found.revoked_at or found.expires_at < now or found.tries_left <= 0:
        raise ActivationInvalid
    return found


async def activate(session: Session, digest: bytes, birth_date: date, *, now: datetime) -> Login:
    """Open an onboarding session for whoever holds the link or slip and knows the birth date.

    The link is used up only when a passkey or PIN is kept, so a phone that dies in between loses nothing.
    """
    activation = await find_live_activation(session, digest, now=now, lock=True)
    employee = await asn.get_employee(session, activation.employee_id)
    if employee.birth_date != birth_date:
        activation.tries_left -= 1
        left = activation.tries_left
        access.record(session, AccessKind.ACTIVATION_REFUSED, None, now=now, subject_id=employee.id, tries_left=left)
        raise BirthDateWrong(tries_left=activation.tries_left)
    return open_login(session, employee.id, "activation", now, activation=activation.id)


async def check_pin(session: Session, employee_id: UUID, pin: str, *, now: datetime) -> bool:
    """Judge a PIN. Counted first and forgiven on success, so a crash in between favours nobody; raises `PinLocked`."""
    found = await queries.find_pin(session, employee_id)
    if found is not None and found.locked_until and found.locked_until > now:
        raise PinLocked(until=found.locked_until)
    judged = asyncio.get_running_loop().run_in_executor(pins.JUDGES, pins.matches, pin, found.hash if found else None)
    if not await judged:
        if found is not None:
            found.failures += 1
            found.locked_until = pins.locked_until(found.failures, now)
        return False
    if found is not None:
        found.failures, found.locked_until = 0, None
    return True


async def login_challenge(session: Session, *, now: datetime) -> bytes:
    """Return a challenge for a passkey login, good for five minutes and one use."""
    challenge = token_hash(new_token())
    session.add(LoginChallenge(challenge=challenge, expires_at=now + CHALLENGE_LIFE))
    return challenge


async def login_with_passkey(
    session: Session, party: RelyingParty, credential: dict[str, object], *, now: datetime
) -> Login:
    """Sign in with a discoverable passkey over a challenge of ours."""
    challenge = challenge_of(credential)
    if challenge is None or not await queries.take_challenge(session, challenge, now):
        raise LoginRefused
    passkey, _ = await verify_assertion(session, party, credential, challenge, employee_id=None)
    return open_login(session, passkey.employee_id, "passkey", now)


async def logout(session: Session, login: LoginSession, *, now: datetime) -> None:
    """End a login session."""
    login.revoked_at = now
    session.add(login)
    access.record_own(session, AccessKind.LOGOUT, login.employee_id, now=now)


async def find_login(session: Session, token: str, lasting: SessionSettings, *, now: datetime) -> LoginSession | None:
    """Return the live login session of a cookie; once it is settled the transaction sees its person's rows only."""
    since, shared_since = now - lasting.idle(shared=False), now - lasting.idle(shared=True)
    return await queries.find_login(session, token_hash(token), now, since=since, shared_since=shared_since)


async def ways_in(session: Session, employee_id: UUID) -> tuple[list[Passkey], bool]:
    """Return a person's passkeys and whether there is a PIN."""
    return await queries.ways_in(session, employee_id)


async def create_token(
    session: Session, *, name: str, role: Role, agencies: Sequence[UUID] | None, life: timedelta, now: datetime
) -> str:
    """Make an API token and return it; it is stored as a hash and cannot be shown again."""
    return tokens.create(session, name=name, role=role, agencies=agencies, life=life, now=now)


def open_login(
    session: Session,
    employee_id: UUID,
    method: str,
    now: datetime,
    *,
    activation: UUID | None = None,
    oidc_subject: str | None = None,
    oidc_session: str | None = None,
) -> Login:
    """Open a login: a full one, or that of an activation, in which a way to sign in is chosen."""
    token = new_token()
    login = LoginSession(
        id=new_id(),
        employee_id=employee_id,
        token_hash=token_hash(token),
        activation_id=activation,
        method=method,
        oidc_subject=oidc_subject,
        oidc_session=oidc_session,
        created_at=now,
        last_seen_at=now,
        expires_at=now + (FIRST_LIFE if activation is None else ONBOARDING_LIFE),
    )
    session.add(login)
    kind = AccessKind.LOGIN if activation is None else AccessKind.ACTIVATION_USED
    access.record_own(session, kind, employee_id, now=now, method=method)
    return Login(token, login)
