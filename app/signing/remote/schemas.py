"""Messages of signing through a provider elsewhere. Secrets come in as `SecretStr` and go nowhere."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from app.signing.schemas import Confirmation, Receipt, StatementBlock


class ProviderRead(BaseModel):
    """A way of signing that is on: what it asks for, and how much its signature is worth."""

    name: str
    takes: Literal["digest", "file", "scan"]
    assurance: Literal["certified", "uncertified", "wet_scan"]
    secrets: list[str]
    own_ceremony: bool


class RemoteCreate(BaseModel):
    """Which obligations are to be signed in one act, and through whom."""

    obligation_ids: list[UUID] = Field(min_length=1, max_length=500)
    provider: str = Field(max_length=40)


class RemoteNoteCreate(BaseModel):
    """Which pledges the caller takes note of in one act, and through whom it is signed."""

    document_ids: list[UUID] = Field(min_length=1, max_length=500)
    provider: str = Field(max_length=40)


class RemoteSend(BaseModel):
    """The person's go: every statement confirmed in order, and the secret the provider asks for; both, where it may ask for both."""

    confirmations: list[Confirmation] = Field(default=[], max_length=500)
    passphrase: SecretStr | None = Field(None, min_length=1, max_length=200)
    totp: SecretStr | None = Field(None, min_length=1, max_length=20)


class RemoteRefusal(BaseModel):
    """Why the last call did not lead to a signature, in words, and what helps where something does."""

    code: str
    title: str
    remedy: str | None


class RemoteDocument(BaseModel):
    """One document of an act, as it is read before it is signed, whose it is, and where it stands."""

    id: UUID
    title: str
    person: str
    sha256: str
    state: Literal["prepared", "sending", "signed", "unknown", "not_signed", "abandoned"]
    heading: list[str]
    statement: list[StatementBlock]
    page: str


class RemoteRead(BaseModel):
    """An act of signing, or of countersigning, through a provider."""

    id: UUID
    kind: Literal["sign", "countersign"]
    provider: str
    state: Literal["prepared", "sending", "signed", "unknown", "abandoned", "declined"]
    expires_in: int
    secrets: list[str]
    together: bool = Field(
        description="Whether the service may want all of the secrets in one request, rather than any one of them."
    )
    documents: list[RemoteDocument]
    refusal: RemoteRefusal | None
    receipts: list[Receipt]


class UnknownRead(BaseModel):
    """A call whose outcome nobody knows yet; it waits for another look or for a decision."""

    id: UUID
    kind: Literal["sign", "countersign"]
    document_id: UUID
    obligation_id: UUID
    round_id: UUID
    employee_id: UUID
    agency_id: UUID
    name: str
    nip: str
    pledge: str
    provider: str
    sent_at: datetime
    reason: str
    reference: str
    checked_at: datetime | None


class CallRead(BaseModel):
    """A call and where it stands now."""

    id: UUID
    document_id: UUID
    provider: str
    state: Literal["sending", "signed", "refused", "unknown", "not_signed"]
    sent_at: datetime
    ended_at: datetime | None
    reason: str
    checked_at: datetime | None
    decided_at: datetime | None
    decision: str | None
    opinion: Literal["valid", "unclear"] | None


class DecisionCreate(BaseModel):
    """A person's word that nothing was signed, and how they know. That it was signed is shown by handing in the file."""

    outcome: Literal["not_signed"]
    reason: str = Field(min_length=5, max_length=1000, pattern=r"^[^\x00]*$")


class ScanRead(BaseModel):
    """A scan of a pledge signed on paper."""

    id: UUID
    obligation_id: UUID
    round_id: UUID
    employee_id: UUID
    agency_id: UUID
    name: str
    nip: str
    state: Literal["uploaded", "accepted", "refused"]
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    decided_at: datetime | None
    reason: str | None
    document_id: UUID | None


class ScanRefuse(BaseModel):
    """Why a scan is refused."""

    reason: str = Field(min_length=5, max_length=1000, pattern=r"^[^\x00]*$")
