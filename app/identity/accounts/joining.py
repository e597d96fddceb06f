"""Take up an invitation: a passkey is registered and the account is open.

An account that had passkeys (its holder lost them, and an administrator sent a new link) keeps none of them, and its sessions end.
"""

from datetime import datetime
from typing import Any

from app.core.db import Session
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts import queries
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.errors import InvitationInvalid
from app.identity.accounts.models import Account, AccountInvitation
from app.identity.accounts.passkeys import keep_passkey
from app.identity.accounts.sessions import Browser, Welcome, as_caller, open_session
from app.identity.errors import PasskeyRefused
from app.identity.passkey import RelyingParty, registration_options


async def find_invitation(session: Session, code: str, *, now: datetime) -> tuple[AccountInvitation, Account]:
    """Return the invitation of a code that still works, and its account; raises `InvitationInvalid` for every other."""
    found = await queries.find_invitation(session, InvitationPress.digest(code))
    if found is None:
        raise InvitationInvalid
    invitation, account = found
    if invitation.used_at or invitation.revoked_at or invitation.expires_at <= now or account.state == "disabled":
        raise InvitationInvalid
    return invitation, account


async def options(session: Session, party: RelyingParty, code: str, *, now: datetime) -> dict[str, Any]:
    """Return the browser's creation options, and remember their challenge with the invitation."""
    invitation, account = await find_invitation(session, code, now=now)
    told, invitation.challenge = registration_options(
        party, account.id, account.name, [], label=account.email, discoverable=True
    )
    return told


async def take_up(
    session: Session, party: RelyingParty, code: str, credential: dict[str, Any], browser: Browser, *, now: datetime
) -> Welcome:
    """Register the account's first passkey, use the link up, and sign the browser in. Raises `InvitationInvalid`, `PasskeyRefused`."""
    invitation, account = await find_invitation(session, code, now=now)
    challenge, invitation.challenge = invitation.challenge, None
    if challenge is None:
        raise PasskeyRefused(reason="no_challenge")
    await queries.delete_passkeys(session, account.id)
    await queries.end_sessions(session, account.id, now)
    await keep_passkey(session, party, account, credential, challenge, browser, now=now)
    invitation.used_at, account.state = now, "active"
    caller = as_caller(account)
    access.record(
        session, AccessKind.ACCOUNT_OPENED, caller, now=now, subject_id=account.employee_id, account=str(account.id)
    )
    return open_session(session, account, browser, "invitation", now=now)
