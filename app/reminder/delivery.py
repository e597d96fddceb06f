"""What passes between the queries and the sending: who is to be written to, what is being sent, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Place(NamedTuple):
    """Where in the list of a round somebody stands: agency, name, employee."""

    agency_id: UUID = UUID(int=0)
    name: str = ""
    employee_id: UUID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who has not signed. `cause` says why no message would leave: no_channel, cap_round, cap_day; empty: one would."""

    place: Place
    unit_id: UUID
    unit: str
    position: str
    name: str
    nip: str
    channel: str
    address: str
    recorded: bool
    without_account: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody who is told figures: of one agency, or of all (`agency_id` is None)."""

    agency_id: UUID | None
    agency: str
    name: str
    email: str
    employee_id: UUID | None

    @property
    def recipient(self) -> str:
        """Who it is within a wave: an address is told of an agency once, whatever offices it stands for."""
        return f"{self.agency_id or 'city'}:{self.email.lower()}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message that waits."""

    id: UUID
    kind: str
    channel: str
    address: str
    name: str
    employee_id: UUID | None
    agency_id: UUID | None
    attempts: int
    without_account: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a message. `hard`: the address itself was refused. A `waiting` one is tried again from `not_before` on."""

    id: UUID
    state: str
    at: datetime
    cause: str = ""
    detail: str = ""
    hard: bool = False
    not_before: datetime | None = None
    gateway_id: str | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Bounds:
    """The caps that hold when a message is claimed."""

    most_per_round: int
    most_per_day: int
    day_start: datetime


def masked(address: str) -> str:
    """Return an address as lists show it: enough to recognise, too little to write to."""
    local, at, domain = address.partition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"***{address[-3:]}" if address else ""
