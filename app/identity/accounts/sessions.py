"""Sign in to an account, confirm that it is still its holder, and see and end its sessions.

A passkey with user verification is two factors in one: the device somebody has, and what unlocks it (a finger, a face, a PIN). The
session's token is drawn anew at every sign-in and whenever the passkey is used again. The agency's sign-on may come first, for an
account that is linked to an employee; what it opens is good for nothing but the passkey of that account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.secrets import new_token, token_hash
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts import queries
from app.identity.accounts.errors import AccountRefused
from app.identity.accounts.models import Account, AccountSession
from app.identity.errors import PasskeyRefused, PasskeyUnknown
from app.identity.passkey import (
    RelyingParty,
    challenge_of,
    check_assertion,
    credential_id_of,
)
from app.identity.queries import take_challenge

CHALLENGE_LIFE = timedelta(minutes=5)
FIRST_LIFE = timedelta(minutes=10)  # between the agency's sign-on and the passkey


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from, as the list of sessions tells it, and how long a session may last there."""

    address: str
    name: str
    life: timedelta
    device: bytes | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """A session and its token, told once."""

    token: str
    session: AccountSession


def open_session(session: Session, account: Account, browser: Browser, method: str, *, now: datetime) -> Welcome:
    """Open a session whose holder has just used a passkey."""
    token = new_token()
    opened = AccountSession(
        id=new_id(),
        account_id=account.id,
        token_hash=token_hash(token),
        address=browser.address,
        browser=browser.name,
        device=browser.device,
        created_at=now,
        last_seen_at=now,
        confirmed_at=now,
        expires_at=now + browser.life,
    )
    session.add(opened)
    record(session, AccessKind.LOGIN, account, now, method=method)
    return Welcome(token, opened)


async def begin_by_sign_on(
    session: Session, employee_id: UUID, browser: Browser, *, subject: str, sid: str | None, now: datetime
) -> Welcome:
    """Remember that the agency's sign-on vouched for an account's holder; raises `AccountRefused` where there is no such account."""
    account = await queries.find_of_employee(session, employee_id)
    if account is None:
        raise AccountRefused
    token = new_token()
    begun = AccountSession(
        id=new_id(),
        account_id=account.id,
        token_hash=token_hash(token),
        address=browser.address,
        browser=browser.name,
        device=browser.device,
        created_at=now,
        last_seen_at=now,
        confirmed_at=None,
        oidc_subject=subject,
        oidc_session=sid,
        expires_at=now + FIRST_LIFE,
    )
    session.add(begun)
    return Welcome(token, begun)


async def known_passkeys(session: Session, before: AccountSession | None) -> list[bytes]:
    """Return which passkeys will do for whoever came by the agency's sign-on; none named for anybody else."""
    if before is None or before.confirmed_at is not None:
        return []
    return [one.credential_id for one in await queries.list_passkeys(session, before.account_id)]


async def end_by_sign_on(
    session: Session, subject: str | None, sid: str | None, *, made_by: datetime, now: datetime
) -> None:
    """End the sessions the agency's sign-on has signed out."""
    for account in await queries.end_by_sign_on(session, subject, sid, made_by, now):
        record(session, AccessKind.LOGOUT, account, now, method="oidc")


async def sign_in(
    session: Session,
    party: RelyingParty,
    credential: dict[str, Any],
    browser: Browser,
    before: AccountSession | None,
    *,
    now: datetime,
) -> Welcome:
    """Sign in with a passkey over a fresh challenge; `before` is the session the browser had, and it ends.

    Where the agency's sign-on came first, only a passkey of that account will do. Every refusal is the same `AccountRefused`; one of a
    known account is written down.
    """
    challenge = challenge_of(credential)
    if challenge is None or not await take_challenge(session, challenge, now):
        raise AccountRefused
    vouched = before if before is not None and before.confirmed_at is None else None
    whose = vouched.account_id if vouched else None
    account = await _proven(session, party, credential, challenge, whose, now=now)
    if before is not None:
        before.ended_at = now
    welcome = open_session(session, account, browser, "oidc" if vouched else "passkey", now=now)
    if vouched is not None:
        welcome.session.oidc_subject, welcome.session.oidc_session = vouched.oidc_subject, vouched.oidc_session
    return welcome


