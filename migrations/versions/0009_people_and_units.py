"""Words people are found by, changes of units, heads over time, and what the law on personal data asks for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Folding stands in the database because names are written there set by set. NFKD takes accents apart; the spelling of before 1972
# (tj, dj, j, nj, sj, ch, oe) and today's (c, j, y, ny, sy, kh, u) become one; sounds that are written either way become one.
# Double letters are undone letter by letter: a back-reference would cost the square, or worse, of a long cell's length.
_ONE_SPELLING = (("tj", "c"), ("dj", "y"), ("ch", "h"), ("kh", "h"), ("oe", "u"), ("x", "ks"))
_SINGLE = tuple((letter * 2, letter) for letter in "abcdefghiklmnoprstuwy")
_LONGEST = 300  # letters of a name that are looked at: an index entry has its bounds, too
_BARE = (
    f'regexp_replace(regexp_replace(lower(normalize(left(stated, {_LONGEST}), NFKD) COLLATE "C"), '
    r"'[\u0300-\u036f''’‘`´ʼʿʾ]', '', 'g'), '[^a-z0-9]+', ' ', 'g')"
)


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for before, after in pairs:
        text = f"replace({text}, '{before}', '{after}')"
    return text


_FOLDED = _replaced(f"translate({_replaced(_BARE, _ONE_SPELLING)}, 'jvqz', 'yfks')", _SINGLE)
FOLD = rf"""
CREATE FUNCTION pakta_fold(stated text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT btrim(left({_FOLDED}, {_LONGEST}))
$$;
CREATE FUNCTION pakta_fold_name(stated text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT pakta_fold(regexp_replace(split_part(left(stated, {_LONGEST}), ',', 1),
    '^\s*(?:(?:prof|drs|dra|drg|drh|dr|ir|hj|h|kh|k\.h|apt|ns)\.\s*|(?:prof|drs|dra|hj)\s+)+', '', 'i'))
$$;
"""
# Whoever writes people or units, by whatever way, leaves a note of whom to index anew.
TRIGGERS = """
CREATE FUNCTION employee_note_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO employee_unindexed (employee_id) SELECT id FROM now_there ORDER BY id;
  RETURN NULL;
END $$;
CREATE FUNCTION employee_note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO employee_unindexed (employee_id) SELECT n.id FROM now_there n JOIN was_there o ON o.id = n.id
  WHERE (o.name, o.nip, o.unit_id, o.current) IS DISTINCT FROM (n.name, n.nip, n.unit_id, n.current) ORDER BY n.id;
  RETURN NULL;
END $$;
CREATE FUNCTION employee_note_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO employee_unindexed (employee_id) SELECT id FROM was_there;
  RETURN NULL;
END $$;
CREATE FUNCTION unit_note_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO employee_unindexed (employee_id) SELECT e.id FROM employee e WHERE e.unit_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER employee_new AFTER INSERT ON employee REFERENCING NEW TABLE AS now_there
  FOR EACH STATEMENT EXECUTE FUNCTION employee_note_new();
CREATE TRIGGER employee_changed AFTER UPDATE ON employee REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
  FOR EACH STATEMENT EXECUTE FUNCTION employee_note_changed();
CREATE TRIGGER employee_gone AFTER DELETE ON employee REFERENCING OLD TABLE AS was_there
  FOR EACH STATEMENT EXECUTE FUNCTION employee_note_gone();
CREATE TRIGGER unit_moved AFTER UPDATE ON unit FOR EACH ROW WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id)
  EXECUTE FUNCTION unit_note_moved();
INSERT INTO employee_unindexed (employee_id) SELECT id FROM employee ORDER BY id;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FOLD)
    _make_search()
    _make_changes()
    _make_heads()
    _make_requests()
    op.get_bind().exec_driver_sql(TRIGGERS)


