"""SQL of administrators' accounts."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from app.core.db import Session
from app.identity.accounts.models import Account, AccountInvitation, AccountPasskey, AccountSession

SEEN_PAUSE = timedelta(minutes=1)  # how often a session's last sight is written


async def find_account(session: Session, account_id: UUID, *, lock: bool = False) -> Account | None:
    """Return an account."""
    statement = select(Account).where(Account.id == account_id)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def find_taken(session: Session, email: str, employee_id: UUID | None) -> list[Account]:
    """Return the accounts that have the address or the employee, locked."""
    taken = Account.email == email
    if employee_id is not None:
        taken = or_(taken, Account.employee_id == employee_id)
    return list((await session.execute(select(Account).where(taken).with_for_update())).scalars())


async def find_of_employee(session: Session, employee_id: UUID) -> Account | None:
    """Return the active account that is linked to an employee."""
    statement = select(Account).where(Account.employee_id == employee_id, Account.state == "active")
    return (await session.execute(statement)).scalar_one_or_none()


async def list_accounts(session: Session, after: UUID | None, limit: int) -> list[Account]:
    """Return accounts, newest first."""
    statement = select(Account).order_by(Account.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Account.id < after)
    return list((await session.execute(statement)).scalars())


async def has_active(session: Session, role: str) -> bool:
    """Whether anybody has taken up an account of a role."""
    found = select(Account.id).where(Account.role == role, Account.state == "active").limit(1)
    return (await session.execute(found)).scalar_one_or_none() is not None


async def revoke_invitations(session: Session, account_id: UUID, at: datetime) -> None:
    """End the links of an account that nobody has used."""
    await session.execute(
        update(AccountInvitation)
        .where(
            AccountInvitation.account_id == account_id,
            AccountInvitation.used_at.is_(None),
            AccountInvitation.revoked_at.is_(None),
        )
        .values(revoked_at=at)
    )


async def find_invitation(session: Session, code_hash: bytes) -> tuple[AccountInvitation, Account] | None:
    """Return the invitation with this code and its account, both locked: of two browsers that hold a link, one takes it up."""
    statement = (
        select(AccountInvitation, Account)
        .join(Account, Account.id == AccountInvitation.account_id)
        .where(AccountInvitation.code_hash == code_hash)
        .with_for_update()
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else (found[0], found[1])


async def read_invitation(session: Session, invitation_id: UUID) -> tuple[AccountInvitation, Account]:
    """Return an invitation that is known to exist, and its account."""
    statement = (
        select(AccountInvitation, Account)
        .join(Account, Account.id == AccountInvitation.account_id)
        .where(AccountInvitation.id == invitation_id)
    )
    found = (await session.execute(statement)).one()
    return found[0], found[1]


async def list_passkeys(session: Session, account_id: UUID, *, lock: bool = False) -> list[AccountPasskey]:
    """Return an account's passkeys, oldest first."""
    statement = select(AccountPasskey).where(AccountPasskey.account_id == account_id).order_by(AccountPasskey.id)
    return list((await session.execute(statement.with_for_update() if lock else statement)).scalars())


async def find_passkey(session: Session, credential_id: bytes) -> tuple[AccountPasskey, Account] | None:
    """Return a passkey, locked (its counter is about to be compared and written), and its account."""
    statement = (
        select(AccountPasskey, Account)
        .join(Account, Account.id == AccountPasskey.account_id)
        .where(AccountPasskey.credential_id == credential_id)
        .with_for_update(of=AccountPasskey)
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else (found[0], found[1])


async def delete_passkeys(session: Session, account_id: UUID) -> None:
    """Remove every passkey of an account."""
    await session.execute(delete(AccountPasskey).where(AccountPasskey.account_id == account_id))


async def find_session(
    session: Session, token_hash: bytes, now: datetime, idle: timedelta
) -> tuple[AccountSession, Account] | None:
    """Return the live session of a cookie with its account: not ended, not too old, not left idle, the account active."""
    statement = (
        select(AccountSession, Account)
        .join(Account, Account.id == AccountSession.account_id)
        .where(
            AccountSession.token_hash == token_hash,
            AccountSession.ended_at.is_(None),
            AccountSession.expires_at > now,
            AccountSession.last_seen_at > now - idle,
            Account.state == "active",
        )
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else (found[0], found[1])


async def touch_session(session: Session, seen: AccountSession, address: str, now: datetime) -> None:
    """Write when and from where a session was seen last, at most once a minute and never waiting for another request."""
    if now - seen.last_seen_at < SEEN_PAUSE:
        return
    free = (
        select(AccountSession.id).where(AccountSession.id == seen.id).with_for_update(skip_locked=True, key_share=True)
    )
    await session.execute(
        update(AccountSession)
        .where(AccountSession.id.in_(free.scalar_subquery()))
        .values(last_seen_at=now, address=address)
        .execution_options(synchronize_session=False)
    )


async def list_sessions(
    session: Session, account_id: UUID, after: UUID | None, limit: int, now: datetime, idle: timedelta
) -> list[AccountSession]:
    """Return an account's live sessions, newest first."""
    statement = (
        select(AccountSession)
        .where(
            AccountSession.account_id == account_id,
            AccountSession.confirmed_at.is_not(None),
            AccountSession.ended_at.is_(None),
            AccountSession.expires_at > now,
            AccountSession.last_seen_at > now - idle,
        )
        .order_by(AccountSession.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(AccountSession.id < after)
    return list((await session.execute(statement)).scalars())


async def lock_session(session: Session, session_id: UUID) -> AccountSession:
    """Return a session that is known to exist, locked: of two answers to one challenge, one is taken."""
    statement = select(AccountSession).where(AccountSession.id == session_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def end_sessions(
    session: Session, account_id: UUID, at: datetime, *, only: UUID | None = None, but: UUID | None = None
) -> int:
    """End an account's sessions: all, `only` one, or all `but` one; return how many there were."""
    statement = update(AccountSession).where(
        AccountSession.account_id == account_id, AccountSession.ended_at.is_(None), AccountSession.expires_at > at
    )
    if only is not None:
        statement = statement.where(AccountSession.id == only)
    if but is not None:
        statement = statement.where(AccountSession.id != but)
    ended = await session.execute(statement.values(ended_at=at).returning(AccountSession.id))
    return len(ended.all())


async def end_by_sign_on(
    session: Session, subject: str | None, sid: str | None, made_by: datetime, at: datetime
) -> list[Account]:
    """End the sessions that came by a session, or any of a subject, of the agency's sign-on; return whose they were."""
    statement = update(AccountSession).where(AccountSession.ended_at.is_(None), AccountSession.created_at <= made_by)
    if sid is not None:
        statement = statement.where(AccountSession.oidc_session == sid)
    if subject is not None:
        statement = statement.where(AccountSession.oidc_subject == subject)
    ended = await session.execute(statement.values(ended_at=at).returning(AccountSession.account_id))
    whose = set(ended.scalars())
    return list((await session.execute(select(Account).where(Account.id.in_(whose)))).scalars()) if whose else []
