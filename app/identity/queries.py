"""SQL of identity."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import DateTime, bindparam, case, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.confinement import confined_to
from app.core.db import Session
from app.core.prepared import Prepared, Statement
from app.identity.kiosk.models import Kiosk
from app.identity.models import Activation, ApiToken, LoginChallenge, LoginSession, Passkey, Pin


class FoundToken(NamedTuple):
    """What every request with an API token asks of it; no entity, since nobody changes it on the way."""

    id: UUID
    role: str
    agencies: list[str] | None
    token_hash: bytes
    expires_at: datetime
    revoked_at: datetime | None
    previous_until: datetime | None


_AT = DateTime(timezone=True)
# Every request of a signed-in browser asks these.
_AT_LIVE_KIOSK = select(Kiosk.id).where(Kiosk.id == LoginSession.kiosk_id, Kiosk.revoked_at.is_(None)).exists()
_LIVE_LOGIN = Prepared(
    select(LoginSession, confined_to(LoginSession.employee_id, LoginSession.activation_id.is_(None))).where(
        LoginSession.token_hash == bindparam("token_hash"),
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at >= bindparam("now"),
        LoginSession.last_seen_at
        > case((LoginSession.shared, bindparam("shared_since", type_=_AT)), else_=bindparam("since", type_=_AT)),
        or_(LoginSession.kiosk_id.is_(None), _AT_LIVE_KIOSK),
    )
)
_TOKEN = Statement(
    select(*(getattr(ApiToken, name) for name in FoundToken._fields)).where(
        or_(ApiToken.token_hash == bindparam("token_hash"), ApiToken.previous_hash == bindparam("token_hash"))
    ),
    alone=True,
)
_HAS_PIN = select(Pin.employee_id).where(Pin.employee_id == bindparam("person")).exists()
_WAYS_IN = Prepared(
    select(Passkey, _HAS_PIN).where(Passkey.employee_id == bindparam("person")).order_by(Passkey.created_at)
)
_PASSKEY_LOCKED = Prepared(
    select(Passkey).where(Passkey.credential_id == bindparam("credential_id")).with_for_update(), fresh=True
)


async def insert_activations(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store issued links and revoke the unused ones the same people had."""
    people = [row["employee_id"] for row in rows]
    await session.execute(
        update(Activation)
        .where(Activation.employee_id.in_(people), Activation.used_at.is_(None), Activation.revoked_at.is_(None))
        .values(revoked_at=rows[0]["created_at"])
    )
    await session.execute(insert(Activation), rows)


async def find_activation(session: Session, code_hash: bytes, *, lock: bool = False) -> Activation | None:
    """Return the activation with this code."""
    statement = select(Activation).where(Activation.code_hash == code_hash)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def lock_activation(session: Session, activation_id: UUID) -> Activation:
    """Return an activation that is known to exist, locked: of two browsers that hold its link, one completes it."""
    return (
        await session.execute(select(Activation).where(Activation.id == activation_id).with_for_update())
    ).scalar_one()


async def find_login(
    session: Session, token_hash: bytes, now: datetime, *, since: datetime, shared_since: datetime
) -> LoginSession | None:
    """Return the live login session of a cookie; if its activation is over, the transaction is confined to its person.

    One that was not seen since then (on a shared computer, since the other instant) was left idle, and is over.
    """
    found = await _LIVE_LOGIN.first(session, token_hash=token_hash, now=now, since=since, shared_since=shared_since)
    return found[0] if found else None


async def find_token(session: Session, token_hash: bytes) -> FoundToken | None:
    """Return the API token with this hash, now or before its last rotation."""
    found = await _TOKEN.rows(session, token_hash=token_hash)
    return FoundToken(*found[0]) if found else None


async def ways_in(session: Session, employee_id: UUID) -> tuple[list[Passkey], bool]:
    """Return a person's passkeys, oldest first, and whether there is a PIN."""
    found = await _WAYS_IN.all(session, person=employee_id)
    if not found:
        return [], bool((await session.execute(select(_HAS_PIN), {"person": employee_id})).scalar_one())
    return [passkey for passkey, _ in found], found[0][1]


async def list_passkeys(session: Session, employee_id: UUID) -> list[Passkey]:
    """Return a person's passkeys."""
    statement = select(Passkey).where(Passkey.employee_id == employee_id).order_by(Passkey.created_at)
    return list((await session.execute(statement)).scalars())


async def insert_passkey(session: Session, passkey: Passkey) -> bool:
    """Store a passkey; whether its id was free. An authenticator draws ids at random, so one that is taken was made up."""
    columns = Passkey.__table__.columns.keys()
    statement = upsert(Passkey).values({name: getattr(passkey, name) for name in columns}).on_conflict_do_nothing()
    return (await session.execute(statement.returning(Passkey.credential_id))).first() is not None


async def find_passkey(session: Session, credential_id: bytes) -> Passkey | None:
    """Return a passkey by its id, locked: its counter is about to be compared and written."""
    found = await _PASSKEY_LOCKED.first(session, credential_id=credential_id)
    return found[0] if found else None


async def find_pin(session: Session, employee_id: UUID) -> Pin | None:
    """Return a person's PIN, locked: the try is counted before it is judged."""
    return (
        await session.execute(select(Pin).where(Pin.employee_id == employee_id).with_for_update())
    ).scalar_one_or_none()


async def take_challenge(session: Session, challenge: bytes, now: datetime) -> bool:
    """Remove a login challenge; whether it was there and alive. Dead ones go on the way."""
    taken = await session.execute(
        delete(LoginChallenge).where(LoginChallenge.challenge == challenge).returning(LoginChallenge.expires_at)
    )
    expires_at = taken.scalar_one_or_none()
    await session.execute(delete(LoginChallenge).where(LoginChallenge.expires_at < now))
    return expires_at is not None and expires_at >= now
