"""Invite, list, change and disable accounts of administrators.

Whoever grants roles sees the whole service; nobody changes the own account. Every change of a role, a scope or a state ends the
account's sessions at once: the next one begins with a passkey, a new token and the new role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.asn import service as asn
from app.core import jobs
from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts import queries
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.errors import AccountDisabled, AccountExists, AccountOwn, AccountScopeInvalid
from app.identity.accounts.models import Account, AccountInvitation, AccountSession
from app.identity.accounts.schemas import AccountCreate, AccountUpdate
from app.opd import service as opd

TELL_JOB = "identity.tell_invitation"
NEED_AGENCY = {Role.HEAD, Role.OPD_ADMIN}


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as it is handed out; its code is stored only as a hash."""

    account: Account
    code: str
    expires_at: datetime


async def invite(
    session: Session, actor: Principal, press: InvitationPress, wanted: AccountCreate, *, life: timedelta, now: datetime
) -> Invited:
    """Make an account, or open a disabled one again, and the one-use link that leads into it.

    Raises `AccountExists`, `AccountScopeInvalid`, and `NotFound` for an employee who is not there.
    """
    _require(actor, Permission.ROLE_GRANT)
    await _require_scope(session, wanted.role, wanted.agencies)
    if wanted.employee_id is not None:
        await asn.require_visible(session, actor.scope, [wanted.employee_id])
    taken = await queries.find_taken(session, wanted.email, wanted.employee_id)
    if len(taken) > 1 or any(one.state != "disabled" for one in taken):
        raise AccountExists
    account = taken[0] if taken else Account(id=new_id(), created_at=now, created_by=actor.id)
    if account.id == actor.id:
        raise AccountOwn
    account.name, account.email, account.role = wanted.name, wanted.email, wanted.role.value
    account.agencies = _named(wanted.agencies)
    account.employee_id, account.state, account.disabled_at = wanted.employee_id, "invited", None
    try:
        async with session.begin_nested():
            session.add(account)
    except IntegrityError:  # somebody else was invited with the same address at this moment
        raise AccountExists from None
    await queries.delete_passkeys(session, account.id)
    invited = await _invitation(session, actor, press, account, life=life, now=now)
    _record(session, AccessKind.ACCOUNT_INVITED, actor, account, now, role=account.role, agencies=account.agencies)
    return invited


async def renew(
    session: Session, actor: Principal, press: InvitationPress, account_id: UUID, *, life: timedelta, now: datetime
) -> Invited:
    """Make a new link for an account: the first was lost, or its holder has lost every passkey.

    Taken up it replaces the passkeys the account had (`joining.take_up`), so it needs what granting a role needs.
    """
    _require(actor, Permission.ROLE_GRANT)
    account = await _get_other(session, actor, account_id)
    if account.state == "disabled":
        raise AccountDisabled
    invited = await _invitation(session, actor, press, account, life=life, now=now)
    _record(session, AccessKind.ACCOUNT_INVITED, actor, account, now, role=account.role, renewed=True)
    return invited


async def grant(
    session: Session, actor: Principal, account_id: UUID, wanted: AccountUpdate, *, now: datetime
) -> Account:
    """Give an account another role and scope; its sessions end. Raises `NotFound`, `AccountOwn`, `AccountDisabled`."""
    _require(actor, Permission.ROLE_GRANT)
    await _require_scope(session, wanted.role, wanted.agencies)
    account = await _get_other(session, actor, account_id)
    if account.state == "disabled":
        raise AccountDisabled
    account.role, account.agencies = wanted.role.value, _named(wanted.agencies)
    await session.flush()
    await queries.end_sessions(session, account.id, now)
    _record(session, AccessKind.ROLE_GRANTED, actor, account, now, role=account.role, agencies=account.agencies)
    return account


