"""Verdicts over the API: validity, masked names and NIPs, agency, time; no more."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from app.signing.evidence import Proven
from app.verification.verdict import Report


class CheckRead(BaseModel):
    """One check with its result."""

    code: str
    result: Literal["passed", "failed", "not_checked"]
    detail: str


class AccountOpened(BaseModel):
    """By what the signer's account was opened: a slip or link of the agency, or the agency's sign-on. `contested`: somebody says it was not them."""

    by: Literal["slip", "link", "sign_on"]
    at: datetime | None
    contested: bool


class SignerRead(BaseModel):
    """Who signed, masked."""

    kind: str
    name: str
    nip: str
    agency: str
    signed_at: datetime | None
    authentication: Literal["passkey", "pin+code", "pin+slip", "passphrase", "totp", "token"] | None
    account: AccountOpened | None


class VoidedRead(BaseModel):
    """That a document was voided: when, and the class of the reason; whose doing it was is nobody's business here."""

    at: datetime
    ground: str


class VerdictRead(BaseModel):
    """A verdict and the checks it follows from.

    `seal_refused`: why a valid document bears no e-seal of the institution: a signature of another service forbids every change
    (`no_changes`), locks the field (`field_lock`), or its form cannot be continued (`form`).
    """

    verdict: Literal["valid", "invalid", "not_checked"]
    reason: str
    assurance: str | None
    signers: list[SignerRead]
    checks: list[CheckRead]
    voided: VoidedRead | None
    seal_refused: Literal["no_changes", "field_lock", "form"] | None


def mask_name(name: str) -> str:
    """Keep the first letter of each word: enough to recognise a name one knows, not enough to learn one."""
    return " ".join(word[0] + "*" * min(len(word) - 1, 5) if len(word) > 1 else word for word in name.split())


def mask_nip(nip: str) -> str:
    """Keep birth date and serial apart: 19680411******1009; empty when a certificate names somebody without NIP by another number."""
    if nip.startswith("ID-"):
        return ""
    return f"{nip[:8]}******{nip[14:]}" if len(nip) == 18 else "*" * len(nip)


def _proof(proven: Proven | None) -> dict[str, Any]:
    if proven is None:
        return {"authentication": None, "account": None}
    opened = proven.account
    account = AccountOpened(by=opened.by, at=opened.at, contested=opened.contested) if opened else None
    return {"authentication": proven.method, "account": account}


def public(report: Report) -> VerdictRead:
    """Return a report as strangers may see it."""
    return VerdictRead(
        verdict=report.verdict.value,
        reason=report.reason,
        assurance=report.assurance,
        signers=[
            SignerRead(
                kind=s.kind,
                name=s.name if s.kind == "e_seal" else mask_name(s.name),
                nip=mask_nip(s.nip),
                agency=s.agency,
                signed_at=s.signed_at,
                **_proof(report.proofs.get(s.kind)),
            )
            for s in report.signers
        ],
        checks=[CheckRead(code=c.code, result=c.result, detail=c.detail) for c in report.checks],
        voided=VoidedRead(at=report.voided.at, ground=report.voided.ground) if report.voided else None,
        seal_refused=report.seal_refused,
    )
