"""The canonical record of a fact: JSON with sorted keys and no spaces, ASCII only, so that anyone can make the same bytes.

It holds no personal data: who acted is a pseudonym salted with a secret of this log, which links the acts of one person
for us and for nobody else.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from app.merkle.note import NoteKey


class Fact(StrEnum):
    """What is written down."""

    COUNTERSIGNER_RECORDED = "countersigner.recorded"
    DOCUMENT_COUNTERSIGNED = "document.countersigned"
    DOCUMENT_RENEWED = "document.renewed"
    DOCUMENT_SEALED = "document.sealed"
    DOCUMENT_SIGNED = "document.signed"
    DOCUMENT_VOIDED = "document.voided"
    EMPLOYEE_CHANGED = "employee.changed"
    EMPLOYEE_MERGED = "employee.merged"
    EXEMPTION_APPROVED = "exemption.approved"
    EXEMPTION_ENDED = "exemption.ended"
    EXEMPTION_REFUSED = "exemption.refused"
    EXEMPTION_REQUESTED = "exemption.requested"
    EXEMPTION_WITHDRAWN = "exemption.withdrawn"
    PERSONAL_DATA_READ = "personal.data_read"
    REMOTE_DECIDED = "remote.decided"
    ROSTER_APPLIED = "roster.applied"
    ROSTER_UNDONE = "roster.undone"
    ROUND_CLOSED = "round.closed"
    ROUND_OPENED = "round.opened"
    ROUND_POPULATION_CHANGED = "round.population_changed"
    SCAN_ACCEPTED = "scan.accepted"
    UNIT_HEAD_RECORDED = "unit.head_recorded"
    UNITS_CHANGED = "units.changed"


@dataclass(frozen=True)
class LogIdentity:
    """The log as its readers know it: its key and name, how it signs, and the salt of its pseudonyms."""

    key: NoteKey
    sign: Callable[[bytes], bytes]
    salt: bytes

    def pseudonym(self, person: UUID) -> str:
        """HMAC-SHA-256 of a person's id under the log's salt, in hex."""
        return hmac.new(self.salt, person.bytes, "sha256").hexdigest()


def canonical(kind: Fact, digest: bytes, at: datetime, who: str | None) -> bytes:
    """Return the record's bytes: kind, SHA-256 of the subject in hex, time to the second in UTC, pseudonym if any."""
    at = at.astimezone(UTC)
    actor = "" if who is None else f',"who":"{who}"'
    text = f'{{"at":"{at:%Y-%m-%dT%H:%M:%SZ}","digest":"{digest.hex()}","kind":"{kind.value}","v":1{actor}}}'
    return text.encode("ascii")
