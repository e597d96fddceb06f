"""The recap as data; every printed form is made from this and from nothing else."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from app.compliance.schemas import Figures


class RecapTotal(Figures):
    """The figures of all rows: people by kind of employment, and when the last of them signed."""

    kinds: dict[str, int]
    last_signed_at: datetime | None


class RecapRow(RecapTotal):
    """One agency; `number` is its place in the table, `note` says in words what the columns have no room for."""

    number: int
    id: str
    name: str
    note: str


class Absentee(BaseModel):
    """Somebody who has not signed everything; the NIP is masked for callers who may not read it."""

    number: int
    name: str
    nip: str
    position: str
    unit: str


class Annex(BaseModel):
    """Who of one agency has not signed, by name."""

    agency_id: UUID
    name: str
    people: list[Absentee]


class RecapRead(BaseModel):
    """The recap of a round, of this moment or (`as_of`) as the register knew it at an instant."""

    round_id: UUID
    round: str
    institution: str
    office: str
    zone: str
    closes_at: datetime
    as_of: datetime | None
    computed_at: datetime
    total: RecapTotal
    groups: list[RecapRow]
    annex: Annex | None
