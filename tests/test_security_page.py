"""What the pages on security name exists, and no requirement is left out: a claim whose test was renamed away is no claim."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/security.md", "docs/asvs.md", "SECURITY.md")
IDS = ROOT / "tests" / "asvs_5_0_0_level_2.txt"
VERDICTS = {"met", "partly", "not met", "n/a"}
WITHOUT = {"V1.4.3", "V3.5.4", "V4.1.2", "V6.4.4"}
"""Met by what the service is or by what is done outside it: there is nothing to point at."""
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
_PATH = re.compile(
    r"`((?:app|tests|docs|scripts|migrations)/[\w./-]+|[\w-]+\.(?:md|toml|yaml|lock)|Dockerfile)(?:::\w+)?`"
)
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_LINE = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def names_in(path: str) -> set[str]:
    """The names of the tests a file holds."""
    file = ROOT / path
    found = ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else []
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("name", PAGES)
def test_every_test_a_page_names_exists(name: str) -> None:
    named = _TEST.findall(page(name))
    assert named or name == "SECURITY.md"
    assert [f"{path}::{test}" for path, test in named if test not in names_in(path)] == []
    assert [test for _, test in named if not test.startswith("test_")] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_file_a_page_names_exists(name: str) -> None:
    text = page(name)
    named = {ROOT / path for path in _PATH.findall(text)} | {
        (ROOT / name).parent / path for path in _LINK.findall(text)
    }
    assert named
    assert [str(path.relative_to(ROOT)) for path in named if not path.exists()] == []


def test_every_requirement_of_level_one_and_two_is_judged_once_and_in_order() -> None:
    assert [line[0] for line in _LINE.findall(page("docs/asvs.md"))] == IDS.read_text(encoding="utf-8").split()


def test_every_verdict_is_one_of_four_and_says_why() -> None:
    lines = _LINE.findall(page("docs/asvs.md"))
    assert {verdict for _, _, verdict, _ in lines} == VERDICTS
    shown = re.compile(r"`[\w./-]+`|`[\w./-]+::\w+`|the same")
    assert {number for number, _, verdict, why in lines if verdict == "met" and not shown.search(why)} == WITHOUT


def test_every_attacker_is_told_with_what_remains() -> None:
    told = re.split(r"^## ", page("docs/security.md"), flags=re.MULTILINE)
    attackers = [section for section in told if "**Shown by**" in section]
    assert len(attackers) >= 11
    for section in attackers:
        for part in ("- **Can** ", "- **Cannot** ", "- **Held by** ", "**Remains"):
            assert part in section, section.splitlines()[0]
        assert _TEST.search(section), section.splitlines()[0]
