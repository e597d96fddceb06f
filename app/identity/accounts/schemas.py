"""What administrators' accounts take and give over the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from app.core.permission import Role
from app.identity.schemas import Credential

_PLAIN = r"^[^\x00-\x1f\x7f]+$"


def _lower(email: str) -> str:
    return email.lower()


Email = Annotated[
    str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f,;<>]+@[^@\s\x00-\x1f\x7f,;<>]+$"), AfterValidator(_lower)
]
Agencies = Annotated[list[UUID] | None, Field(max_length=1000, description="OPD it may see; null: the whole service.")]


class AccountCreate(BaseModel):
    """Who is invited, as what, and for which agencies."""

    name: str = Field(min_length=2, max_length=200, pattern=_PLAIN)
    email: Email
    role: Role
    agencies: Agencies = None
    employee_id: UUID | None = Field(None, description="Who it is on the roster, if they stand there.")


class AccountUpdate(BaseModel):
    """Another role and scope; both are given, so that nobody keeps by accident what the old role could see."""

    role: Role
    agencies: Agencies


class AccountRead(BaseModel):
    """An account."""

    id: UUID
    name: str
    email: str
    role: Role
    agencies: list[UUID] | None
    employee_id: UUID | None
    state: str
    created_at: datetime
    disabled_at: datetime | None


class InvitationRead(BaseModel):
    """An invitation; its code and link are told once. The link goes by mail too where there is a mail server."""

    account: AccountRead
    code: str
    url: str
    expires_at: datetime


class InvitationCode(BaseModel):
    """The code of an invitation."""

    code: str = Field(min_length=1, max_length=64)


class InvitationTake(InvitationCode):
    """The code of an invitation and the answer of the passkey that was made for it."""

    credential: Credential


class SessionOptions(BaseModel):
    """Request options of a passkey that is asked for again."""

    challenge: str
    rp_id: str
    credentials: list[str]
    timeout_ms: int = 120_000


class SessionRead(BaseModel):
    """A browser that is signed in. `last_seen_at` is true to the minute."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    confirmed_at: datetime | None
    expires_at: datetime
    address: str
    browser: str
    current: bool


class SessionsEnded(BaseModel):
    """How many sessions were ended."""

    ended: int


class PasskeyRead(BaseModel):
    """A passkey of the caller's account."""

    id: UUID
    created_at: datetime
    last_used_at: datetime | None
    browser: str
