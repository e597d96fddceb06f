"""Exemptions, deferrals, late joiners and what else befalls an obligation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

EXEMPTION_STATES = "('requested', 'approved', 'refused', 'withdrawn', 'expired', 'overtaken')"
CHANGE_KINDS = (
    "('joined', 'appeared', 'transferred', 'moved', 'status_changed', 'left', 'returned', "
    "'exempted', 'deferred', 'exemption_withdrawn', 'deferral_ended')"
)
STATES = ("pending", "signed", "deferred", "exempt", "left")
_ADDED = ", ".join(f"(NEW.state = '{state}')::int" for state in STATES)
_SUM = "{0}.n_pending + {0}.n_signed + {0}.n_deferred + {0}.n_exempt + {0}.n_left"
_KIND = "unit_id, employment, legal_status, position_kind, echelon"
_COUNTED = rf"SELECT {_KIND}, nip !~ '^[0-9]{{18}}$' AS without_nip"
_ADD = f"""
  INSERT INTO roster_count AS c ({_KIND}, without_nip, people)
  SELECT {_KIND}, without_nip, sum(n) FROM ({{rows}}) s GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
  ON CONFLICT ({_KIND}, without_nip) DO UPDATE SET people = c.people + excluded.people;
"""  # noqa: S608 - our own text
_CAME = f"{_COUNTED}, 1 AS n FROM now_there WHERE current"
_WENT = f"{_COUNTED}, -1 AS n FROM was_there WHERE current"
_FOLLOWED = ("unit_id", "current", "legal_status", "employment", "position_kind", "echelon", "merged_into")

# Whoever joins an open round is counted like any other change: the rows of the opening are not (the round is counted as a whole then).
JOINED = f"""
CREATE FUNCTION compliance_count_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO compliance_delta (round_id, agency_id, unit_id, employment, grade, position_kind, pledge,
    pending, signed, deferred, exempt, "left")
  VALUES (NEW.round_id, NEW.agency_id, NEW.unit_id, NEW.employment, NEW.grade, NEW.position_kind, '', {_ADDED});
  RETURN NULL;
END $$;
CREATE FUNCTION compliance_count_owed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO compliance_delta (round_id, agency_id, pledge, pending, signed, deferred, exempt, "left")
  SELECT NEW.round_id, p.agency_id, NEW.pledge, {_ADDED}
  FROM participant p WHERE p.round_id = NEW.round_id AND p.employee_id = NEW.employee_id;
  RETURN NULL;
END $$;
CREATE TRIGGER compliance_joined AFTER INSERT ON participant FOR EACH ROW WHEN (NEW.joined_at IS NOT NULL)
  EXECUTE FUNCTION compliance_count_joined();
CREATE TRIGGER compliance_owed AFTER INSERT ON obligation FOR EACH ROW WHEN (NEW.late)
  EXECUTE FUNCTION compliance_count_owed();
"""  # noqa: S608 - our own text

# What no code path may do, however it is written: lose one of a person's pledges, move somebody who signed out of the figures with an
# exemption, or rewrite what was recorded.
KEPT = f"""
CREATE FUNCTION participant_keep_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a participant owes as many pledges as the round has' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_participant_sum';
END $$;
CREATE TRIGGER participant_sum BEFORE UPDATE ON participant FOR EACH ROW
  WHEN ({_SUM.format("OLD")} <> {_SUM.format("NEW")}) EXECUTE FUNCTION participant_keep_sum();
CREATE FUNCTION participant_change_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was recorded is not rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_participant_change_kept';
END $$;
CREATE TRIGGER participant_change_kept BEFORE UPDATE OR DELETE ON participant_change FOR EACH ROW
  EXECUTE FUNCTION participant_change_keep();
CREATE FUNCTION exemption_overtake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.exemption_id := NULL;
  UPDATE exemption SET state = 'overtaken', ended_at = coalesce(NEW.signed_at, now())
  WHERE id = OLD.exemption_id AND state = 'requested'
    AND NOT EXISTS (SELECT FROM obligation o WHERE o.exemption_id = OLD.exemption_id AND o.id <> OLD.id);
  RETURN NEW;
