"""Archive time stamps that are renewed: when, and what the file was before."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document", sa.Column("renewed_at", sa.DateTime(timezone=True)))
    op.add_column("document_revision", sa.Column("sha256", sa.LargeBinary()))
    op.create_index(
        "ix_document_revision_sha256",
        "document_revision",
        ["sha256"],
        postgresql_where=sa.text("sha256 IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_document_revision_sha256", "document_revision")
    op.drop_column("document_revision", "sha256")
    op.drop_column("document", "renewed_at")
