"""The house rules that no linter knows: sizes, docstrings, names, where SQL and commits live, what no file may hold."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "app").rglob("*.py"))
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

WISHED_LINES, MOST_LINES, MOST_FUNCTION_LINES = 300, 400, 40
LONG_FILES: dict[str, str] = {}  # path -> why it is better whole
LONG_FUNCTIONS: dict[str, str] = {}  # path:name -> why it is better whole
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "handlers", "misc"}
STATEMENTS = {"select", "insert", "update", "delete", "text"}
SQL_ELSEWHERE = {
    "app/core/db.py": "a lock is taken for the caller's transaction, no table is read",
    "app/core/prepared.py": "how statements of queries are sent; names no table of its own",
    "app/cli/bench_watch.py": "a recount that must share nothing with the counters' own statements",
    "app/core/confinement.py": "sets what a transaction may see; reads no table",
    "app/core/schema.py": "makes the service's login; reads no table",
    "app/probes.py": "readiness asks the connection itself, not a table",
    **{
        f"app/{noun}/models.py": "indexes and checks are declared with SQL text, nothing is run"
        for noun in ("asn", "countersigner", "document", "identity", "obligation", "reminder", "signing", "webhook")
    },
}
MACHINE_WORDS = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:work|home|Users|root)/\w",
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "registry" + r"\.npmjs",
            "golang" + r"\.org/proxy|proxy\." + "golang",
            r"static\." + "crates",
        )
    )
)
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|X" + r"XX)\b")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """Public functions and classes of a module, and the public methods of its public classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file of the repository: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    return tuple(path for name in listed if name and (path := ROOT / name).is_file())


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in kept_files():
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    return found


def test_no_file_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}
    assert {name for name, n in lengths.items() if n > WISHED_LINES} <= set(LONG_FILES)


def test_no_function_is_too_long() -> None:
    long = {
        f"{name_of(path)}:{node.name}"
        for path in MODULES
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > MOST_FUNCTION_LINES
    }
    assert long <= set(LONG_FUNCTIONS)


def test_no_module_gives_a_name_twice() -> None:
    """A constant or function that a later one of its name hides; overloads and conditional definitions stand deeper."""
    twice = []
    for path in MODULES:
        given = [name for node in tree(path).body for name in given_by(node)]
        twice += [f"{name_of(path)}:{name}" for name in sorted(set(given)) if given.count(name) > 1]
    assert twice == []


def given_by(node: ast.stmt) -> list[str]:
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_every_public_name_has_a_docstring() -> None:
    bare = [
        f"{name_of(path)}:{node.name}"
        for path in MODULES
        for node in public_definitions(tree(path).body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_a_package_file_holds_a_docstring_only() -> None:
    full = [name_of(path) for path in MODULES if path.name == "__init__.py" and len(tree(path).body) != 1]
    assert full == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [name_of(p) for p in MODULES if set(p.relative_to(ROOT).with_suffix("").parts) & BANNED_NAMES]
    assert found == []


def test_imports_stand_at_the_top() -> None:
    """A deferred import hides a circle from the reader and from the linter of floors."""
    deferred = [
        f"{name_of(path)}:{inner.lineno}"
        for path in MODULES
        for node in functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert deferred == []


def test_statements_are_written_in_queries_only() -> None:
    elsewhere = set()
    for path in MODULES:
        if path.name == "queries.py":
            continue
        for node in ast.walk(tree(path)):
            from_sqlalchemy = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy"
            if from_sqlalchemy and {alias.name for alias in node.names} & STATEMENTS:
                elsewhere.add(name_of(path))
    assert elsewhere == set(SQL_ELSEWHERE)


def test_only_the_database_module_commits() -> None:
    committing = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committing == {"app/core/db.py"}


def test_nobody_reads_the_machines_clock_below_the_edges() -> None:
    """`datetime.now` in a service would make figures, certificates and expiry untestable."""
    edges = ("app/cli/", "app/demo/", "app/core/clock.py")
    reading = {
        name_of(path)
        for path in MODULES
        if not name_of(path).startswith(edges)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    }
    assert reading == set()


def test_a_noun_uses_only_what_another_noun_shows() -> None:
    """`queries`, `routes` and `jobs` are a noun's own; wiring and the table of contents name them to install them."""
    private = {"queries", "routes", "jobs"}
    wiring = {"app/api.py", "app/main.py", "app/wiring.py"}
    found = []
    for path in MODULES:
        own = path.relative_to(ROOT).parts[1]
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("app."):
                continue
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            foreign = parts[1] not in {own, "core"} and (private & set(parts[2:]))
            if foreign and name_of(path) not in wiring:
                found.append(f"{name_of(path)}: {node.module}")
    assert found == []


def test_nothing_is_left_to_do() -> None:
    assert lines_with(UNFINISHED) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert lines_with(MACHINE_WORDS) == []


@pytest.mark.parametrize("lock", sorted(ROOT.glob("*.lock")), ids=lambda path: path.name)
def test_lock_files_hold_hashes_and_no_addresses(lock: Path) -> None:
    content = lock.read_text()
    assert "--hash=sha256:" in content
    assert "://" not in content
