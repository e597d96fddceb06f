"""What identity takes and gives over the API."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

SHARED = Field(
    False, description="The computer is one that others use: a short session, and the browser is not known afterwards."
)


class ActivationsCreate(BaseModel):
    """For whom links are made."""

    employee_ids: list[UUID] = Field(min_length=1, max_length=1000)


class ActivationLink(BaseModel):
    """A one-time link, told once."""

    employee_id: UUID
    code: str
    url: str
    expires_at: datetime


class ActivationConfirm(BaseModel):
    """A link's code and the fact only its person should know."""

    code: str = Field(min_length=8, max_length=64)
    birth_date: date
    shared: bool = SHARED


class LoginRead(BaseModel):
    """A login: the CSRF token pages send back, and until when it lasts."""

    csrf: str
    expires_at: datetime


class LoginCodeNeeded(BaseModel):
    """This browser is not known: if NIP and PIN were right a code was mailed, which is sent to `/login/code` with `pending`."""

    pending: str
    expires_at: datetime


class LoginCodeGiven(BaseModel):
    """The mailed code, or that of a slip of the OPD."""

    pending: str = Field(max_length=64)
    code: str = Field(max_length=64)
    shared: bool = SHARED


class PinCreate(BaseModel):
    """A new PIN."""

    pin: str = Field(max_length=32)


class PinLogin(BaseModel):
    """NIP and PIN."""

    nip: str = Field(max_length=40)
    pin: str = Field(max_length=32)
    shared: bool = SHARED


class Credential(BaseModel):
    """A `PublicKeyCredential.toJSON()`; checked by the WebAuthn library."""

    model_config = {"extra": "allow"}

    id: str
    rawId: str  # noqa: N815 - the standard's spelling
    type: str
    response: dict[str, Any]


class PasskeyLogin(Credential):
    """A passkey's answer, and whose computer it is given at."""

    shared: bool = SHARED


class WayKept(BaseModel):
    """A way to sign in was kept; `csrf` is what pages send back from now on."""

    status: str = "kept"
    csrf: str


class ChallengeRead(BaseModel):
    """Request options of a passkey login."""

    challenge: str
    rp_id: str
    timeout_ms: int = 120_000
