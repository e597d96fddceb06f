"""The verdict: one word, and the checks it follows from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.pdf.inspect import Check, Inspection


class Verdict(StrEnum):
    """valid: every check that counts passed; invalid: one failed; not_checked: there was nothing of ours to check."""

    INVALID = "invalid"
    NOT_CHECKED = "not_checked"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """Who signed, as the certificate says, and when, as the time stamp says."""

    kind: str
    name: str
    nip: str
    organisation: str
    agency: str
    signed_at: datetime | None


@dataclass(frozen=True)
class Report:
    """A verdict with its reasons."""

    verdict: Verdict
    reason: str
    assurance: str | None
    signers: list[SignerFacts] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def judge(inspection: Inspection, further: Sequence[Check] = ()) -> Report:
    """Return the verdict over an inspection and further checks (register, log)."""
    if inspection.reason is not None:
        return Report(Verdict.NOT_CHECKED, inspection.reason, None, checks=list(inspection.checks))
    checks = [*inspection.checks, *further]
    signers = [SignerFacts(s.kind, s.name, s.nip, s.organisation, s.opd, s.signed_at) for s in inspection.signers]
    failed = next((check for check in checks if check.result == "failed"), None)
    if failed is not None:
        return Report(Verdict.INVALID, failed.code, None, signers, checks)
    return Report(Verdict.VALID, "", "uncertified", signers, checks)
