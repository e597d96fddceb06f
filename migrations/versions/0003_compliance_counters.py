"""Counters of compliance, and the triggers that queue every change of a state in the transaction it happens in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = ("pending", "signed", "deferred", "exempt", "left")

# A state that changes moves one from what it was to what it is. A signing time that alone changes moves nobody; it is queued all the
# same, because the time of the last signature is a figure too.
TRIGGERS = """
CREATE FUNCTION compliance_count_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO compliance_delta (round_id, agency_id, unit_id, employment, grade, position_kind, pledge,
    pending, signed, deferred, exempt, "left", signed_at)
  VALUES (NEW.round_id, NEW.agency_id, NEW.unit_id, NEW.employment, NEW.grade, NEW.position_kind, '',
    (NEW.state = 'pending')::int - (OLD.state = 'pending')::int,
    (NEW.state = 'signed')::int - (OLD.state = 'signed')::int,
    (NEW.state = 'deferred')::int - (OLD.state = 'deferred')::int,
    (NEW.state = 'exempt')::int - (OLD.state = 'exempt')::int,
    (NEW.state = 'left')::int - (OLD.state = 'left')::int,
    CASE WHEN NEW.state = 'signed' THEN NEW.signed_at END);
  RETURN NULL;
END $$;

CREATE FUNCTION compliance_count_pledge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO compliance_delta (round_id, agency_id, pledge, pending, signed, deferred, exempt, "left", signed_at)
  SELECT NEW.round_id, p.agency_id, NEW.pledge,
    (NEW.state = 'pending')::int - (OLD.state = 'pending')::int,
    (NEW.state = 'signed')::int - (OLD.state = 'signed')::int,
    (NEW.state = 'deferred')::int - (OLD.state = 'deferred')::int,
    (NEW.state = 'exempt')::int - (OLD.state = 'exempt')::int,
    (NEW.state = 'left')::int - (OLD.state = 'left')::int,
    CASE WHEN NEW.state = 'signed' THEN NEW.signed_at END
  FROM participant p WHERE p.round_id = NEW.round_id AND p.employee_id = NEW.employee_id;
  RETURN NULL;
END $$;

CREATE FUNCTION compliance_note_tree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE compliance_tree SET version = version + 1;
  RETURN NULL;
END $$;

CREATE TRIGGER compliance_count AFTER UPDATE ON participant FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR (NEW.state = 'signed' AND OLD.signed_at IS DISTINCT FROM NEW.signed_at))
  EXECUTE FUNCTION compliance_count_person();
CREATE TRIGGER compliance_count AFTER UPDATE ON obligation FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR (NEW.state = 'signed' AND OLD.signed_at IS DISTINCT FROM NEW.signed_at))
  EXECUTE FUNCTION compliance_count_pledge();
CREATE TRIGGER compliance_tree AFTER INSERT OR UPDATE OR DELETE ON unit FOR EACH STATEMENT
  EXECUTE FUNCTION compliance_note_tree();
INSERT INTO compliance_tree (id, version) VALUES (1, 0);
"""


def upgrade() -> None:
    op.create_table(
        "compliance_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        *_who(),
        *_counts(),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_delta")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"},
    )
    op.create_index("ix_compliance_delta_round_id", "compliance_delta", ["round_id"], unique=False)
    op.create_table(
        "compliance_head",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("folded", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checkpointed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_compliance_head")),
    )
    op.create_table(
        "compliance_cell",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        *_counts(),
        sa.Column("last_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("round_id", "dimension", "agency_id", "key", name=op.f("pk_compliance_cell")),
        postgresql_with={"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.05"},
    )
    op.create_table(
        "compliance_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_who(),
        *_counts(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_change")),
    )
    op.create_index("ix_compliance_change_at", "compliance_change", ["round_id", "at"], unique=False)
    op.create_table(
        "compliance_checkpoint",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint(
            "round_id", "dimension", "at", "agency_id", "key", name=op.f("pk_compliance_checkpoint")
        ),
    )
    op.create_table(
        "compliance_hour",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("signed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "hour", "agency_id", name=op.f("pk_compliance_hour")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "compliance_tree",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_compliance_tree_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_tree")),
    )
    op.get_bind().exec_driver_sql(TRIGGERS)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        """
        DROP TRIGGER compliance_tree ON unit;
        DROP TRIGGER compliance_count ON obligation;
        DROP TRIGGER compliance_count ON participant;
        DROP FUNCTION compliance_note_tree();
        DROP FUNCTION compliance_count_pledge();
        DROP FUNCTION compliance_count_person();
        """
    )
    op.drop_table("compliance_tree")
    op.drop_table("compliance_hour")
    op.drop_table("compliance_checkpoint")
    op.drop_index("ix_compliance_change_at", table_name="compliance_change")
    op.drop_table("compliance_change")
    op.drop_table("compliance_cell")
    op.drop_table("compliance_head")
    op.drop_index("ix_compliance_delta_round_id", table_name="compliance_delta")
    op.drop_table("compliance_delta")


def _who() -> list[sa.Column]:
    return [
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("employment", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("position_kind", sa.String(), nullable=True),
        sa.Column("pledge", sa.String(), nullable=False),
    ]


def _counts() -> list[sa.Column]:
    return [sa.Column(state, sa.Integer(), nullable=False) for state in STATES]
