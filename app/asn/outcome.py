"""What becomes of a row of the roster: its outcome, the codes that say why, and what to do about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.texts import text


class Outcome(StrEnum):
    """Accepted as it stands, accepted with a remark, or left out."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a row: a stable code, the column as the file spells it, what stands there, and what fills the sentence.

    `params["text"]` names another sentence than the code's, where one code has several causes.
    """

    code: str
    column: str
    found: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def remedy(self) -> str:
        """What to do, in Indonesian."""
        return remedy_of(self.code, self.params)


def remedy_of(code: str, params: Mapping[str, object], language: str = "id") -> str:
    """Return what to do about a finding in a language."""
    return text(f"remedy.{params.get('text', code)}", language, **params)


WARNINGS = frozenset(
    {"birth_date.mismatch", "birth_date.swapped", "legal_status.unknown", "nik.unusable", "repaired.characters"}
)

CODES = frozenset(
    {
        "birth_date.mismatch",
        "birth_date.missing",
        "birth_date.swapped",
        "legal_status.unknown",
        "name.formula",
        "name.missing",
        "nik.birth_date",
        "nik.characters",
        "nik.excel_float",
        "nik.length",
        "nik.unusable",
        "nip.birth_date",
        "nip.characters",
        "nip.duplicate",
        "nip.excel_float",
        "nip.excel_zeros",
        "nip.length",
        "nip.month",
        "number.duplicate",
        "number.excel_float",
        "number.held",
        "number.missing",
        "repaired.characters",
        "unit.unknown",
    }
)
"""Every code a row can carry."""


def outcome_of(findings: Sequence[Finding]) -> Outcome:
    """Return the outcome of a row with these findings: anything that is no mere warning rejects it."""
    if not findings:
        return Outcome.ACCEPTED
    return Outcome.WARNED if all(found.code in WARNINGS for found in findings) else Outcome.REJECTED