END $$;
CREATE TRIGGER exemption_overtaken BEFORE UPDATE ON obligation FOR EACH ROW
  WHEN (OLD.exemption_id IS NOT NULL AND OLD.state = 'pending' AND NEW.state IN ('signed', 'left'))
  EXECUTE FUNCTION exemption_overtake();
"""  # noqa: S608 - our own text

# Counts for the preview of a population, and a note of whom open rounds must be told of: by whatever way people are written.
ROSTER = f"""
CREATE FUNCTION roster_follow_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_ADD.format(rows=_CAME)}
  IF EXISTS (SELECT FROM round WHERE status IN ('opening', 'open')) THEN
    INSERT INTO employee_unfollowed (employee_id) SELECT id FROM now_there WHERE current ORDER BY id;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION roster_follow_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_ADD.format(rows=f"{_CAME} UNION ALL {_WENT}")}
  IF EXISTS (SELECT FROM round WHERE status IN ('opening', 'open')) THEN
    INSERT INTO employee_unfollowed (employee_id) SELECT n.id FROM now_there n JOIN was_there o ON o.id = n.id
    WHERE ({", ".join(f"o.{name}" for name in _FOLLOWED)}) IS DISTINCT FROM ({", ".join(f"n.{name}" for name in _FOLLOWED)})
    ORDER BY n.id;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION roster_follow_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_ADD.format(rows=_WENT)}
  RETURN NULL;
END $$;
CREATE TRIGGER roster_new AFTER INSERT ON employee REFERENCING NEW TABLE AS now_there
  FOR EACH STATEMENT EXECUTE FUNCTION roster_follow_new();
CREATE TRIGGER roster_changed AFTER UPDATE ON employee REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
  FOR EACH STATEMENT EXECUTE FUNCTION roster_follow_changed();
CREATE TRIGGER roster_gone AFTER DELETE ON employee REFERENCING OLD TABLE AS was_there
  FOR EACH STATEMENT EXECUTE FUNCTION roster_follow_gone();
INSERT INTO roster_count ({_KIND}, without_nip, people)
  SELECT s.*, count(*) FROM ({_COUNTED} FROM employee WHERE current) s GROUP BY 1, 2, 3, 4, 5, 6;
