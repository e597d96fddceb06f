"""The passkeys of an account: list, add, remove. Several are allowed; the last one stays."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.permission import Permission
from app.core.principal import Principal
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts import queries
from app.identity.accounts.errors import LastPasskey
from app.identity.accounts.models import Account, AccountPasskey
from app.identity.accounts.sessions import (
    CHALLENGE_LIFE,
    Browser,
    account_of,
    own_session,
    record,
    take_challenge_of,
)
from app.identity.errors import PasskeyRefused
from app.identity.passkey import RelyingParty, check_registration, registration_options


async def list_passkeys(session: Session, actor: Principal) -> list[AccountPasskey]:
    """Return the passkeys of the caller's account, oldest first."""
    return await queries.list_passkeys(session, actor.require_account())


async def passkey_options(session: Session, party: RelyingParty, actor: Principal, *, now: datetime) -> dict[str, Any]:
    """Return the browser's creation options for one more passkey."""
    actor.require(Permission.PASSKEY_ADD)
    signed_in = await own_session(session, actor)
    account = await account_of(session, actor)
    known = await queries.list_passkeys(session, account.id)
    told, signed_in.challenge = registration_options(
        party, account.id, account.name, known, label=account.email, discoverable=True
    )
    signed_in.challenge_until = now + CHALLENGE_LIFE
    return told


async def add_passkey(
    session: Session,
    party: RelyingParty,
    actor: Principal,
    credential: dict[str, Any],
    browser: Browser,
    *,
    now: datetime,
) -> AccountPasskey:
    """Register one more passkey; raises `PasskeyRefused`."""
    actor.require(Permission.PASSKEY_ADD)
    challenge = take_challenge_of(await own_session(session, actor), now)
    if challenge is None:
        raise PasskeyRefused(reason="no_challenge")
    return await keep_passkey(session, party, await account_of(session, actor), credential, challenge, browser, now=now)


async def remove_passkey(session: Session, actor: Principal, passkey_id: UUID, *, now: datetime) -> None:
    """Remove a passkey of the caller's account, but never the last. Raises `NotFound`, `LastPasskey`."""
    actor.require(Permission.PASSKEY_ADD)
    known = await queries.list_passkeys(session, actor.require_account(), lock=True)
    gone = next((one for one in known if one.id == passkey_id), None)
    if gone is None:
        raise NotFound
    if len(known) == 1:
        raise LastPasskey
    await session.delete(gone)
    access.record(session, AccessKind.PASSKEY_REMOVED, actor, now=now, account=str(actor.id))


async def keep_passkey(
    session: Session,
    party: RelyingParty,
    account: Account,
    credential: dict[str, Any],
    challenge: bytes,
    browser: Browser,
    *,
    now: datetime,
) -> AccountPasskey:
    """Store the passkey of a registration answer; raises `PasskeyRefused`, also for one that is registered already."""
    made = check_registration(party, credential, challenge)
    if await queries.find_passkey(session, made.credential_id) is not None:
        raise PasskeyRefused(reason="known")
    kept = AccountPasskey(
        credential_id=made.credential_id,
        id=new_id(),
        account_id=account.id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        created_at=now,
        browser=browser.name,
    )
    session.add(kept)
    record(session, AccessKind.PASSKEY_ADDED, account, now)
    return kept
