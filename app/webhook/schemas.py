"""Endpoints, deliveries and attempts over the API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Event = Literal[
    "document.signed",
    "document.countersigned",
    "document.sealed",
    "document.voided",
    "round.opened",
    "round.closed",
    "roster.applied",
    "roster.undone",
    "obligation.exempted",
]
DeliveryState = Literal["waiting", "sending", "delivered", "dead"]
Url = Annotated[str, StringConstraints(min_length=10, max_length=1000)]
Description = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Events = Annotated[list[Event], Field(min_length=1, max_length=20)]


class WebhookCreate(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://dashboard.kota.example/pakta",
                    "events": ["document.sealed", "round.closed"],
                    "description": "Dasbor Sekda",
                }
            ]
        },
    )
    url: Url
    events: Events
    description: Description = ""


class WebhookUpdate(BaseModel):
    """Changes of an endpoint; what is left out stays. `enabled` holds from the next message on."""

    model_config = ConfigDict(extra="forbid")
    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None


class WebhookRead(BaseModel):
    """An endpoint and how it is doing.

    `disabled_cause`: admin, gone (it answered 410), failing (nothing but failures for days), backlog (too many messages wait), secret (the
    master key was changed). `failures` in a row since `failing_since`; until `paused_until` it is left in peace.
    """

    id: UUID
    url: str
    events: list[str]
    description: str
    enabled: bool
    disabled_at: datetime | None
    disabled_cause: str
    failures: int
    failing_since: datetime | None
    last_error: str
    paused_until: datetime | None
    secret_before_until: datetime | None
    created_at: datetime


class WebhookCreated(WebhookRead):
    """A new endpoint with its secret, which is shown this once."""

    secret: str


class SecretRead(BaseModel):
    """A new secret, shown this once; messages are signed with the one before as well until `before_until`."""

    secret: str
    before_until: datetime


class AttemptRead(BaseModel):
    """One request: the answer's status, or in a word why there was none; the beginning of the answer."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    error: str
    answer: str


class DeliveryRead(BaseModel):
    """One message for one endpoint; its id is the `webhook-id` the endpoint sees, at every attempt."""

    id: UUID
    kind: str
    state: str
    created_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    attempts: list[AttemptRead]


class ReplayRange(BaseModel):
    """Messages that arose in a time range, end excluded."""

    model_config = ConfigDict(extra="forbid")
    since: AwareDatetime
    until: AwareDatetime


class ReplayRead(BaseModel):
    """How many messages are sent again."""

    messages: int
