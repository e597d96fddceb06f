"""Reminders: what is to be sent to whom, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "('first', 'regular', 'last', 'manual', 'escalation', 'recap')"
WAVE_STATES = "('planned', 'running', 'done', 'cancelled', 'missed')"
DELIVERY_STATES = "('waiting', 'sending', 'sent', 'delivered', 'failed', 'bounced', 'unknown', 'skipped')"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _create_schedule()
    _create_wave()
    _create_delivery()
    op.create_table(
        "reminder_address",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hard_failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("unreachable_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", "digest", name=op.f("pk_reminder_address")),
    )
    op.create_table(
        "reminder_recipient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("escalation", sa.Boolean(), nullable=False),
        sa.Column("recap", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["unit.id"], name=op.f("fk_reminder_recipient_agency_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_recipient")),
    )
    op.create_index("ix_reminder_recipient_agency_id", "reminder_recipient", ["agency_id"], unique=False)


def downgrade() -> None:
    """Take them away with what they hold."""
    for table in (
        "reminder_recipient",
        "reminder_address",
        "reminder_delivery",
        "reminder_wave",
        "reminder_pause",
        "reminder_plan",
    ):
        op.drop_table(table)


def _create_schedule() -> None:
    op.create_table(
        "reminder_plan",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("plan", JSONB(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_reminder_plan_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_reminder_plan")),
    )
    op.create_table(
        "reminder_pause",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("paused_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_reminder_pause_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_pause")),
    )
    op.execute("INSERT INTO reminder_pause (id, reason) VALUES (1, '')")


def _create_wave() -> None:
    op.create_table(
        "reminder_wave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("planned_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("place", JSONB(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("cancelled_at", TIME, nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_reminder_wave_kind")),
        sa.CheckConstraint(f"state IN {WAVE_STATES}", name=op.f("ck_reminder_wave_state")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_reminder_wave_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_wave")),
        sa.UniqueConstraint("round_id", "kind", "planned_at", name=op.f("uq_reminder_wave_round_id_kind_planned_at")),
    )
    op.create_index(
        "ix_reminder_wave_due",
        "reminder_wave",
        ["due_at"],
        postgresql_where=sa.text("state IN ('planned', 'running')"),
    )


def _create_delivery() -> None:
    op.create_table(
        "reminder_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=True),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", TIME, nullable=True),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("gateway_id", sa.String(), nullable=True),
        sa.Column("resent_at", TIME, nullable=True),
        sa.Column("resent_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"state IN {DELIVERY_STATES}", name=op.f("ck_reminder_delivery_state")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employee.id"], name=op.f("fk_reminder_delivery_employee_id_employee")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_reminder_delivery_round_id_round")),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["reminder_wave.id"], name=op.f("fk_reminder_delivery_wave_id_reminder_wave")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_delivery")),
        sa.UniqueConstraint("wave_id", "recipient", name=op.f("uq_reminder_delivery_wave_id_recipient")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_reminder_delivery_wave", "reminder_delivery", ["wave_id", "id"])
    op.create_index("ix_reminder_delivery_agency", "reminder_delivery", ["agency_id", "wave_id", "id"])
    op.create_index(
        "ix_reminder_delivery_open",
        "reminder_delivery",
        ["wave_id", "id"],
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index(
        "ix_reminder_delivery_person",
        "reminder_delivery",
        ["employee_id", "claimed_at"],
        postgresql_where=sa.text("claimed_at IS NOT NULL AND employee_id IS NOT NULL"),
    )
    op.create_index(
        "ix_reminder_delivery_gateway",
        "reminder_delivery",
        ["channel", "gateway_id"],
        postgresql_where=sa.text("gateway_id IS NOT NULL"),
    )
