"""What the evidence of a document's signatures tells outside: how strongly each signer proved who they are, and where the account comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Session
from app.identity.origin import service as origin
from app.signing import queries
from app.signing.covering import ActKind

KINDS = {ActKind.SIGN: "signer", ActKind.COUNTERSIGN: "countersigner"}
"""What a signature is called in a verdict, by the act it was made in."""


@dataclass(frozen=True, slots=True)
class Opened:
    """By what the signer's account was opened (slip, link, sign_on), when, and whether somebody says it was not them."""

    by: str
    at: datetime | None
    contested: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """How a signer proved who they are; `account` is None of evidence kept before it said so."""

    method: str
    account: Opened | None


async def proofs_of(session: Session, document_id: UUID) -> dict[str, Proven]:
    """Return the proof of each kind of signer; evidence of a certificate that was never used does not count."""
    used = [(kind, one) for kind, one in await queries.list_evidence(session, document_id) if not one.abandoned]
    named = {UUID(told["activation"]) for _, one in used if (told := one.data.get("account", {})).get("activation")}
    contested = await origin.contested_of(session, named)
    return {KINDS[ActKind(kind)]: Proven(one.method, _opened(one.data.get("account"), contested)) for kind, one in used}


def _opened(told: dict[str, Any] | None, contested: set[UUID]) -> Opened | None:
    if told is None:
        return None
    if "activation" not in told:
        return Opened(told["by"], None, contested=False)
    return Opened(told["by"], datetime.fromisoformat(told["settled_at"]), UUID(told["activation"]) in contested)
