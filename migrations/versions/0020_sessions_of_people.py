"""Where a person is signed in, and since when nothing was heard of it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_session", sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("login_session", sa.Column("address", sa.String(), server_default="", nullable=False))
    op.add_column("login_session", sa.Column("browser", sa.String(), server_default="", nullable=False))
    op.add_column(
        "login_session",
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    for column in ("last_seen_at", "browser", "address", "shared"):
        op.drop_column("login_session", column)
