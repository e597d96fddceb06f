"""Webhooks: endpoints, what is told them, and triggers that queue a fact for them in its own transaction; figures of finished documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.core.confinement import no_policies, policies

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
DELIVERY_STATES = "('waiting', 'sending', 'delivered', 'dead')"
CAUSES = "('', 'admin', 'gone', 'failing', 'backlog', 'secret')"
CONFINED = ("webhook", "webhook_message", "webhook_delivery", "webhook_attempt")
# A fact is queued only while an endpoint wants its kind. The triggers run as the caller, confined callers too, so the two tables they
# touch stand outside row-level security; they hold ids, digests and times.
TRIGGERS = """
CREATE FUNCTION webhook_note_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_outbox (kind, at, data)
  SELECT kind,
    coalesce(CASE NEW.state WHEN 'signed' THEN NEW.signed_at WHEN 'countersigned' THEN NEW.countersigned_at
      WHEN 'sealed' THEN NEW.sealed_at ELSE NEW.voided_at END, now()),
    jsonb_build_object('document_id', NEW.id, 'round_id', NEW.round_id, 'opd_id', NEW.agency_id, 'pledge', NEW.pledge,
      'sha256', encode(NEW.sha256, 'hex'))
  FROM webhook_wanted WHERE kind = CASE NEW.state WHEN 'void' THEN 'document.voided' ELSE 'document.' || NEW.state END;
  RETURN NULL;
END $$;

CREATE FUNCTION webhook_note_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_outbox (kind, at, data)
  SELECT kind, coalesce(CASE NEW.status WHEN 'open' THEN NEW.opened_at ELSE NEW.closed_at END, now()),
    jsonb_build_object('round_id', NEW.id)
  FROM webhook_wanted WHERE kind = CASE NEW.status WHEN 'open' THEN 'round.opened' ELSE 'round.closed' END;
  RETURN NULL;
END $$;

CREATE FUNCTION webhook_note_roster() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_outbox (kind, at, data)
  SELECT kind, coalesce(CASE NEW.status WHEN 'applied' THEN NEW.applied_at ELSE NEW.undone_at END, now()),
    jsonb_build_object('import_id', NEW.id, 'sha256', NEW.sha256)
  FROM webhook_wanted WHERE kind = 'roster.' || NEW.status;
  RETURN NULL;
END $$;

CREATE FUNCTION webhook_note_exemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_outbox (kind, at, data)
  SELECT kind, coalesce(NEW.decided_at, now()),
    jsonb_build_object('exemption_id', NEW.id, 'round_id', NEW.round_id, 'opd_id', NEW.agency_id, 'kind', NEW.kind)
  FROM webhook_wanted WHERE kind = 'obligation.exempted';
  RETURN NULL;
END $$;

CREATE TRIGGER webhook_note_new AFTER INSERT ON document FOR EACH ROW
  WHEN (NEW.state IN ('signed', 'countersigned', 'sealed')) EXECUTE FUNCTION webhook_note_document();
CREATE TRIGGER webhook_note AFTER UPDATE OF state ON document FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state IN ('signed', 'countersigned', 'sealed', 'void'))
  EXECUTE FUNCTION webhook_note_document();
CREATE TRIGGER webhook_note AFTER UPDATE OF status ON round FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('open', 'closed'))
  EXECUTE FUNCTION webhook_note_round();
CREATE TRIGGER webhook_note AFTER UPDATE OF status ON roster_import FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('applied', 'undone'))
  EXECUTE FUNCTION webhook_note_roster();
CREATE TRIGGER webhook_note AFTER UPDATE OF state ON exemption FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state = 'approved')
  EXECUTE FUNCTION webhook_note_exemption();

CREATE FUNCTION compliance_count_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  countersigned int := (NEW.state IN ('countersigned', 'sealed') AND NEW.countersigned_at IS NOT NULL)::int;
  sealed int := (NEW.state = 'sealed')::int;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    countersigned := countersigned - (OLD.state IN ('countersigned', 'sealed') AND OLD.countersigned_at IS NOT NULL)::int;
    sealed := sealed - (OLD.state = 'sealed')::int;
  END IF;
  INSERT INTO compliance_document_delta (round_id, agency_id, countersigned, sealed)
  VALUES (NEW.round_id, NEW.agency_id, countersigned, sealed);
  RETURN NULL;
END $$;

CREATE TRIGGER compliance_count_new AFTER INSERT ON document FOR EACH ROW
  WHEN (NEW.state IN ('countersigned', 'sealed')) EXECUTE FUNCTION compliance_count_document();
