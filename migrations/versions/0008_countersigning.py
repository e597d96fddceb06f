"""Countersigning, voiding, declining."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

SIGNED = "state = 'signed'"
READY = "state = 'countersigned' OR (state = 'signed' AND countersign_agency_id IS NULL)"
OLD_STATES = "state IN ('prepared', 'signed', 'sealed', 'abandoned')"
STATES = "state IN ('prepared', 'signed', 'countersigned', 'sealed', 'abandoned', 'void')"
OLD_ACTS = "state IN ('prepared', 'certified', 'signed', 'abandoned')"
ACTS = "state IN ('prepared', 'certified', 'signed', 'abandoned', 'declined')"
DOCUMENT = (
    ("countersigned_sha256", sa.LargeBinary()),
    ("countersigned_at", sa.DateTime(timezone=True)),
    ("countersign_agency_id", sa.Uuid()),
    ("countersigner_id", sa.Uuid()),
    ("left_out_at", sa.DateTime(timezone=True)),
    ("left_out_reason", sa.String()),
    ("voided_at", sa.DateTime(timezone=True)),
    ("voided_by", sa.Uuid()),
    ("void_ground", sa.String()),
    ("void_reason", sa.String()),
)


def upgrade() -> None:
    """Add what the three need."""
    _create_countersigner()
    for name, kind in DOCUMENT:
        op.add_column("document", sa.Column(name, kind, nullable=True))
    op.create_foreign_key(
        op.f("fk_document_countersigner_id_countersigner"), "document", "countersigner", ["countersigner_id"], ["id"]
    )
    op.create_index(op.f("ix_document_countersigned_sha256"), "document", ["countersigned_sha256"], unique=False)
    _replace_check("document", "state", STATES)
    op.create_check_constraint(
        op.f("ck_document_void_has_time"), "document", "(state = 'void') = (voided_at IS NOT NULL)"
    )
    op.drop_index("ix_document_waiting_for_seal", table_name="document")
    op.create_index("ix_document_ready_for_seal", "document", ["signed_at"], postgresql_where=sa.text(READY))
    op.create_index(
        "ix_document_unsealed",
        "document",
        ["round_id", "id"],
        postgresql_where=sa.text("state IN ('signed', 'countersigned')"),
    )
    op.create_index(
        "ix_document_to_countersign",
        "document",
        ["round_id", "countersign_agency_id", "id"],
        postgresql_where=sa.text("state = 'signed' AND countersign_agency_id IS NOT NULL"),
    )
    op.add_column("obligation", sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("obligation", sa.Column("declined_reason", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_obligation_signed_is_not_declined"), "obligation", "declined_at IS NULL OR state <> 'signed'"
    )
    op.create_index(
        "ix_obligation_declined",
        "obligation",
        ["round_id", "employee_id"],
        postgresql_where=sa.text("declined_at IS NOT NULL"),
    )
    op.add_column("signing_session", sa.Column("kind", sa.String(), server_default="sign", nullable=False))
    op.create_check_constraint(op.f("ck_signing_session_kind"), "signing_session", "kind IN ('sign', 'countersign')")
    _replace_check("signing_session", "state", ACTS)
    _create_countersignature()


def downgrade() -> None:
    """Take it all back; fails where a document or session is in a state that only this release knows."""
    op.drop_index(op.f("ix_countersignature_document_id"), table_name="countersignature")
    op.drop_table("countersignature")
    _replace_check("signing_session", "state", OLD_ACTS)
    op.drop_constraint(op.f("ck_signing_session_kind"), "signing_session")
    op.drop_column("signing_session", "kind")
    op.drop_index("ix_obligation_declined", table_name="obligation")
    op.drop_constraint(op.f("ck_obligation_signed_is_not_declined"), "obligation")
    op.drop_column("obligation", "declined_reason")
    op.drop_column("obligation", "declined_at")
    op.drop_index("ix_document_to_countersign", table_name="document")
    op.drop_index("ix_document_unsealed", table_name="document")
    op.drop_index("ix_document_ready_for_seal", table_name="document")
    op.create_index("ix_document_waiting_for_seal", "document", ["signed_at"], postgresql_where=sa.text(SIGNED))
    op.drop_constraint(op.f("ck_document_void_has_time"), "document")
    _replace_check("document", "state", OLD_STATES)
    op.drop_index(op.f("ix_document_countersigned_sha256"), table_name="document")
    op.drop_constraint(op.f("fk_document_countersigner_id_countersigner"), "document")
    for name, _ in reversed(DOCUMENT):
        op.drop_column("document", name)
    op.drop_index("ix_countersigner_employee_id", table_name="countersigner")
    op.drop_index("uq_countersigner_live", table_name="countersigner")
    op.drop_table("countersigner")


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _create_countersigner() -> None:
    op.create_table(
        "countersigner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("nip", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("mandate_number", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("capacity IN ('head', 'plt', 'plh')", name=op.f("ck_countersigner_capacity")),
        sa.ForeignKeyConstraint(["agency_id"], ["unit.id"], name=op.f("fk_countersigner_agency_id_unit")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_countersigner_employee_id_employee")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_countersigner_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_countersigner")),
    )
    op.create_index(
        "uq_countersigner_live",
        "countersigner",
        ["round_id", "agency_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index("ix_countersigner_employee_id", "countersigner", ["employee_id"], unique=False)


def _create_countersignature() -> None:
    op.create_table(
        "countersignature",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("countersigner_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.LargeBinary(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("hole_start", sa.Integer(), nullable=False),
        sa.Column("hole_end", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["countersigner_id"], ["countersigner.id"], name=op.f("fk_countersignature_countersigner_id_countersigner")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_countersignature_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["signing_session.id"], name=op.f("fk_countersignature_session_id_signing_session")
        ),
        sa.PrimaryKeyConstraint("session_id", "place", name=op.f("pk_countersignature")),
    )
    op.create_index(op.f("ix_countersignature_document_id"), "countersignature", ["document_id"], unique=False)
