"""What the API tells of a round's population."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from app.pledge.schemas import LateJoiners, Population


class ReasonCount(BaseModel):
    """People whose state follows from one reason: `legal_status:02`."""

    reason: str
    state: str
    people: int


class Excluded(BaseModel):
    """People on the roster whom the rule leaves out, by the first condition they do not meet."""

    employment: int = 0
    agency: int = 0
    position: int = 0


class PopulationFigures(BaseModel):
    """Whom the rule chooses: `total = required + deferred + exempt + left`, and `people = total + excluded`."""

    people: int = 0
    total: int = 0
    required: int = 0
    deferred: int = 0
    exempt: int = 0
    left: int = 0
    optional: int = 0
    without_nip: int = 0
    excluded: Excluded = Excluded()
    reasons: list[ReasonCount] = []


class AgencyPopulation(PopulationFigures):
    """The figures of one agency."""

    id: UUID
    name: str


class CodeCount(BaseModel):
    """People with a kedudukan hukum code nobody has given a meaning: they are required."""

    code: str
    people: int


class PopulationRead(BaseModel):
    """Whom a round would ask if it opened now, or whom it asked when it opened (`frozen_at`).

    `optional` people are among the exempt: they may sign once their exemption is withdrawn. `without_nip` are people (non-ASN)
    the round asks although they have no NIP: their documents say so.
    """

    round_id: UUID
    frozen_at: datetime | None
    rule: Population
    late_joiners: LateJoiners
    total: PopulationFigures
    agencies: list[AgencyPopulation]
    unknown_codes: list[CodeCount]
