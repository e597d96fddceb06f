"""What rosters remember, decisions and histories of people and units."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

VALUES = (
    "pns_id",
    "nip",
    "name",
    "employment",
    "legal_status",
    "grade",
    "grade_title",
    "position_kind",
    "position",
    "echelon",
    "email",
    "phone",
)

# What was staged before is kept: one remark a row is all that it told, so one remark a row it stays.
FORWARD = f"""
UPDATE roster_row SET
  findings = coalesce((SELECT jsonb_agg(jsonb_build_object('code', code, 'column', column_name, 'found', found, 'params', '{{}}'::jsonb))
                       FROM jsonb_array_elements_text(codes) code), '[]'::jsonb);
UPDATE roster_row SET {", ".join(f"{name} = coalesce(person->>'{name}', '')" for name in VALUES)},
  birth_date = (person->>'birth_date')::date, unit = coalesce(person->>'unit_id', '') WHERE person IS NOT NULL;
INSERT INTO roster_state (id, revision) SELECT 1, count(*) FROM roster_import WHERE applied_at IS NOT NULL;
INSERT INTO employee_version (employee_id, valid_from, recorded_at, cause, nip, name, birth_date, employment, legal_status, grade,
  grade_title, position_kind, position, echelon, unit_id, current)
SELECT id, created_at::date, created_at, 'first', nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind,
  position, echelon, unit_id, current FROM employee;
INSERT INTO unit_version (unit_id, valid_from, valid_to, recorded_at, name, parent_id, agency_id, is_agency, head_title)
SELECT id, valid_from, valid_to, created_at, name, parent_id, agency_id, is_agency, head_title FROM unit;
"""  # noqa: S608 - names of columns
BACK = f"""
UPDATE roster_row SET codes = coalesce((SELECT jsonb_agg(f->'code') FROM jsonb_array_elements(findings) f), '[]'::jsonb),
  column_name = coalesce(findings->0->>'column', ''), found = coalesce(findings->0->>'found', '');
UPDATE roster_row SET person = jsonb_build_object({", ".join(f"'{name}', {name}" for name in VALUES)}, 'birth_date', birth_date,
  'unit_id', unit, 'sex', '', 'legal_status_name', '') WHERE outcome <> 'rejected';
"""  # noqa: S608 - names of columns


def upgrade() -> None:
    _make_versions()
    _make_state()
    text_array = postgresql.ARRAY(sa.String())
    _add(
        "roster_import",
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("units_before", postgresql.JSONB(), nullable=True),
        sa.Column("layout", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.Column("reading", sa.String(), nullable=False, server_default=""),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("base_revision", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("applied_revision", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_foreign_key(
        op.f("fk_roster_import_parent_id_roster_import"), "roster_import", "roster_import", ["parent_id"], ["id"]
    )
    op.create_index("ix_roster_import_reading", "roster_import", ["reading"])
    _add(
        "roster_row",
        sa.Column("place", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("changes", postgresql.JSONB(), nullable=True),
        sa.Column("findings", postgresql.JSONB(), nullable=False, server_default="[]"),
        sa.Column("silent", text_array, nullable=False, server_default="{}"),
        *(sa.Column(name, sa.String(), nullable=False, server_default="") for name in (*VALUES, "unit")),
        sa.Column("birth_date", sa.Date(), nullable=True),
    )
    op.create_index("ix_roster_row_change", "roster_row", ["import_id", "change"])
    op.drop_index("ix_roster_row_outcome", table_name="roster_row")
    op.create_index(
        "ix_roster_row_outcome",
        "roster_row",
        ["import_id", "outcome"],
        postgresql_where=sa.text("outcome <> 'accepted'"),
    )
    op.create_index("ix_employee_name", "employee", ["name", "id"], postgresql_where=sa.text("current"))
    op.get_bind().exec_driver_sql(FORWARD)
    for name in ("codes", "column_name", "found", "remedy", "person"):
        op.drop_column("roster_row", name)


def downgrade() -> None:
    _add(
        "roster_row",
        sa.Column("codes", postgresql.JSONB(), nullable=False, server_default="[]"),
        sa.Column("column_name", sa.String(), nullable=False, server_default=""),
        sa.Column("found", sa.String(), nullable=False, server_default=""),
        sa.Column("remedy", sa.String(), nullable=False, server_default=""),
        sa.Column("person", postgresql.JSONB(), nullable=True),
    )
    op.get_bind().exec_driver_sql(BACK)
    for name in ("codes", "column_name", "found", "remedy"):
        op.alter_column("roster_row", name, server_default=None)
    op.drop_index("ix_employee_name", table_name="employee")
    op.drop_index("ix_roster_row_outcome", table_name="roster_row")
    op.create_index("ix_roster_row_outcome", "roster_row", ["import_id", "outcome"])
    op.drop_index("ix_roster_row_change", table_name="roster_row")
    for name in ("place", "changes", "findings", "silent", *VALUES, "unit", "birth_date"):
        op.drop_column("roster_row", name)
    op.drop_index("ix_roster_import_reading", table_name="roster_import")
    op.drop_constraint(op.f("fk_roster_import_parent_id_roster_import"), "roster_import", type_="foreignkey")
    for name in (
        *("parent_id", "units_before", "layout", "refusal", "reading", "effective_on"),
        *("base_revision", "applied_revision", "undone_at"),
    ):
        op.drop_column("roster_import", name)
    for name in ("roster_mapping", "roster_missing", "roster_state", "unit_version", "employee_version"):
        op.drop_table(name)


def _add(table: str, *columns: sa.Column) -> None:
    for column in columns:
        op.add_column(table, column)


def _make_versions() -> None:
    op.create_table(
        "employee_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        *_times(),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("nip", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("employment", "legal_status", "grade", "grade_title", "position_kind", "position", "echelon")
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employee.id"], name=op.f("fk_employee_version_employee_id_employee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_version")),
    )
    op.create_index("ix_employee_version_employee_id", "employee_version", ["employee_id"])
    op.create_index(
        "ix_employee_version_name",
        "employee_version",
        ["name", "employee_id"],
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "unit_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        *_times(),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("is_agency", sa.Boolean(), nullable=False),
        sa.Column("head_title", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_version_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_version")),
    )
    op.create_index("ix_unit_version_unit_id", "unit_version", ["unit_id"])


def _make_state() -> None:
    op.create_table(
        "roster_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_roster_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_state")),
    )
    op.create_table(
        "roster_missing",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("unit_before", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('keep', 'left', 'transferred')", name=op.f("ck_roster_missing_decision")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_roster_missing_import_id_roster_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "employee_id", name=op.f("pk_roster_missing")),
    )
    op.create_table(
        "roster_mapping",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_roster_mapping")),
    )


def _times() -> list[sa.Column]:
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
    ]