CREATE TRIGGER compliance_count AFTER UPDATE OF state ON document FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state
    AND (OLD.state IN ('countersigned', 'sealed') OR NEW.state IN ('countersigned', 'sealed')))
  EXECUTE FUNCTION compliance_count_document();
INSERT INTO compliance_document (round_id, agency_id, countersigned, sealed)
SELECT round_id, agency_id, count(*) FILTER (WHERE countersigned_at IS NOT NULL), count(*) FILTER (WHERE state = 'sealed')
FROM document WHERE state IN ('countersigned', 'sealed') GROUP BY 1, 2;
"""


def upgrade() -> None:
    _create_figures()
    _create_outbox()
    _create_webhook()
    _create_delivery()
    for table in CONFINED:
        for statement in policies(table, None):
            op.execute(statement)
    op.get_bind().exec_driver_sql(TRIGGERS)
    for name, columns in OUTSTANDING.items():
        op.create_index(name, "participant", columns, postgresql_where=sa.text("state = 'pending'"))


OUTSTANDING = {
    "ix_participant_outstanding_unit": ["round_id", "unit_id", "agency_id", "name", "employee_id"],
}


def downgrade() -> None:
    for name in OUTSTANDING:
        op.drop_index(name, table_name="participant")
    op.get_bind().exec_driver_sql(
        """
        DROP TRIGGER compliance_count ON document;
        DROP TRIGGER compliance_count_new ON document;
        DROP FUNCTION compliance_count_document();
        DROP TRIGGER webhook_note ON exemption;
        DROP TRIGGER webhook_note ON roster_import;
        DROP TRIGGER webhook_note ON round;
        DROP TRIGGER webhook_note ON document;
        DROP TRIGGER webhook_note_new ON document;
        DROP FUNCTION webhook_note_exemption();
        DROP FUNCTION webhook_note_roster();
        DROP FUNCTION webhook_note_round();
        DROP FUNCTION webhook_note_document();
        """
    )
    for table in CONFINED:
        for statement in no_policies(table):
            op.execute(statement)
    for table in (*reversed(CONFINED), "webhook_wanted", "webhook_outbox"):
        op.drop_table(table)
    op.drop_table("recap_link")
    op.drop_table("compliance_document")
    op.drop_table("compliance_document_delta")


def _create_figures() -> None:
    op.create_table(
        "compliance_document_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("countersigned", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_document_delta")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"},
    )
    op.create_table(
        "compliance_document",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("countersigned", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "agency_id", name=op.f("pk_compliance_document")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "recap_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_recap_link_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recap_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_recap_link_token_hash")),
    )
    op.create_index("ix_recap_link_round_id", "recap_link", ["round_id", "id"])


def _create_outbox() -> None:
    op.create_table(
        "webhook_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_outbox")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"},
    )
    op.create_table(
        "webhook_wanted",
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_webhook_wanted")),
    )


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", JSONB(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_before", sa.LargeBinary(), nullable=True),
        sa.Column("secret_before_until", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("paused_until", TIME, nullable=True),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("disabled_cause", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"disabled_cause IN {CAUSES}", name=op.f("ck_webhook_cause")),
        sa.CheckConstraint("enabled = (disabled_at IS NULL)", name=op.f("ck_webhook_disabled")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )


def _create_delivery() -> None:
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
    )
    op.create_index("ix_webhook_message_created_at", "webhook_message", ["created_at", "id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.CheckConstraint(f"state IN {DELIVERY_STATES}", name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id_webhook"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_message.id"],
            name=op.f("fk_webhook_delivery_message_id_webhook_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "message_id", name=op.f("pk_webhook_delivery")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_webhook_delivery_message_id", "webhook_delivery", ["message_id"])
    for name, columns, state in (
        ("due", ["webhook_id", "next_at", "message_id"], "waiting"),
        ("sending", ["webhook_id", "claimed_at"], "sending"),
        ("dead", ["webhook_id", "message_id"], "dead"),
    ):
        where = sa.text(f"state = '{state}'")
        op.create_index(f"ix_webhook_delivery_{name}", "webhook_delivery", columns, postgresql_where=where)
    op.create_table(
        "webhook_attempt",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id", "message_id"],
            ["webhook_delivery.webhook_id", "webhook_delivery.message_id"],
            name=op.f("fk_webhook_attempt_webhook_id_message_id_webhook_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "message_id", "number", name=op.f("pk_webhook_attempt")),
    )
