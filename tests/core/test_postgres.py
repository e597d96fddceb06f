"""The private server: shared by its users, stopped by the last, up again after any kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core import postgres
from app.core.errors import CannotStart
from app.core.postgres import LocalPostgres, find_binaries

BINARIES = find_binaries(None)
USER_PROGRAM = """
import sys
from pathlib import Path
from app.core.postgres import LocalPostgres, find_binaries
server = LocalPostgres(Path(sys.argv[1]), find_binaries(None))
print(server.start(), flush=True)
sys.stdin.read()
server.stop()
"""


def postmaster(server: LocalPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def is_up(server: LocalPostgres) -> bool:
    try:
        with psycopg.connect(server.url):
            return True
    except psycopg.OperationalError:
        return False


def user(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER_PROGRAM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=60)
    assert process.returncode == 0


def kill(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cluster for all tests here: making it takes longest."""
    return tmp_path_factory.mktemp("pg") / "postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[LocalPostgres]:
    started = LocalPostgres(folder, BINARIES)
    started.start()
    yield started
    started.stop()


def test_it_listens_on_a_private_socket_only(server: LocalPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT lower('Ñ'), lower('ÅÄ')").fetchone() == ("ñ", "åä")
    assert server.socket.stat().st_mode & 0o777 == 0o700
    assert server.data.stat().st_mode & 0o077 == 0


def test_the_last_user_stops_it_and_the_data_stays(folder: Path) -> None:
    first = LocalPostgres(folder, BINARIES)
    first.start()
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    second = user(folder)
    first.stop()
    assert is_up(first)
    leave(second)
    assert not is_up(first)
    assert not (first.data / "postmaster.pid").exists()
    assert first._server is not None
    first._server.wait()
    again = LocalPostgres(folder, BINARIES)
    with psycopg.connect(again.start()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    again.stop()
    again.stop()


def test_two_processes_starting_at_once_share_one_server(folder: Path) -> None:
    users = [
        subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    urls = {process.stdout.readline() for process in users if process.stdout}
    assert len(urls) == 1
    for process in users:
        leave(process)
    assert not (folder / "data" / "postmaster.pid").exists()


@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_server_starts_again_with_its_data(folder: Path, reaped: bool) -> None:
    """Unreaped, the killed postmaster is a zombie whose pid looks alive to PostgreSQL."""
    server = LocalPostgres(folder, BINARIES)
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS crashes (n int)")
        connection.execute("INSERT INTO crashes VALUES (1)")
    before = count_crashes(server)
    if reaped:
        os.kill(postmaster(server), signal.SIGKILL)
        assert server._server is not None
        server._server.wait()
    else:
        os.kill(postmaster(server), signal.SIGKILL)
    again = LocalPostgres(folder, BINARIES)
    again.start()
    assert count_crashes(again) == before
    assert server._server is not None
    server._server.wait()
    server.stop()
    again.stop()
    assert not is_up(again)


def count_crashes(server: LocalPostgres) -> int:
    with psycopg.connect(server.url) as connection:
        found = connection.execute("SELECT count(*) FROM crashes").fetchone()
    assert found is not None
    return found[0]


def test_it_outlives_a_killed_parent_and_the_next_user_takes_it_over(folder: Path) -> None:
    parent = user(folder)
    server = LocalPostgres(folder, BINARIES)
    pid = postmaster(server)
    kill(parent)
    assert is_up(server)
    server.start()
    assert postmaster(server) == pid
    server.stop()
    assert not is_up(server)


def test_a_parent_killed_while_starting_leaves_nothing_in_the_way(folder: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", USER_PROGRAM, str(folder)], stdin=subprocess.PIPE)
    pid_file = folder / "data" / "postmaster.pid"
    while starter.poll() is None and not pid_file.exists():
        pass
    kill(starter)
    server = LocalPostgres(folder, BINARIES)
    server.start()
    assert is_up(server)
    server.stop()
    assert not pid_file.exists()


def test_leaving_after_the_server_was_killed_is_no_error(server: LocalPostgres) -> None:
    os.kill(postmaster(server), signal.SIGKILL)
    server.stop()
    assert not is_up(server)


def test_an_old_pid_that_another_program_has_now_is_not_touched(folder: Path) -> None:
    """After a restart of the machine the pid in the file is anybody's."""
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        pid_file = folder / "data" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{folder / 'data'}\n")
        server = LocalPostgres(folder, BINARIES)
        server.start()
        assert is_up(server)
        server.stop()
        assert stranger.poll() is None
        pid_file.write_text(f"{stranger.pid}\n{folder / 'data'}\n")
        server._shut_down()
        assert stranger.poll() is None
        pid_file.unlink()
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_another_version_is_refused_with_what_to_do(folder: Path) -> None:
    version = folder / "data" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("9\n")
    try:
        server = LocalPostgres(folder, BINARIES)
        with pytest.raises(CannotStart, match=r"PostgreSQL 9.*PAKTA_PG_BIN"):
            server.start()
        server.stop()
    finally:
        version.write_text(kept)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    settings = folder / "data" / "postgresql.auto.conf"
    kept = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    try:
        server = LocalPostgres(folder, BINARIES)
        with pytest.raises(CannotStart, match="no_such_setting"):
            server.start()
        server.stop()
    finally:
        settings.write_text(kept)


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    server = LocalPostgres(tmp_path / ("panjang" * 12) / "postgres", BINARIES)
    server.folder.parent.mkdir()
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not server.socket.is_relative_to(tmp_path)
        server.stop()
        assert not is_up(server)
    finally:
        with suppress(OSError):
            server.socket.rmdir()


def test_programs_that_are_nowhere_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(postgres.Path, "glob", lambda *_: iter(()))
    with pytest.raises(CannotStart, match="PAKTA_DATABASE_URL"):
        find_binaries(None)
    assert find_binaries(Path("/given")) == Path("/given")