def downgrade() -> None:
    for trigger, table in (
        *(("employee_new", "employee"), ("employee_changed", "employee")),
        *(("employee_gone", "employee"), ("unit_moved", "unit")),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for name in ("employee_note_new", "employee_note_changed", "employee_note_gone", "unit_note_moved"):
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("ix_roster_row_employee_id", table_name="roster_row")
    for name in ("employee_nik", "data_request", "unit_predecessor", "unit_change", "unit_head"):
        op.drop_table(name)
    op.drop_column("employee_version", "reason")
    op.drop_column("roster_import", "source")
    op.drop_index("ix_employee_merged_into", table_name="employee")
    op.drop_constraint("fk_employee_merged_into_employee", "employee", type_="foreignkey")
    op.drop_column("employee", "merged_into")
    op.drop_index("ix_employee_unit_name", table_name="employee")
    op.drop_column("unit", "folded")
    for name in ("name_key", "employee_term", "employee_unindexed"):
        op.drop_table(name)
    op.execute("DROP FUNCTION pakta_fold_name(text)")
    op.execute("DROP FUNCTION pakta_fold(text)")


def _make_search() -> None:
    word = sa.String(collation="C")
    op.create_table(
        "employee_term",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("name", word, nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "word", "name", "employee_id", name=op.f("pk_employee_term")),
    )
    op.create_index("ix_employee_term_employee_id", "employee_term", ["employee_id"])
    op.create_table(
        "name_key",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", word, nullable=False),
        sa.Column("key", word, nullable=False),
        sa.Column("word", word, nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "kind", "key", "word", name=op.f("pk_name_key")),
    )
    op.create_table(
        "employee_unindexed",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_unindexed")),
    )
    op.add_column(
        "unit",
        sa.Column("folded", word, sa.Computed("pakta_fold(name)", persisted=True), nullable=False),
    )
    op.create_index("ix_employee_unit_name", "employee", ["unit_id", "name", "id"], postgresql_where=sa.text("current"))


def _make_changes() -> None:
    op.add_column("roster_import", sa.Column("source", sa.String(), server_default="file", nullable=False))
    op.add_column("employee_version", sa.Column("reason", sa.String(), server_default="", nullable=False))
    op.add_column("employee", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_employee_merged_into_employee"), "employee", "employee", ["merged_into"], ["id"])
    op.create_index(op.f("ix_employee_merged_into"), "employee", ["merged_into"])
    op.create_table(
        "unit_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decree", sa.String(), nullable=False),
        sa.Column("edits", JSONB(), nullable=False),
        sa.Column("people_moved", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('merge', 'split', 'rename', 'move')", name=op.f("ck_unit_change_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change")),
    )
    op.create_table(
        "unit_predecessor",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_predecessor_unit_id_unit")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["unit.id"], name=op.f("fk_unit_predecessor_predecessor_id_unit")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["unit_change.id"], name=op.f("fk_unit_predecessor_change_id_unit_change")
        ),
        sa.PrimaryKeyConstraint("unit_id", "predecessor_id", name=op.f("pk_unit_predecessor")),
    )
    op.create_index(op.f("ix_unit_predecessor_predecessor_id"), "unit_predecessor", ["predecessor_id"])


def _make_heads() -> None:
    op.create_table(
        "unit_head",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("mandate_number", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('definitive', 'plt', 'plh')", name=op.f("ck_unit_head_kind")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_unit_head_days")),
        sa.CheckConstraint("kind = 'definitive' OR mandate_number <> ''", name=op.f("ck_unit_head_mandate")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_head_unit_id_unit")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_unit_head_employee_id_employee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_head")),
    )
    op.create_index("ix_unit_head_unit_id", "unit_head", ["unit_id", "valid_from", "id"])
    op.create_index("ix_unit_head_employee_id", "unit_head", ["employee_id"])


def _make_requests() -> None:
    op.create_table(
        "data_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("field", "message", "state", "answer")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'accepted', 'refused')", name=op.f("ck_data_request_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_data_request_decided")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_data_request_employee_id_employee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_request")),
    )
    op.create_table(
        "employee_nik",
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_employee_nik_employee_id_employee")),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_employee_nik")),
    )
    op.create_index(op.f("ix_data_request_employee_id"), "data_request", ["employee_id"])
    op.create_index("ix_data_request_state", "data_request", ["state", "created_at", "id"])
    op.create_index("ix_roster_row_employee_id", "roster_row", ["employee_id"])
