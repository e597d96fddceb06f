"""The database schema: brought up to date by Alembic, from the migrations that lie beside the package."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine, make_url, text

from app.core.db import SCOPED_ROLE, SERVICE_ROLE, driver_url

ROOT = Path(__file__).resolve().parents[2]
LOGIN = "pakta_app"
_LOGIN = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{LOGIN}') THEN
    CREATE ROLE {LOGIN} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    GRANT {SERVICE_ROLE}, {SCOPED_ROLE} TO {LOGIN};
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another process, started at the same moment
END $$
"""


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for a database."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = driver_url(url)
    return config


def upgrade(url: str) -> None:
    """Bring the schema to the newest revision; several processes may call it at once, one of them works."""
    command.upgrade(alembic_config(url), "head")


def service_login(url: str) -> str:
    """Make a login on an embedded server that can become the service's roles and nothing else; return its URL.

    On a server of the agency's own the administrator makes it and names it in PAKTA_DATABASE_URL.
    """
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            connection.execute(text(_LOGIN))
    finally:
        engine.dispose()
    return make_url(driver_url(url)).set(username=LOGIN).render_as_string(hide_password=False)


def prepare_login(owner_url: str, url: str) -> None:
    """Make the login that a service's URL names, if the server has none of that name yet: no more than the service's roles.

    Its password is the URL's; one that exists keeps its own. Nothing is done where the service logs in as the owner.
    """
    asked, owner = make_url(driver_url(url)), make_url(driver_url(owner_url))
    if not asked.username or asked.username == owner.username:
        return
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.begin() as connection:
            known = connection.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": asked.username})
            if known.first() is None:
                raw = connection.connection.dbapi_connection
                raw.execute(_new_login(asked.username, asked.password or ""))  # type: ignore[union-attr]
    finally:
        engine.dispose()


def _new_login(name: str, password: str) -> sql.Composed:
    return sql.SQL(
        "CREATE ROLE {name} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {password};"
        "GRANT {service}, {scoped} TO {name}"
    ).format(
        name=sql.Identifier(name),
        password=sql.Literal(password),
        service=sql.Identifier(SERVICE_ROLE),
        scoped=sql.Identifier(SCOPED_ROLE),
    )


async def upgrade_async(url: str) -> None:
    """The same, off the event loop."""
    await asyncio.to_thread(upgrade, url)


def is_current(url: str) -> bool:
    """Whether the schema is at the newest revision this program knows."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())
    finally:
        engine.dispose()
    return current == set(ScriptDirectory.from_config(alembic_config(url)).get_heads())
