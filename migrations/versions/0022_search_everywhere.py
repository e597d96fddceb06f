"""Words of people for callers who see everything, and where people stand beside each word."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_EVERYWHERE = "'00000000-0000-0000-0000-000000000000'::uuid"


def upgrade() -> None:
    op.add_column("employee_term", sa.Column("unit_id", sa.Uuid()))
    op.create_index(
        "ix_employee_term_word", "employee_term", ["word", "name", "employee_id"], postgresql_include=["unit_id"]
    )
    op.execute(
        f"INSERT INTO name_key (agency_id, kind, key, word) SELECT DISTINCT {_EVERYWHERE}, kind, key, word FROM name_key"  # noqa: S608 - a constant
    )
    # Until the job has written them anew, rows without a unit ask the person.
    op.execute("INSERT INTO employee_unindexed (employee_id) SELECT DISTINCT employee_id FROM employee_term")


def downgrade() -> None:
    op.execute(f"DELETE FROM name_key WHERE agency_id = {_EVERYWHERE}")  # noqa: S608 - a constant
    op.drop_index("ix_employee_term_word", table_name="employee_term")
    op.drop_column("employee_term", "unit_id")
