"""Templates, their immutable versions, and rounds as stored."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Template(Base):
    """A pledge text people sign, such as `pakta_integritas`."""

    __tablename__ = "template"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]


class TemplateVersion(Base):
    """One wording of a template; never changed, known by its hash."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "number"), UniqueConstraint("template_id", "sha256"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("template.id"))
    number: Mapped[int]
    sha256: Mapped[str]
    source: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(doc="Empty for a version that came with the program.")


class Openness(NamedTuple):
    """Of a round, what tells whether people may sign in it; the rest of its row holds figures of every agency."""

    title: str
    status: str
    opens_at: datetime
    closes_at: datetime


class PledgeRound(Base):
    """A round: who must sign which texts until when. Texts and denominator are frozen when it opens."""

    __tablename__ = "round"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'opening', 'open', 'closed')", name="status"),
        CheckConstraint("audience IN ('asn', 'asn_non_asn')", name="audience"),
        CheckConstraint("late_joiners IN ('automatic', 'admin', 'none')", name="late_joiners"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    election: Mapped[str]
    year: Mapped[int]
    cut_off: Mapped[date]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    countersign: Mapped[bool]
    paper: Mapped[str]
    audience: Mapped[str] = mapped_column(server_default="asn", doc="Whom the texts speak of.")
    population: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}", doc="Who takes part (`schemas.Population`); once the round is open, complete and frozen."
    )
    population_counts: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="Whom the rule chose when the round opened, by agency and reason."
    )
    late_joiners: Mapped[str] = mapped_column(
        server_default="admin", doc="What becomes of people who appear after the opening: automatic, admin, none."
    )
    status: Mapped[str]
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class RoundPledge(Base):
    """One text of a round, and, once the round is open, everything its documents are compiled from."""

    __tablename__ = "round_pledge"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("round.id"), primary_key=True)
    pledge: Mapped[str] = mapped_column(primary_key=True, doc="The template's code.")
    place: Mapped[int] = mapped_column(doc="Order in which the texts are read.")
    template_version_id: Mapped[UUID] = mapped_column(ForeignKey("template_version.id"))
    compile_inputs: Mapped[dict[str, Any] | None]
    prefixes: Mapped[list[str] | None] = mapped_column(
        doc="SHA-256 of each compiled variant's prefix; its blob is prefix/{sha256}."
    )
