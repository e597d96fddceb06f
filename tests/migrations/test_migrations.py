"""Migrations go up, down and up again, say what the models say, and run one at a time."""

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from app.core.ids import new_id
from app.core.postgres import LocalPostgres
from app.core.schema import alembic_config, is_current, upgrade
from tests.conftest import database_url

UPGRADE = """
import sys
from app.core.schema import is_current, upgrade
is_current(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
upgrade(sys.argv[1])
"""
ADVISORY_LOCK = 0x50414B5441  # migrations/env.py
CATALOGUE = """
SELECT 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '') FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
 WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
UNION ALL SELECT 'function', p.proname, pg_get_function_identity_arguments(p.oid), '', '', '' FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace
UNION ALL SELECT 'type', t.typname, '', '', '', '' FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
ORDER BY 1, 2, 3, 4
"""


@pytest.fixture
def empty_database(postgres: LocalPostgres) -> Iterator[str]:
    """The URL of a database nobody has migrated."""
    name = f"empty_{new_id().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield database_url(postgres, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def catalogue(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(CATALOGUE).fetchall()


def test_up_down_and_up_again_end_where_they_began(empty_database: str) -> None:
    assert catalogue(empty_database) == []
    assert not is_current(empty_database)
    upgrade(empty_database)
    assert is_current(empty_database)
    first = catalogue(empty_database)
    assert len(first) > 100
    command.downgrade(alembic_config(empty_database), "base")
    assert catalogue(empty_database) == []
    upgrade(empty_database)
    assert catalogue(empty_database) == first


def test_every_single_step_can_be_taken_back(empty_database: str) -> None:
    config = alembic_config(empty_database)
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions("base", "heads")][
        ::-1
    ]
    for revision in revisions:
        command.upgrade(config, revision)
        after = catalogue(empty_database)
        command.downgrade(config, "-1")
        command.upgrade(config, revision)
        assert catalogue(empty_database) == after


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config("postgresql://nowhere")).get_heads()) == 1


def test_models_and_migrations_say_the_same(fresh_database: str) -> None:
    config = alembic_config(fresh_database)
    config.stdout = io.StringIO()
    command.check(config)


def test_an_upgrade_of_a_current_schema_changes_nothing(fresh_database: str) -> None:
    before = catalogue(fresh_database)
    upgrade(fresh_database)
    assert catalogue(fresh_database) == before


def test_processes_that_start_at_once_migrate_once(empty_database: str) -> None:
    arguments = [sys.executable, "-c", UPGRADE, empty_database]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(arguments, text=True, **pipes) for _ in range(3)]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 3
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert is_current(empty_database)


def test_a_migration_that_fails_leaves_nothing(empty_database: str) -> None:
    """All steps share one transaction: what is in the way of the second takes the first back too."""
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE procrastinate_jobs (id int)")
    before = catalogue(empty_database)
    with pytest.raises(Exception, match="procrastinate_jobs"):
        upgrade(empty_database)
    assert catalogue(empty_database) == before


def test_an_upgrade_does_not_wait_for_ever_behind_a_lock(fresh_database: str) -> None:
    """With its time-out a migration gives up; without, every request would queue up behind it."""
    config = alembic_config(fresh_database)
    config.attributes["lock_timeout"] = "200ms"
    command.downgrade(config, "-1")
    with psycopg.connect(fresh_database) as connection:
        connection.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            command.upgrade(config, "head")


def test_a_process_waits_for_another_ones_migration(fresh_database: str) -> None:
    """The time-out is for tables: whoever starts while another process migrates waits until that is done."""
    config = alembic_config(fresh_database)
    config.attributes["lock_timeout"] = "100ms"
    with psycopg.connect(fresh_database) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
        waiting = pool.submit(command.upgrade, config, "head")
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        connection.rollback()
        waiting.result(30)