async def confirm_options(session: Session, actor: Principal, *, now: datetime) -> tuple[bytes, list[bytes]]:
    """Return a challenge for this session alone, and the account's passkeys."""
    challenge = token_hash(new_token())
    signed_in = await own_session(session, actor)
    signed_in.challenge, signed_in.challenge_until = challenge, now + CHALLENGE_LIFE
    known = await queries.list_passkeys(session, signed_in.account_id)
    return challenge, [one.credential_id for one in known]


async def confirm(
    session: Session, party: RelyingParty, actor: Principal, credential: dict[str, Any], *, now: datetime
) -> Welcome:
    """Renew the session's confirmation with a passkey of its account; its token is drawn anew. Raises `AccountRefused`."""
    signed_in = await own_session(session, actor)
    challenge = take_challenge_of(signed_in, now)
    if challenge is None:
        raise AccountRefused
    account = await _proven(session, party, credential, challenge, signed_in.account_id, now=now)
    token = new_token()
    signed_in.token_hash, signed_in.confirmed_at = token_hash(token), now
    record(session, AccessKind.SESSION_CONFIRMED, account, now)
    return Welcome(token, signed_in)


async def list_own(
    session: Session, actor: Principal, after: UUID | None, limit: int, *, idle: timedelta, now: datetime
) -> list[AccountSession]:
    """Return the live sessions of the caller's account, newest first."""
    return await queries.list_sessions(session, actor.require_account(), after, limit, now, idle)


async def end_own(session: Session, actor: Principal, session_id: UUID, *, now: datetime) -> None:
    """End one session of the caller's account, this one to sign out. Raises `NotFound`."""
    if not await queries.end_sessions(session, actor.require_account(), now, only=session_id):
        raise NotFound
    kind = AccessKind.LOGOUT if session_id == actor.session_id else AccessKind.SESSION_ENDED
    access.record(session, kind, actor, now=now, account=str(actor.id))


async def end_others(session: Session, actor: Principal, *, now: datetime) -> int:
    """End every other session of the caller's account; return how many there were."""
    ended = await queries.end_sessions(session, actor.require_account(), now, but=actor.session_id)
    if ended:
        access.record(session, AccessKind.SESSION_ENDED, actor, now=now, account=str(actor.id), sessions=ended)
    return ended


def as_caller(account: Account) -> Principal:
    """Return an account as who acts in an event about itself."""
    return Principal(account.id, Role(account.role), Scope(frozenset()), account_id=account.id)


async def _proven(
    session: Session,
    party: RelyingParty,
    credential: dict[str, Any],
    challenge: bytes,
    account_id: UUID | None,
    *,
    now: datetime,
) -> Account:
    """Return the active account whose passkey answered the challenge; raises `AccountRefused`."""
    try:
        found = await queries.find_passkey(session, credential_id_of(credential))
    except PasskeyUnknown:
        found = None
    if found is None:
        raise AccountRefused
    passkey, account = found
    if account_id not in {None, account.id}:
        raise AccountRefused
    try:
        check_assertion(party, passkey, credential, challenge)
    except PasskeyRefused as refused:
        record(session, AccessKind.LOGIN_REFUSED, account, now, method="passkey", why=refused.params["reason"])
        raise AccountRefused from None
    if account.state != "active":
        record(session, AccessKind.LOGIN_REFUSED, account, now, method="passkey", why="disabled")
        raise AccountRefused
    passkey.last_used_at = now
    return account


async def own_session(session: Session, actor: Principal) -> AccountSession:
    """Return the caller's own session, locked; a token has none."""
    actor.require_account()
    if actor.session_id is None:
        raise NotFound
    return await queries.lock_session(session, actor.session_id)


async def account_of(session: Session, actor: Principal) -> Account:
    """Return the caller's account."""
    found = await queries.find_account(session, actor.require_account())
    if found is None:
        raise NotFound
    return found


def take_challenge_of(signed_in: AccountSession, now: datetime) -> bytes | None:
    """Return the challenge the session waits for, which is used up by being answered, however that ends."""
    challenge, until = signed_in.challenge, signed_in.challenge_until
    signed_in.challenge = signed_in.challenge_until = None
    return challenge if until is not None and now < until else None


def record(session: Session, kind: AccessKind, account: Account, now: datetime, **data: object) -> None:
    """Write what somebody did with their own account."""
    caller = as_caller(account)
    access.record(session, kind, caller, now=now, subject_id=account.employee_id, account=str(account.id), **data)
