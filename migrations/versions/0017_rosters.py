"""People without NIP are known by their agency's number or a digest of their NIK."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.core.confinement import policies

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOTE_CHANGED = """
CREATE OR REPLACE FUNCTION employee_note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO employee_unindexed (employee_id) SELECT n.id FROM now_there n JOIN was_there o ON o.id = n.id
  WHERE (o.name, o.nip, o.unit_id, o.current{1}) IS DISTINCT FROM (n.name, n.nip, n.unit_id, n.current{0}) ORDER BY n.id;
  RETURN NULL;
END $$
"""
KNOWN_BY = ("nip", "local_number", "nik_digest")


def upgrade() -> None:
    for table, columns in (
        ("employee", ("local_number", "nik_digest")),
        ("employee_version", ("local_number",)),
        ("roster_row", ("local_number", "nik_digest")),
    ):
        for column in columns:
            op.add_column(table, sa.Column(column, sa.String(), server_default="", nullable=False))
    op.drop_index("uq_employee_nip_current", table_name="employee")
    for column in KNOWN_BY:
        op.create_index(
            f"uq_employee_{column}_current",
            "employee",
            [column],
            unique=True,
            postgresql_where=sa.text(f"current AND {column} <> ''"),
        )
    op.drop_constraint("fk_roster_row_import_id_roster_import", "roster_row")
    # Hardly anybody was merged; a key for everybody else is written for nothing.
    op.drop_index("ix_employee_merged_into", table_name="employee")
    op.create_index(
        "ix_employee_merged_into", "employee", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.create_table(
        "nik_digest_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_nik_digest_key_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nik_digest_key")),
    )
    op.create_table(
        "roster_nik",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_roster_nik_import_id_roster_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "sheet", "row", name=op.f("pk_roster_nik")),
    )
    op.create_table(
        "roster_link",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("decision IN ('', 'same', 'different')", name=op.f("ck_roster_link_decision")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_roster_link_import_id_roster_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "sheet", "row", "employee_id", name=op.f("pk_roster_link")),
    )
    _plan_changes()
    for table in ("nik_digest_key", "roster_nik", "roster_link"):
        for statement in policies(table, None):
            op.execute(statement)
    op.get_bind().exec_driver_sql(NOTE_CHANGED.format(", n.local_number", ", o.local_number"))


def _plan_changes() -> None:
    op.create_table(
        "unit_change_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), server_default="", nullable=False),
        sa.Column("change_id", sa.Uuid()),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('merge', 'split', 'rename', 'move')", name=op.f("ck_unit_change_plan_kind")),
        sa.CheckConstraint(
            "state IN ('planned', 'done', 'cancelled', 'failed')", name=op.f("ck_unit_change_plan_state")
        ),
        sa.CheckConstraint("(state = 'planned') = (ended_at IS NULL)", name=op.f("ck_unit_change_plan_ended")),
        sa.CheckConstraint("(state = 'done') = (change_id IS NOT NULL)", name=op.f("ck_unit_change_plan_done")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["unit_change.id"], name=op.f("fk_unit_change_plan_change_id_unit_change")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change_plan")),
    )
    op.create_index("ix_unit_change_plan_due", "unit_change_plan", ["state", "effective_on", "id"])


def downgrade() -> None:
    op.drop_table("unit_change_plan")
    op.drop_table("roster_link")
    op.get_bind().exec_driver_sql(NOTE_CHANGED.format("", ""))
    op.drop_table("roster_nik")
    op.drop_table("nik_digest_key")
    op.create_foreign_key("fk_roster_row_import_id_roster_import", "roster_row", "roster_import", ["import_id"], ["id"])
    op.drop_index("ix_employee_merged_into", table_name="employee")
    op.create_index("ix_employee_merged_into", "employee", ["merged_into"])
    for column in KNOWN_BY:
        op.drop_index(f"uq_employee_{column}_current", table_name="employee")
    # Without NIP nobody can be on a roster of before: they leave it.
    op.execute("UPDATE employee SET current = false WHERE current AND nip = ''")
    op.create_index("uq_employee_nip_current", "employee", ["nip"], unique=True, postgresql_where=sa.text("current"))
    for table, columns in (
        ("roster_row", ("nik_digest", "local_number")),
        ("employee_version", ("local_number",)),
        ("employee", ("nik_digest", "local_number")),
    ):
        for column in columns:
            op.drop_column(table, column)
