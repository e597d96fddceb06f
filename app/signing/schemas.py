"""The ceremony's messages (ceremony shapes of the REST API); binary is base64url without padding."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field


class SessionCreate(BaseModel):
    """Which obligations are to be signed in one act."""

    obligation_ids: list[UUID] = Field(min_length=1, max_length=500)


class CountersigningCreate(BaseModel):
    """Which pledges the caller takes note of in one act."""

    document_ids: list[UUID] = Field(min_length=1, max_length=500)


class DeclineCreate(BaseModel):
    """Why somebody will not sign."""

    reason: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")


class DeclineRead(BaseModel):
    """A session whose person would not sign; what was asked stays owed."""

    id: UUID
    state: Literal["declined"]


class StatementBlock(BaseModel):
    """One block of the text as it is read: paragraph, identity row, numbered point."""

    kind: str
    label: str
    text: str


class SessionDocument(BaseModel):
    """One document: its digest, where its bytes lie in the bundle, and its text; of another's pledge, whose it is."""

    id: UUID
    title: str
    person: str
    sha256: str
    parts: list[tuple[int, int]]
    heading: list[str]
    statement: list[StatementBlock]
    page: str


class Signer(BaseModel):
    """Who is about to sign; `nip` is the serialNumber their certificate carries, which is no NIP for who has none."""

    name: str
    nip: str


class Bundle(BaseModel):
    """The octets of all documents, each template's prefix once."""

    bytes: int


class Receipt(BaseModel):
    """A signature that is kept: SHA-256 of the finished file, and the time in its token."""

    id: UUID
    sha256: str
    signed_at: datetime


class SessionRead(BaseModel):
    """A signing session as the device needs it."""

    id: UUID
    purpose: Literal["pakta.sign.v1", "pakta.countersign.v1"]
    state: Literal["prepared", "certified", "signed", "abandoned", "declined"]
    nonce: str | None
    expires_in: int
    mark: str
    signer: Signer
    credentials: list[str]
    pin: bool
    bundle: Bundle
    documents: list[SessionDocument]
    receipts: list[Receipt]


class Authentication(BaseModel):
    """Who signs, proven over this act."""

    method: Literal["passkey", "pin+code", "pin+slip"]
    credential: dict[str, Any] | None = None
    pin: str = Field("", max_length=32)
    code: str = Field("", max_length=32)


class Confirmation(BaseModel):
    """A statement that was read and confirmed; `at` is the device's own time, which nobody vouches for."""

    document: UUID
    at: AwareDatetime


class CertificateRequest(BaseModel):
    """The device's key with proof of possession, and the signer's authentication."""

    public_key: str = Field(max_length=400)
    proof_of_possession: str = Field(max_length=200)
    authentication: Authentication
    confirmations: list[Confirmation] = Field(
        default=[],
        max_length=500,
        description="Every document of the session, in the order they were confirmed as read.",
    )


class CertifiedDocument(BaseModel):
    """The CAdES signed attributes the device should have built itself."""

    id: UUID
    signed_attributes: str


class CertificateRead(BaseModel):
    """The short-lived certificate and its chain."""

    certificate: str
    chain: list[str]
    documents: list[CertifiedDocument]


class DeviceSignature(BaseModel):
    """One signature, r || s."""

    id: UUID
    signature: str = Field(max_length=200)


class SignaturesCreate(BaseModel):
    """The signatures of a session's documents."""

    signatures: list[DeviceSignature] = Field(min_length=1, max_length=500)


class ReceiptsRead(BaseModel):
    """Receipts of kept signatures."""

    receipts: list[Receipt]
