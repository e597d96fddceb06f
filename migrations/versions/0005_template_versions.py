"""Rounds say who signs, template versions say who brought them, and no version is ever changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IMMUTABLE = """
CREATE FUNCTION template_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a template version is never changed: rounds and signatures rest on it';
END $$;
CREATE TRIGGER template_version_is_immutable BEFORE UPDATE OR DELETE ON template_version FOR EACH ROW
  EXECUTE FUNCTION template_version_is_immutable();
"""


def upgrade() -> None:
    op.add_column("round", sa.Column("audience", sa.String(), server_default="asn", nullable=False))
    op.create_check_constraint(op.f("ck_round_audience"), "round", "audience IN ('asn', 'asn_non_asn')")
    op.add_column("template_version", sa.Column("created_by", sa.Uuid(), nullable=True))
    op.execute(IMMUTABLE)


def downgrade() -> None:
    op.execute("DROP TRIGGER template_version_is_immutable ON template_version")
    op.execute("DROP FUNCTION template_version_is_immutable()")
    op.drop_column("template_version", "created_by")
    op.drop_constraint(op.f("ck_round_audience"), "round", type_="check")
    op.drop_column("round", "audience")
