"""What is owed, with all that is printed about who owes it."""

from typing import Any, NamedTuple
from uuid import UUID


class Owed(NamedTuple):
    """One pledge one person owes, and what is printed about the person, frozen at the cut-off."""

    obligation_id: UUID
    round_id: UUID
    employee_id: UUID
    pledge: str
    agency_id: UUID
    printed: dict[str, Any]
