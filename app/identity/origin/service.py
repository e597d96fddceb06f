"""Whoever hands out the first activation could take it up: what is done against that, and what is told of it.

Most people are handed a slip and come in within a minute; nothing here stands in their way. What stands against the one who would use a
slip of somebody else's:

* A first activation is *looked at twice*, and signs nothing until an administrator other than the issuer has said yes, where the browser
  it was taken up in is one in which somebody who issues activations was signed in (`office`), where many took theirs up in the same browser
  (`crowd`), and, if `PAKTA_ACTIVATION_WITNESS` is on, where the person has no mail address and cannot be told (`unreachable`). A code that
  was mailed to the person's own address proves as much as a second administrator (app/signing/authentication.py).
* The person is told by mail, with a link that says "that was not me"; so may the OPD's head, the Inspektorat, and administrators. A
  contested account signs nothing more, and its sessions end.
* Each signature carries in its evidence, and shows to whoever verifies it, by what the account was opened, when, and if it is contested.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.asn import service as asn
from app.core import jobs
from app.core.account_settings import ActivationSettings
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Permission
from app.core.principal import Principal
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.identity.models import Activation
from app.identity.origin import queries
from app.identity.origin.queries import Issued
from app.identity.origin.schemas import ActivationRead
from app.identity.recovery import queries as holds
from app.identity.recovery.service import END_JOB, TELL_JOB

OFFICE_DAYS = timedelta(days=180)
CROWD_DAYS = timedelta(days=14)
_PURPOSE = b"pakta.not-me.v1"
_MAC = 20  # hexadecimal digits of the link: 80 bits


async def look_at(session: Session, activation: Activation, terms: ActivationSettings, *, now: datetime) -> None:
    """Judge a first activation that was just taken up: tell its person, and hold the account where a second look is due."""
    await session.flush()
    activation.risk = await _risk_of(session, activation, terms, now)
    if activation.risk is not None:
        await holds.keep_hold(session, activation, now, None, cause="risk")
        data = {"risk": activation.risk, "issued_by": str(activation.issued_by)}
        access.record_own(session, AccessKind.ACTIVATION_HELD, activation.employee_id, now=now, **data)
    await jobs.defer(session, TELL_JOB, employee_id=str(activation.employee_id), activation_id=str(activation.id))


async def origin_of(session: Session, employee_id: UUID) -> dict[str, Any]:
    """Return what the evidence of a signature says of the signer's account: by what it was opened, who issued that, when, from where."""
    found = await queries.find_origin(session, employee_id)
    if found is None or found.settled_at is None:
        return {"by": "sign_on"}
    return {
        "by": found.kind,
        "activation": str(found.id),
        "issued_by": str(found.issued_by),
        "issued_role": found.issued_role,
        "issued_at": found.created_at.isoformat(),
        "settled_at": found.settled_at.isoformat(),
        "address": found.used_address,
        "risk": found.risk,
    }


async def contested_of(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some activations are contested."""
    return await queries.contested_of(session, ids) if ids else set()


async def list_issued(
    session: Session, actor: Principal, employee_id: UUID | None, used: bool | None, after: UUID | None, limit: int
) -> Sequence[Issued]:
    """Return the activations of people inside the caller's scope, newest first."""
    actor.require(Permission.ACTIVATION_READ)
    return await queries.list_issued(session, actor.scope, employee_id, used, after, limit)


def told(one: Issued, names: Mapping[UUID, str]) -> ActivationRead:
    """Return an activation as it is told; an issuer whose name the caller may not see, or who is gone, is told by id."""
    by = one.activation.issued_by
    read = {"name": one.name, "unit": one.unit, "issued_by_name": names.get(by, str(by))}
    fields = [field for field in ActivationRead.model_fields if field not in read]
    return ActivationRead(**read, **{field: getattr(one.activation, field) for field in fields})


async def contest(session: Session, actor: Principal, activation_id: UUID, reason: str, *, now: datetime) -> Activation:
    """Say that it was not its person who took an activation up. Raises `NotFound` outside the caller's scope."""
    actor.require(Permission.ACTIVATION_CONTEST)
    found = await queries.find(session, activation_id)
    if found is None or found.settled_at is None:
        raise NotFound
    await asn.require_visible(session, actor.scope, [found.employee_id])
    await _contest(session, found, actor, reason, now)
    return found


async def contest_by_link(session: Session, secret: bytes, link: str, *, now: datetime) -> None:
    """The person says so, by the link that was mailed to them. Raises `NotFound` for a link that is none."""
    await _contest(session, await find_by_link(session, secret, link), None, "", now)


async def find_by_link(session: Session, secret: bytes, link: str) -> Activation:
    """Return the activation a mailed link is about. Raises `NotFound`."""
    told, _, mac = link.partition("-")
    try:
        activation_id = UUID(hex=told)
    except ValueError:
        raise NotFound from None
    found = await queries.find(session, activation_id)
    if found is None or found.settled_at is None or not hmac.compare_digest(mac.encode(), _mac(secret, found.id)):
        raise NotFound
    return found


def link_of(secret: bytes, activation_id: UUID) -> str:
    """Return the last part of the address that says "that was not me"; only its person's mailbox is told it."""
    return f"{activation_id.hex}-{_mac(secret, activation_id).decode()}"


def _mac(secret: bytes, activation_id: UUID) -> bytes:
    return hmac.new(secret, _PURPOSE + activation_id.bytes, "sha256").hexdigest()[:_MAC].encode()


async def _contest(session: Session, found: Activation, actor: Principal | None, reason: str, now: datetime) -> None:
    """Nothing more is signed, and every session ends: by a job, since an OPD's caller does not see people's sessions."""
    if found.contested_at is not None:
        return
    found.contested_at = now
    await session.flush()
    await holds.keep_hold(session, found, now, None, cause="contested")
    more = {"reason": reason} if reason else {}
    access.record(
        session,
        AccessKind.ACTIVATION_CONTESTED,
        actor,
        now=now,
        subject_id=found.employee_id,
        by=str(found.issued_by),
        **more,
    )
    await jobs.defer(session, END_JOB, employee_id=str(found.employee_id))


async def _risk_of(session: Session, activation: Activation, terms: ActivationSettings, now: datetime) -> str | None:
    person, device = activation.employee_id, activation.used_device
    if device is not None:
        if await queries.is_of_an_office(session, device, person, now - OFFICE_DAYS):
            return "office"
        if await queries.count_in_browser(session, device, person, now - CROWD_DAYS) >= terms.most_in_a_browser:
            return "crowd"
    if terms.witness and not (await asn.get_employee(session, person)).email:
        return "unreachable"
    return None
