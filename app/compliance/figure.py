"""What the queries return: figures of groups, and how far the counters are."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.obligation.models import STATES


class Row(NamedTuple):
    """One group's counts by state; a tuple, since there may be thousands of them in an answer."""

    id: str
    name: str
    pending: int
    signed: int
    deferred: int
    exempt: int
    left: int
    last_signed_at: datetime | None

    @property
    def counts(self) -> dict[str, int]:
        """The counts by the names of the states."""
        return dict(zip(STATES, self[2:7], strict=True))

    @property
    def people(self) -> int:
        """How many people the group has, whatever their state."""
        return self.pending + self.signed + self.deferred + self.exempt + self.left


@dataclass(frozen=True, slots=True)
class Figured:
    """The groups of a dimension, the people of the round, and (changes that are in them, version of the tree): of one snapshot.

    `version` is None where there is no group at all.
    """

    groups: list[Row]
    total: dict[str, int]
    version: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A round and how far its counters are: `visible` changes are in the figures, `waiting` of them are not folded yet."""

    status: str
    folded: int
    waiting: int
    closed_at: datetime | None
    tree: int

    @property
    def visible(self) -> int:
        """One number for one body: visible sets only grow, and a fold moves rows without changing the sum."""
        return self.folded + self.waiting
