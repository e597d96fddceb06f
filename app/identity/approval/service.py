"""Ask for a second administrator, approve, refuse.

An act is tried when it is asked for, in a savepoint that is rolled back, so that nothing waits that could not be done; and it is carried
out in the transaction of its approval, as whoever asked for it and with what they asked for, checked again as they and things are by
then. Who asked cannot approve: not by the same account or token, and not by another of the same name.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.account_settings import AccountSettings
from app.core.approval import PERMISSION_OF, Act, Waiting
from app.core.db import Session
from app.core.errors import NotFound, NotPermitted
from app.core.ids import new_id
from app.core.permission import Permission, Role
from app.core.principal import Principal, Scope
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.accounts.cookie import principal_of
from app.identity.approval import queries
from app.identity.approval.errors import ApprovalAskerGone, ApprovalOver, ApprovalOwn
from app.identity.approval.models import Approval

LIFE = timedelta(days=7)
OPERATOR = UUID(int=0)  # whoever works on the machine itself (app/cli/operator.py)
OPERATOR_NAME = "operator"
Doing = Callable[[Session, Principal, dict[str, Any], datetime], Awaitable[dict[str, Any]]]


class ApprovalDesk:
    """The requests of this process, with what each act does when it is approved (app/acts.py)."""

    def __init__(self, settings: AccountSettings, doings: Mapping[Act, Doing]) -> None:
        self._settings = settings
        self._doings = doings

    async def ask(
        self, session: Session, actor: Principal, act: Act, data: Mapping[str, Any], *, now: datetime
    ) -> Waiting:
        """Try the act, and keep it for a second administrator; raises what the act itself raises."""
        trusted = replace(actor, four_eyes=False)
        trial = await session.begin_nested()
        found = await self._doings[act](session, trusted, dict(data), now)
        await trial.rollback()
        session.expunge_all()  # what the trial made or changed is not there
        asked = Approval(
            id=new_id(),
            act=act.value,
            data=dict(data),
            about=str(found["about"]),
            state="waiting",
            asked_by=actor.id,
            asked_name=await self._name(session, actor.id),
            asked_at=now,
            expires_at=now + LIFE,
        )
        session.add(asked)
        access.record(session, AccessKind.APPROVAL_ASKED, actor, now=now, approval=str(asked.id), act=act.value)
        return Waiting(approval_id=asked.id, act=act, expires_at=asked.expires_at)

    async def approve(
        self, session: Session, actor: Principal, approval_id: UUID, reason: str, *, now: datetime
    ) -> tuple[Approval, dict[str, Any]]:
        """Carry the act out as whoever asked for it, and return what came of it.

        Raises `NotFound`, `ApprovalOver`, `ApprovalOwn`, `ApprovalAskerGone`, and what the act itself raises; then it still waits.
        """
        asked, name = await self._open(session, actor, approval_id, now)
        if asked.asked_by == actor.id or asked.asked_name.casefold() == name.casefold():
            raise ApprovalOwn
        asker = await self._asker(session, asked.asked_by, now)
        try:
            result = await self._doings[Act(asked.act)](session, asker, asked.data, now)
        except NotPermitted:
            raise ApprovalAskerGone from None
        found = await queries.lock_approval(session, approval_id)  # an act may have emptied the session of objects
        if found is None:
            raise NotFound
        _decide(session, found, actor, name, "approved", reason, now)
        return found, result

    async def refuse(
        self, session: Session, actor: Principal, approval_id: UUID, reason: str, *, now: datetime
    ) -> Approval:
        """Refuse an act, or take back the own request. Raises `NotFound`, `ApprovalOver`."""
        asked, name = await self._open(session, actor, approval_id, now)
        _decide(session, asked, actor, name, "refused", reason, now)
        return asked

    async def _open(self, session: Session, actor: Principal, approval_id: UUID, now: datetime) -> tuple[Approval, str]:
        """A request that can be decided by the caller, and the caller's name."""
        _require_all(actor, Permission.APPROVAL_DECIDE)
        asked = await queries.lock_approval(session, approval_id)
        if asked is None:
            raise NotFound
        replace(actor, four_eyes=False).require(PERMISSION_OF[Act(asked.act)])
        if asked.state != "waiting" or asked.expires_at <= now:
            raise ApprovalOver
        return asked, await self._name(session, actor.id)

    async def _asker(self, session: Session, asker_id: UUID, now: datetime) -> Principal:
        """Whoever asked, as they are now."""
        if asker_id == OPERATOR:
            return Principal(OPERATOR, Role.BKPSDM_ADMIN, Scope())
        if account := await queries.find_account(session, asker_id):
            return principal_of(account, None, self._settings, now=now, four_eyes=False)
        token = await queries.find_token(session, asker_id)
        if token is None or token.revoked_at is not None or token.expires_at < now:
            raise ApprovalAskerGone
        agencies = None if token.agencies is None else frozenset(map(UUID, token.agencies))
        return Principal(token.id, Role(token.role), Scope(agencies))

    @staticmethod
    async def _name(session: Session, caller_id: UUID) -> str:
        if caller_id == OPERATOR:
            return OPERATOR_NAME
        if account := await queries.find_account(session, caller_id):
            return account.name
        token = await queries.find_token(session, caller_id)
        return token.name if token else str(caller_id)


async def list_approvals(
    session: Session, actor: Principal, state: str | None, after: UUID | None, limit: int, *, now: datetime
) -> list[Approval]:
    """Return requests, newest first."""
    _require_all(actor, Permission.APPROVAL_DECIDE)
    return await queries.list_approvals(session, state, after, limit, now)


def state_of(asked: Approval, now: datetime) -> str:
    """Return a request's state as it is told: one that nobody decided in time has expired."""
    return "expired" if asked.state == "waiting" and asked.expires_at <= now else asked.state


def _require_all(actor: Principal, permission: Permission) -> None:
    actor.require(permission)
    if not actor.scope.everything:
        raise NotPermitted(permission=permission.value)


def _decide(
    session: Session, asked: Approval, actor: Principal, name: str, state: str, reason: str, now: datetime
) -> None:
    asked.state, asked.decided_by, asked.decided_name = state, actor.id, name
    asked.decided_at, asked.reason = now, reason
    kind = AccessKind.APPROVAL_GIVEN if state == "approved" else AccessKind.APPROVAL_REFUSED
    access.record(
        session, kind, actor, now=now, approval=str(asked.id), act=asked.act, by=str(asked.asked_by), reason=reason
    )
