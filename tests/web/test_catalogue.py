import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.core.texts import catalogue
from app.web import assets
from app.web.rendering import TEMPLATES

WEB = Path(assets.__file__).parent
PREFIXES = (
    "access.by.",
    "access.kind.",
    "account.state.",
    "activations.by.",
    "activations.cause.",
    "activations.risk.",
    "approvals.act.",
    "approvals.state.",
    "audit.role.",
    "check.",
    "check.result.",
    "home.state.",
    "keys.finding.",
    "keys.level.",
    "keys.name.",
    "keys.place.",
    "keys.state.",
    "office.nav.",
    "people.state.",
    "reason.",
    "remote.kept.",
    "remote.other.",
    "remote.secret.",
    "scans.result.",
    "uncertain.result.",
    "uncertain.state.",
    "verdict.",
    "verdict.assurance.",
    "verdict.kind.",
    "verdict.sentence.",
)


def page_keys(language: str) -> set[str]:
    return {key for key in catalogue(language) if key.startswith("page.")}


def test_both_catalogues_have_the_same_keys() -> None:
    assert page_keys("id") == page_keys("en")


def test_both_catalogues_have_the_same_placeholders() -> None:
    def places(language: str) -> dict[str, list[str]]:
        found = catalogue(language)
        return {key: sorted(re.findall(r"\{(\w+)\}", found[key])) for key in page_keys(language)}

    assert places("id") == places("en")


def test_no_english_text_is_the_indonesian_one() -> None:
    same = {key for key in page_keys("id") if catalogue("id")[key] == catalogue("en")[key]}
    assert same == {"page.title", "page.nip", "page.home.heading", "page.login.nip", "page.login.pin"}


def used_keys() -> set[str]:
    found = set()
    for path in TEMPLATES.glob("*.html"):
        found |= set(re.findall(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""", path.read_text(encoding="utf-8")))
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"page\.[\w.]+", node.value)
            ):
                found.add(node.value.removeprefix("page."))
    return found


def test_every_word_a_page_asks_for_exists() -> None:
    missing = {key for key in used_keys() if f"page.{key}" not in catalogue("id")}
    assert missing == set()


def test_no_word_is_left_over() -> None:
    known = {key.removeprefix("page.") for key in page_keys("id")}
    left = {key for key in known - used_keys() if not key.startswith(PREFIXES)}
    assert left == set()


class Inline(HTMLParser):
    """Collects what the content security policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if (tag == "script" and "src" not in names) or tag == "style":
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [v for v in names.values() if v and v.strip().lower().startswith("javascript:")]


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_inline_scripts_or_styles(path: Path) -> None:
    inline = Inline()
    inline.feed(path.read_text(encoding="utf-8"))
    assert inline.found == []


def test_scripts_never_write_markup() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function")
    scripts = {name: asset.data.decode() for name, asset in assets.assets().items() if name.endswith(".js")}
    assert "ceremony.js" in scripts
    assert {name for name, script in scripts.items() if sinks.search(script)} == set()


def test_scripts_keep_nothing_but_which_statements_were_read() -> None:
    stores = re.compile(r"localStorage|indexedDB|caches\.|document\.cookie|sessionStorage\.setItem\((\w+)")
    scripts = {name: asset.data.decode() for name, asset in assets.assets().items() if name.endswith(".js")}
    found = {(name, match[0]) for name, script in scripts.items() for match in stores.finditer(script)}
    assert found == {("reading.js", "sessionStorage.setItem(remembered")}


@pytest.mark.parametrize(("template", "script"), [("signing", "signing-page"), ("remote", "remote-page")])
def test_every_module_a_signing_page_needs_is_preloaded(template: str, script: str) -> None:
    page = (TEMPLATES / f"{template}.html").read_text(encoding="utf-8")
    needed, waiting = set(), [f"{script}.js"]
    while waiting:
        script = assets.assets()[waiting.pop()].data.decode()
        fresh = set(re.findall(r'from "\./([\w-]+\.js)"', script)) - needed
        needed |= fresh
        waiting += fresh
    assert {name for name in needed if f'"{name}"' not in page} == set()
