"""Row-level security: the service runs as roles that own nothing, see what the caller may, and cannot rewrite the log."""

from alembic import op

from app.core.confinement import AGENCIES, OFFICES, PERSON, no_policies, policies
from app.core.db import SCOPED_ROLE, SERVICE_ROLE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROLES = f"{SERVICE_ROLE}, {SCOPED_ROLE}"
# Roles belong to the whole server: another database's migration may make them at the same moment, or have made them.
MAKE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
  WHEN insufficient_privilege THEN RAISE EXCEPTION 'The role {role} is missing and this login may not make it.'
    USING HINT = 'Ask the administrator of the database server for: CREATE ROLE {role} NOLOGIN; GRANT {role} TO ' || session_user;
END $$
"""
JOIN_ROLE = """
DO $$ BEGIN
  IF NOT pg_has_role(session_user, '{role}', 'MEMBER') THEN EXECUTE format('GRANT {role} TO %I', session_user); END IF;
EXCEPTION WHEN unique_violation OR serialization_failure THEN NULL;
END $$
"""
APPEND_ONLY = ("log_entry", "log_leaf", "log_checkpoint", "compliance_change", "participant_change")
"""What is written once: neither role may change or delete a row. Tiles grow, and are proven by the checkpoints."""

EMPLOYEE = "EXISTS (SELECT FROM employee e WHERE e.id = {table}.employee_id)"
UNITS = f"unit_id IN (SELECT u.id FROM unit u WHERE u.agency_id = ANY ({AGENCIES}))"  # noqa: S608 - constants
SESSION = "EXISTS (SELECT FROM signing_session s WHERE s.id = {table}.session_id)"
DOCUMENT = "EXISTS (SELECT FROM document d WHERE d.id = {table}.document_id)"
NOTED = f"""({OFFICES} IS NOT NULL AND EXISTS (SELECT FROM document d WHERE d.round_id = participant.round_id
  AND d.employee_id = participant.employee_id AND d.countersign_agency_id = ANY ({OFFICES})))"""
MINE = f"employee_id = {PERSON}"
VISIBLE: dict[str, str | None] = {
    "employee": f"id = {PERSON} OR {UNITS}",
    "employee_version": f"{MINE} OR {UNITS} OR {EMPLOYEE}",
    "employee_nik": EMPLOYEE,
    "employee_term": f"agency_id = ANY ({AGENCIES})",
    "name_key": f"agency_id = ANY ({AGENCIES})",
    "data_request": f"{MINE} OR {EMPLOYEE}",
    "roster_import": f"{PERSON} IS NOT NULL",  # what was imported when; the rows below are the person's own
    "roster_row": MINE,
    "roster_missing": MINE,
    "activation": EMPLOYEE,
    "api_token": None,
    "login_session": MINE,
    "passkey": EMPLOYEE,
    "pin": EMPLOYEE,
    "participant": f"{MINE} OR agency_id = ANY ({AGENCIES}) OR {NOTED}",
    "obligation": f"""{MINE} OR EXISTS (SELECT FROM participant p WHERE p.round_id = obligation.round_id
      AND p.employee_id = obligation.employee_id)""",
    "exemption": f"{MINE} OR agency_id = ANY ({AGENCIES})",
    "participant_change": f"{MINE} OR agency_id = ANY ({AGENCIES})",
    "paper_sheet": "EXISTS (SELECT FROM obligation o WHERE o.id = paper_sheet.obligation_id)",
    "document": f"{MINE} OR agency_id = ANY ({AGENCIES}) OR countersign_agency_id = ANY ({OFFICES})",
    "document_revision": DOCUMENT,
    "signing_session": MINE,
    "remote_call": DOCUMENT,
    "wet_scan": f"{MINE} OR agency_id = ANY ({AGENCIES})",
    "signing_session_document": SESSION,
    "signing_code": SESSION,
    "signing_evidence": SESSION,
    "device_key": SESSION,
    "countersignature": f"{SESSION} OR {DOCUMENT}",
    "reminder_delivery": f"{MINE} OR agency_id = ANY ({AGENCIES})",
    "reminder_recipient": f"agency_id = ANY ({AGENCIES})",
}


def upgrade() -> None:
    for role in (SERVICE_ROLE, SCOPED_ROLE):
        op.execute(MAKE_ROLE.format(role=role))
        op.execute(JOIN_ROLE.format(role=role))
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLES}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLES}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLES}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLES}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {ROLES}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {ROLES}")
    op.execute("GRANT SELECT ON alembic_version TO PUBLIC")  # read before anybody knows whether the roles exist
    op.execute(f"REVOKE UPDATE, DELETE ON {', '.join(APPEND_ONLY)} FROM {ROLES}")
    for table, visible in VISIBLE.items():
        for statement in policies(table, visible and visible.replace("{table}", table)):
            op.execute(statement)


def downgrade() -> None:
    for table in VISIBLE:
        for statement in no_policies(table):
            op.execute(statement)
    op.execute("REVOKE SELECT ON alembic_version FROM PUBLIC")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {ROLES}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {ROLES}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLES}")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLES}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ROLES}")
