"""The verdict: one word, and the checks it follows from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.pdf.inspect import Check, Inspection
from app.signing.evidence import Proven


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


@dataclass(frozen=True, slots=True)
class Voided:
    """That a document was voided: when, and the class of the reason."""

    at: datetime
    ground: str


@dataclass(frozen=True)
class Registered:
    """What the register adds to a file: checks, whether it was voided, and how each kind of signer proved who they were.

    `seal_refused`: why it bears no e-seal and never will, one of `document.models.SEAL_REFUSED`.
    """

    checks: Sequence[Check] = ()
    voided: Voided | None = None
    proofs: Mapping[str, Proven] = field(default_factory=dict)
    assurance: str = "uncertified"
    seal_refused: str | None = None


@dataclass(frozen=True)
class Report:
    """A verdict with its reasons; `proofs` by kind of signer, as the evidence has them."""

    verdict: Verdict
    reason: str
    assurance: str | None
    signers: list[SignerFacts] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    voided: Voided | None = None
    proofs: Mapping[str, Proven] = field(default_factory=dict)
    seal_refused: str | None = None


def judge(inspection: Inspection, registered: Registered = Registered()) -> Report:
    """Return the verdict over an inspection and what register and log say of the file."""
    if inspection.reason is not None:
        return Report(Verdict.NOT_CHECKED, inspection.reason, None, checks=list(inspection.checks))
    checks = [*inspection.checks, *registered.checks]
    signers = [SignerFacts(s.kind, s.name, s.nip, s.organisation, s.opd, s.signed_at) for s in inspection.signers]
    failed = next((check for check in checks if check.result == "failed"), None)
    if failed is not None:
        voided = registered.voided if failed.code == "register.voided" else None
        return Report(Verdict.INVALID, failed.code, None, signers, checks, voided, registered.proofs)
    refused = registered.seal_refused
    return Report(Verdict.VALID, "", registered.assurance, signers, checks, None, registered.proofs, refused)


def judge_scan(registered: Registered) -> Report:
    """Return the verdict over a scan of the register: it is known, and there is no electronic signature that could be checked."""
    checks = list(registered.checks)
    failed = next((check for check in checks if check.result == "failed"), None)
    if failed is not None:
        voided = registered.voided if failed.code == "register.voided" else None
        return Report(Verdict.INVALID, failed.code, None, [], checks, voided)
    return Report(Verdict.NOT_CHECKED, "document.wet_scan", registered.assurance, [], checks)