async def disable(session: Session, actor: Principal, account_id: UUID, *, now: datetime) -> Account:
    """Close an account: its sessions, its link and its passkeys end at once. Asked for again it changes nothing."""
    _require(actor, Permission.ACCOUNT_END)
    account = await _get_other(session, actor, account_id)
    if account.state == "disabled":
        return account
    account.state, account.disabled_at = "disabled", now
    await session.flush()
    await queries.end_sessions(session, account.id, now)
    await queries.revoke_invitations(session, account.id, now)
    await queries.delete_passkeys(session, account.id)
    _record(session, AccessKind.ACCOUNT_DISABLED, actor, account, now)
    return account


async def list_accounts(session: Session, actor: Principal, after: UUID | None, limit: int) -> list[Account]:
    """Return accounts, newest first."""
    _require(actor, Permission.ACCOUNT_READ)
    return await queries.list_accounts(session, after, limit)


async def find_by_email(session: Session, actor: Principal, email: str) -> Account | None:
    """Return the account of an address."""
    _require(actor, Permission.ACCOUNT_READ)
    return next(iter(await queries.find_taken(session, email.lower(), None)), None)


async def get_account(session: Session, actor: Principal, account_id: UUID) -> Account:
    """Return an account; raises `NotFound`."""
    _require(actor, Permission.ACCOUNT_READ)
    return await _get(session, account_id)


async def list_sessions_of(
    session: Session,
    actor: Principal,
    account_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    idle: timedelta,
    now: datetime,
) -> list[AccountSession]:
    """Return an account's live sessions, newest first."""
    await get_account(session, actor, account_id)
    return await queries.list_sessions(session, account_id, after, limit, now, idle)


async def end_sessions_of(
    session: Session, actor: Principal, account_id: UUID, only: UUID | None, *, now: datetime
) -> int:
    """End another account's sessions, or `only` one of them; return how many ended."""
    _require(actor, Permission.ACCOUNT_END)
    account = await _get(session, account_id)
    ended = await queries.end_sessions(session, account.id, now, only=only)
    if only is not None and not ended:
        raise NotFound
    if ended:
        _record(session, AccessKind.SESSION_ENDED, actor, account, now, sessions=ended)
    return ended


async def has_active_admin(session: Session) -> bool:
    """Whether anybody has taken up an account that may grant roles: until then there is nobody who could be the second."""
    return await queries.has_active(session, Role.BKPSDM_ADMIN.value)


async def _invitation(
    session: Session, actor: Principal, press: InvitationPress, account: Account, *, life: timedelta, now: datetime
) -> Invited:
    await queries.revoke_invitations(session, account.id, now)
    invitation = AccountInvitation(
        id=new_id(), account_id=account.id, created_at=now, created_by=actor.id, expires_at=now + life
    )
    code = press.code(invitation.id)
    invitation.code_hash = press.digest(code)
    session.add(invitation)
    await session.flush()
    await jobs.defer(session, TELL_JOB, invitation_id=str(invitation.id))
    return Invited(account, code, invitation.expires_at)


async def _get(session: Session, account_id: UUID) -> Account:
    account = await queries.find_account(session, account_id, lock=True)
    if account is None:
        raise NotFound
    return account


async def _get_other(session: Session, actor: Principal, account_id: UUID) -> Account:
    account = await _get(session, account_id)
    if account.id == actor.id:
        raise AccountOwn
    return account


async def _require_scope(session: Session, role: Role, agencies: Sequence[UUID] | None) -> None:
    known = {agency.id for agency in await opd.list_all_agencies(session)} if agencies else set()
    if role is Role.ASN or not set(agencies or ()) <= known or (role in NEED_AGENCY and not agencies):
        raise AccountScopeInvalid(role=role.value)


def _require(actor: Principal, permission: Permission) -> None:
    actor.require(permission)
    if not actor.scope.everything:
        raise NotPermitted(permission=permission.value)


def _named(agencies: Sequence[UUID] | None) -> list[str] | None:
    return None if agencies is None else [str(agency) for agency in agencies]


def _record(
    session: Session, kind: AccessKind, actor: Principal, account: Account, now: datetime, **data: object
) -> None:
    access.record(session, kind, actor, now=now, subject_id=account.employee_id, account=str(account.id), **data)
