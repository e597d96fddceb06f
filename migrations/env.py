"""Alembic environment: one migration run at a time, with time-outs, in one transaction."""

import importlib
import pkgutil

from alembic import context
from sqlalchemy import NullPool, create_engine, text

import app
from app.core.db import Base

ADVISORY_LOCK = 0x50414B5441  # "PAKTA": two processes starting at once must not migrate together

for module in pkgutil.iter_modules(app.__path__):
    if module.ispkg and importlib.util.find_spec(f"app.{module.name}.models"):
        importlib.import_module(f"app.{module.name}.models")


def include_object(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave the job queue's tables alone: their schema is the queue's own."""
    return not (kind == "table" and (name or "").startswith("procrastinate"))


def run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)  # closed also when a step fails
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '15min'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
        # only now: another process may migrate for longer than a table's lock is worth waiting for
        lock_timeout = context.config.attributes.get("lock_timeout", "10s")
        connection.execute(text(f"SET LOCAL lock_timeout = '{lock_timeout}'"))
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            compare_type=True,
            transaction_per_migration=False,
        )
        context.run_migrations()


run()
