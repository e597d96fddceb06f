"""What becomes of a row of the roster: its outcome, the codes that say why, and what to do about each (in Indonesian)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.texts import text


class Outcome(StrEnum):
    """Accepted as it stands, accepted with a remark, or left out."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a row: a stable code, the column as the file spells it, what stands there, and what to do."""

    code: str
    column: str
    found: str
    remedy: str


WARNINGS = frozenset({"birth_date.mismatch", "repaired.characters"})

CODES = frozenset(
    {
        "birth_date.mismatch",
        "name.formula",
        "name.missing",
        "nip.birth_date",
        "nip.characters",
        "nip.duplicate",
        "nip.excel_float",
        "nip.excel_zeros",
        "nip.length",
        "nip.month",
        "repaired.characters",
        "unit.unknown",
    }
)
"""Every code a row can carry."""


def finding(code: str, column: str, found: str, **details: object) -> Finding:
    """Make a finding with the remedy of its code from the catalogue; `details` fill the sentence."""
    return Finding(code, column, found, text(f"remedy.{code}", **details))


def twice_finding(column: str, found: str, first: str) -> Finding:
    """Make the finding of a row whose person an earlier row named, by NIP or by PNS ID."""
    return Finding(
        "nip.duplicate", column, found, f"Pegawai ini sudah ada di baris {first}. Hapus salah satu barisnya."
    )


def holder_finding(column: str, found: str) -> Finding:
    """Make the finding of a NIP that somebody else on the roster has and keeps."""
    remedy = "NIP ini sudah dipakai pegawai lain dalam daftar. Periksa NIP kedua pegawai di SIASN, lalu impor keduanya."
    return Finding("nip.duplicate", column, found, remedy)


def outcome_of(findings: Sequence[Finding]) -> Outcome:
    """Return the outcome of a row with these findings: anything that is no mere warning rejects it."""
    if not findings:
        return Outcome.ACCEPTED
    return Outcome.WARNED if all(found.code in WARNINGS for found in findings) else Outcome.REJECTED
