"""Sheets printed to be signed on paper."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of sheets."""
    op.create_table(
        "paper_sheet",
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name=op.f("fk_paper_sheet_obligation_id_obligation")
        ),
        sa.PrimaryKeyConstraint("obligation_id", name=op.f("pk_paper_sheet")),
        sa.UniqueConstraint("code", name=op.f("uq_paper_sheet_code")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("paper_sheet")