"""  # noqa: S608 - our own text


def upgrade() -> None:
    _change_rounds()
    _make_exemptions()
    _make_changes()
    _make_counts()
    for statements in (JOINED, KEPT, ROSTER):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    for trigger, table in (
        *(("roster_new", "employee"), ("roster_changed", "employee"), ("roster_gone", "employee")),
        *(("compliance_joined", "participant"), ("compliance_owed", "obligation")),
        *(("participant_sum", "participant"), ("participant_change_kept", "participant_change")),
        ("exemption_overtaken", "obligation"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for name in (
        *("roster_follow_new", "roster_follow_changed", "roster_follow_gone", "compliance_count_joined"),
        *("compliance_count_owed", "participant_keep_sum", "participant_change_keep", "exemption_overtake"),
    ):
        op.execute(f"DROP FUNCTION {name}()")
    for table in ("employee_unfollowed", "roster_count", "participant_change", "exemption"):
        op.drop_table(table)
    op.drop_index("ix_obligation_exemption_id", table_name="obligation")
    op.drop_constraint(op.f("ck_obligation_held"), "obligation", type_="check")
    op.drop_column("obligation", "late")
    op.drop_column("obligation", "exemption_id")
    op.drop_constraint(op.f("ck_participant_counts"), "participant", type_="check")
    op.drop_column("participant", "joined_at")
    op.drop_constraint(op.f("ck_round_late_joiners"), "round", type_="check")
    op.drop_column("round", "late_joiners")
    op.drop_column("round", "population_counts")
    op.drop_column("round", "population")


def _change_rounds() -> None:
    op.add_column("round", sa.Column("population", JSONB(), server_default="{}", nullable=False))
    op.add_column("round", sa.Column("population_counts", JSONB(), nullable=True))
    op.add_column("round", sa.Column("late_joiners", sa.String(), server_default="admin", nullable=False))
    op.create_check_constraint(op.f("ck_round_late_joiners"), "round", "late_joiners IN ('automatic', 'admin', 'none')")
    op.add_column("participant", sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_participant_counts"), "participant", "least(n_pending, n_signed, n_deferred, n_exempt, n_left) >= 0"
    )
    op.add_column("obligation", sa.Column("exemption_id", sa.Uuid(), nullable=True))
    op.add_column("obligation", sa.Column("late", sa.Boolean(), server_default="false", nullable=False))
    op.create_check_constraint(
        op.f("ck_obligation_held"), "obligation", "exemption_id IS NULL OR state IN ('pending', 'deferred', 'exempt')"
    )
    op.create_index(
        "ix_obligation_exemption_id",
        "obligation",
        ["exemption_id"],
        postgresql_where=sa.text("exemption_id IS NOT NULL"),
    )


def _make_exemptions() -> None:
    texts = ("reason", "evidence_sha256", "evidence_type")
    op.create_table(
        "exemption",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "round_id", "employee_id", "agency_id")),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("pledges", JSONB(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("evidence_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), server_default="", nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(f"state IN {EXEMPTION_STATES}", name=op.f("ck_exemption_state")),
        sa.CheckConstraint("kind IN ('exempt', 'deferred')", name=op.f("ck_exemption_kind")),
        sa.CheckConstraint("until IS NULL OR kind = 'deferred'", name=op.f("ck_exemption_until")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_exemption_four_eyes")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'refused', 'expired') OR decided_by IS NOT NULL AND decided_at IS NOT NULL",
            name=op.f("ck_exemption_decided"),
        ),
        sa.CheckConstraint(
            "(state IN ('requested', 'approved', 'refused')) = (ended_at IS NULL)", name=op.f("ck_exemption_ended")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_exemption_round_id_round")),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name=op.f("fk_exemption_obligation_id_obligation")
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "employee_id"],
            ["participant.round_id", "participant.employee_id"],
            name=op.f("fk_exemption_round_id_employee_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption")),
    )
    op.create_index("ix_exemption_round_id", "exemption", ["round_id", "id"])
    op.create_index("ix_exemption_employee_id", "exemption", ["employee_id"])
    op.create_index(op.f("ix_exemption_obligation_id"), "exemption", ["obligation_id"])
    op.create_index(
        "ix_exemption_until",
        "exemption",
        ["until"],
        postgresql_where=sa.text("state = 'approved' AND until IS NOT NULL"),
    )


def _make_changes() -> None:
    op.create_table(
        "participant_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("round_id", "employee_id", "agency_id", "batch_id")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "reason", "from_state", "to_state")),
        sa.Column("unit_before", sa.Uuid(), nullable=True),
        sa.Column("unit_after", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(f"kind IN {CHANGE_KINDS}", name=op.f("ck_participant_change_kind")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_participant_change_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant_change")),
    )
    op.create_index("ix_participant_change_round_id", "participant_change", ["round_id", "id"])
    op.create_index("ix_participant_change_person", "participant_change", ["round_id", "employee_id", "id"])
    op.create_index("ix_participant_change_employee_id", "participant_change", ["employee_id"])
    op.create_index("ix_participant_change_batch_id", "participant_change", ["batch_id"])


def _make_counts() -> None:
    key = ("employment", "legal_status", "position_kind", "echelon")
    op.create_table(
        "roster_count",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in key),
        sa.Column("without_nip", sa.Boolean(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", *key, "without_nip", name=op.f("pk_roster_count")),
    )
    op.create_table(
        "employee_unfollowed",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_unfollowed")),
    )
