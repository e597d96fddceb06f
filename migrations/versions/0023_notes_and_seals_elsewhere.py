"""Notes and seals on documents signed elsewhere: who makes the note, why nothing follows, and which time-stamping authority fails."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OLD_READY = "provider = 'device' AND (state = 'countersigned' OR (state = 'signed' AND countersign_agency_id IS NULL))"
READY = (
    "provider <> 'wet_scan' AND seal_refused IS NULL"
    " AND (state = 'countersigned' OR (state = 'signed' AND countersign_agency_id IS NULL))"
)
OLD_UNSEALED = "state IN ('signed', 'countersigned') AND provider = 'device'"
UNSEALED = "state IN ('signed', 'countersigned') AND provider <> 'wet_scan'"
CALLED = "state IN ('sending', 'unknown', 'signed')"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Documents signed elsewhere before this are sealed by the next run of the job, where their signatures allow it."""
    op.add_column("document", sa.Column("countersign_provider", sa.String()))
    op.add_column("document", sa.Column("seal_refused", sa.String()))
    _replace_indexes(READY, UNSEALED)
    op.add_column("remote_call", sa.Column("kind", sa.String(), server_default="sign", nullable=False))
    op.add_column("remote_call", sa.Column("opinion", sa.String()))
    op.create_check_constraint(op.f("ck_remote_call_kind"), "remote_call", "kind IN ('sign', 'countersign')")
    _replace_called(["document_id", "kind"])
    op.create_table(
        "stamp_fault",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_stamp_fault")),
    )


def downgrade() -> None:
    """Take it all back; fails where a document was signed and noted through services both."""
    op.drop_table("stamp_fault")
    _replace_called(["document_id"])
    op.drop_constraint(op.f("ck_remote_call_kind"), "remote_call")
    op.drop_column("remote_call", "opinion")
    op.drop_column("remote_call", "kind")
    _replace_indexes(OLD_READY, OLD_UNSEALED)
    op.drop_column("document", "seal_refused")
    op.drop_column("document", "countersign_provider")


def _replace_indexes(ready: str, unsealed: str) -> None:
    op.drop_index("ix_document_ready_for_seal", table_name="document")
    op.create_index("ix_document_ready_for_seal", "document", ["signed_at"], postgresql_where=sa.text(ready))
    op.drop_index("ix_document_unsealed", table_name="document")
    op.create_index("ix_document_unsealed", "document", ["round_id", "id"], postgresql_where=sa.text(unsealed))


def _replace_called(columns: list[str]) -> None:
    op.drop_index("uq_remote_call_document", table_name="remote_call")
    op.create_index("uq_remote_call_document", "remote_call", columns, unique=True, postgresql_where=sa.text(CALLED))
