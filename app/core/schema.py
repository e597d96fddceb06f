"""The database schema: brought up to date by Alembic, from the migrations that lie beside the package."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from app.core.db import driver_url

ROOT = Path(__file__).resolve().parents[2]


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for a database."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = driver_url(url)
    return config


def upgrade(url: str) -> None:
    """Bring the schema to the newest revision; several processes may call it at once, one of them works."""
    command.upgrade(alembic_config(url), "head")


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
