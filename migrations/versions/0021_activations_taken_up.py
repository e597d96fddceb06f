"""Who took an activation up, in which browser, what speaks for a second look, and whether somebody says it was not them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("activation", sa.Column("issued_role", sa.String()))
    op.add_column("activation", sa.Column("settled_at", TIME))
    op.add_column("activation", sa.Column("used_address", sa.String()))
    op.add_column("activation", sa.Column("used_device", sa.LargeBinary()))
    op.add_column("activation", sa.Column("risk", sa.String()))
    op.add_column("activation", sa.Column("contested_at", TIME))
    op.add_column("login_session", sa.Column("device", sa.LargeBinary()))
    op.add_column("account_session", sa.Column("device", sa.LargeBinary()))
    for table, column in (("activation", "used_device"), ("account_session", "device")):
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.add_column("account_hold", sa.Column("cause", sa.String(), server_default="recovery", nullable=False))
    op.create_check_constraint(
        op.f("ck_account_hold_cause"), "account_hold", "cause IN ('recovery', 'risk', 'contested')"
    )
    op.alter_column("account_hold", "until", existing_type=TIME, nullable=True)


def downgrade() -> None:
    op.execute("UPDATE account_hold SET until = 'infinity' WHERE until IS NULL")
    op.alter_column("account_hold", "until", existing_type=TIME, nullable=False)
    op.drop_constraint(op.f("ck_account_hold_cause"), "account_hold")
    op.drop_column("account_hold", "cause")
    for table, column in (("activation", "used_device"), ("account_session", "device")):
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_column("account_session", "device")
    op.drop_column("login_session", "device")
    for column in ("contested_at", "risk", "used_device", "used_address", "settled_at", "issued_role"):
        op.drop_column("activation", column)
