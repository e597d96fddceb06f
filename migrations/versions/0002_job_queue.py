"""The job queue's own schema (procrastinate 3.10), frozen here so that upgrades of the library are migrations of ours."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "procrastinate_3_10.sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        """
        DROP TABLE procrastinate_periodic_defers, procrastinate_events, procrastinate_jobs, procrastinate_workers CASCADE;
        DO $$
        DECLARE found record;
        BEGIN
          FOR found IN SELECT p.oid::regprocedure AS name FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = current_schema() AND p.proname LIKE 'procrastinate%%'
          LOOP EXECUTE 'DROP FUNCTION ' || found.name || ' CASCADE'; END LOOP;
          FOR found IN SELECT t.typname AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE n.nspname = current_schema() AND t.typname LIKE 'procrastinate%%' AND t.typtype IN ('e', 'c')
          LOOP EXECUTE 'DROP TYPE ' || quote_ident(found.name) || ' CASCADE'; END LOOP;
        END $$
        """
    )
