"""What the evidence of a document's signatures tells outside: how strongly each signer proved who they are."""

from uuid import UUID

from app.core.db import Session
from app.signing import queries
from app.signing.covering import ActKind

KINDS = {ActKind.SIGN: "signer", ActKind.COUNTERSIGN: "countersigner"}
"""What a signature is called in a verdict, by the act it was made in."""


async def authentication_of(session: Session, document_id: UUID) -> dict[str, str]:
    """Return `passkey` or `pin+code` for each kind of signer; evidence of a certificate that was never used does not count."""
    found = await queries.list_evidence(session, document_id)
    return {KINDS[ActKind(kind)]: evidence.method for kind, evidence in found if not evidence.abandoned}
