"""People who have not signed, over the API."""

from uuid import UUID

from pydantic import BaseModel


class OutstandingRead(BaseModel):
    """Somebody who has not signed everything.

    `ways` are the ways the person can sign by now: `passkey`, or `pin` with a code to the office mail address (only with one).
    `reachable`: whether there is any. `channels`: how a reminder or an activation link could be sent.
    """

    employee_id: UUID
    name: str
    nip: str
    agency_id: UUID
    unit_id: UUID
    employment: str
    position: str
    unit: str
    reachable: bool
    ways: list[str]
    channels: list[str]
