"""Known browsers, the code that is asked in every other one, and kiosks."""

import sqlalchemy as sa
from alembic import op

from app.core.confinement import AGENCIES, PERSON, policies

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "known_browser",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("employee_id", sa.Uuid(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("misses_ever", sa.Integer(), nullable=False),
    )
    op.create_index(op.f("ix_known_browser_employee_id"), "known_browser", ["employee_id"])
    op.create_index(op.f("ix_known_browser_expires_at"), "known_browser", ["expires_at"])
    op.create_table(
        "login_code",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("employee_id", sa.Uuid()),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary()),
        sa.Column("mailed_at", TIME),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
    )
    op.create_index(op.f("ix_login_code_employee_id"), "login_code", ["employee_id"])
    op.create_index(op.f("ix_login_code_expires_at"), "login_code", ["expires_at"])
    op.create_table(
        "kiosk",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agency_id", sa.Uuid(), sa.ForeignKey("unit.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), unique=True),
        sa.Column("code_until", TIME, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), unique=True),
        sa.Column("enrolled_at", TIME),
        sa.Column("revoked_at", TIME),
    )
    op.create_index(op.f("ix_kiosk_agency_id"), "kiosk", ["agency_id"])
    op.add_column("login_session", sa.Column("kiosk_id", sa.Uuid(), sa.ForeignKey("kiosk.id")))
    op.create_index(op.f("ix_login_session_kiosk_id"), "login_session", ["kiosk_id"])
    # an OPD's administrator revokes its kiosks and whoever stands at them; a person sees the one they stand at
    here = "SELECT s.kiosk_id FROM login_session s WHERE s.employee_id = "
    own = f"agency_id = ANY ({AGENCIES}) OR id IN ({here}{PERSON})"
    for table, visible in (("known_browser", f"employee_id = {PERSON}"), ("login_code", None), ("kiosk", own)):
        for statement in policies(table, visible):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP POLICY scoped ON kiosk")  # it looks at the column
    op.drop_column("login_session", "kiosk_id")
    for table in ("kiosk", "login_code", "known_browser"):
        op.drop_table(table)
