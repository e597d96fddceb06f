"""Signing providers: who signs elsewhere, outcomes nobody knows yet, and scans of what was signed on paper."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OLD_READY = "state = 'countersigned' OR (state = 'signed' AND countersign_agency_id IS NULL)"
READY = f"provider = 'device' AND ({OLD_READY})"
OLD_UNSEALED = "state IN ('signed', 'countersigned')"
UNSEALED = f"{OLD_UNSEALED} AND provider = 'device'"
OLD_ACTS = "state IN ('prepared', 'certified', 'signed', 'abandoned', 'declined')"
ACTS = "state IN ('prepared', 'certified', 'sending', 'signed', 'unknown', 'abandoned', 'declined')"
OLD_LIVE = "state IN ('prepared', 'certified')"
LIVE = "state IN ('prepared', 'certified', 'sending')"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what the providers need."""
    for table in ("document", "signing_session"):
        op.add_column(table, sa.Column("provider", sa.String(), server_default="device", nullable=False))
    _replace_indexes(READY, UNSEALED, LIVE)
    _replace_check("signing_session", "state", ACTS)
    op.create_index(
        "ix_signing_session_elsewhere",
        "signing_session",
        ["employee_id", "id"],
        postgresql_where=sa.text("provider <> 'device'"),
    )
    _create_remote_call()
    _create_wet_scan()


def downgrade() -> None:
    """Take it all back; fails where an act is in a state that only this release knows."""
    op.drop_index("ix_wet_scan_to_judge", table_name="wet_scan")
    op.drop_index("uq_wet_scan_waiting", table_name="wet_scan")
    op.drop_index(op.f("ix_wet_scan_obligation_id"), table_name="wet_scan")
    op.drop_table("wet_scan")
    op.drop_index("uq_remote_call_document", table_name="remote_call")
    op.drop_index("ix_remote_call_open", table_name="remote_call")
    op.drop_index(op.f("ix_remote_call_session_id"), table_name="remote_call")
    op.drop_table("remote_call")
    op.drop_index("ix_signing_session_elsewhere", table_name="signing_session")
    _replace_check("signing_session", "state", OLD_ACTS)
    _replace_indexes(OLD_READY, OLD_UNSEALED, OLD_LIVE)
    for table in ("signing_session", "document"):
        op.drop_column(table, "provider")


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _replace_indexes(ready: str, unsealed: str, live: str) -> None:
    op.drop_index("ix_document_ready_for_seal", table_name="document")
    op.create_index("ix_document_ready_for_seal", "document", ["signed_at"], postgresql_where=sa.text(ready))
    op.drop_index("ix_document_unsealed", table_name="document")
    op.create_index("ix_document_unsealed", "document", ["round_id", "id"], postgresql_where=sa.text(unsealed))
    op.drop_index("uq_signing_session_live", table_name="signing_session")
    op.create_index(
        "uq_signing_session_live", "signing_session", ["employee_id"], unique=True, postgresql_where=sa.text(live)
    )


def _create_remote_call() -> None:
    op.create_table(
        "remote_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("certificate", JSONB(), nullable=True),
        sa.Column("stamped_at", TIME, nullable=True),
        sa.Column("checked_at", TIME, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('sending', 'signed', 'refused', 'unknown', 'not_signed')", name=op.f("ck_remote_call_state")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_remote_call_document_id_document")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["signing_session.id"], name=op.f("fk_remote_call_session_id_signing_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_call")),
    )
    op.create_index(op.f("ix_remote_call_session_id"), "remote_call", ["session_id"], unique=False)
    op.create_index(
        "ix_remote_call_open", "remote_call", ["id"], postgresql_where=sa.text("state IN ('sending', 'unknown')")
    )
    op.create_index(
        "uq_remote_call_document",
        "remote_call",
        ["document_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('sending', 'unknown', 'signed')"),
    )


def _create_wet_scan() -> None:
    op.create_table(
        "wet_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('uploaded', 'accepted', 'refused')", name=op.f("ck_wet_scan_state")),
        sa.CheckConstraint(
            "(state = 'accepted') = (document_id IS NOT NULL)", name=op.f("ck_wet_scan_accepted_has_document")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_wet_scan_document_id_document")),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name=op.f("fk_wet_scan_obligation_id_obligation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wet_scan")),
    )
    op.create_index(op.f("ix_wet_scan_obligation_id"), "wet_scan", ["obligation_id"], unique=False)
    op.create_index(
        "uq_wet_scan_waiting",
        "wet_scan",
        ["obligation_id"],
        unique=True,
        postgresql_where=sa.text("state = 'uploaded'"),
    )
    op.create_index(
        "ix_wet_scan_to_judge", "wet_scan", ["agency_id", "id"], postgresql_where=sa.text("state = 'uploaded'")
    )
