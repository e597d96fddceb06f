"""The catalogue of words: both languages say the same things, every refusal has its sentence."""

import importlib
import pkgutil
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from app.core.errors import AppError
from app.core.texts import LANGUAGES, catalogue, negotiate, text


def all_refusals() -> list[type[AppError]]:
    """Every refusal of every module, found by importing all of them."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = [], [AppError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found += [kind for kind in kinds if kind.__module__.startswith("app.")]
    return found


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue("id")) == set(catalogue("en"))


def test_both_languages_fill_the_same_placeholders() -> None:
    english = catalogue("en")
    assert {k for k, v in catalogue("id").items() if placeholders(v) != placeholders(english[k])} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_placeholders_are_plain_names(language: str) -> None:
    for key, sentence in catalogue(language).items():
        assert sentence.strip(), key
        assert all(name.isidentifier() for name in placeholders(sentence)), key


def test_every_refusal_has_a_code_of_its_own_and_a_sentence_in_both_languages() -> None:
    codes: dict[str, str] = {AppError.code: "AppError"}
    for kind in all_refusals():
        assert kind.code not in codes, f"{kind.__name__} and {codes.get(kind.code)} share {kind.code}"
        codes[kind.code] = kind.__name__
    assert len(codes) > 20
    for language in LANGUAGES:
        assert set(codes) - set(catalogue(language)) == set()


def test_every_refusal_has_a_docstring_of_its_own() -> None:
    assert [kind.__name__ for kind in all_refusals() if "__doc__" not in vars(kind) or not kind.__doc__] == []


def test_a_text_is_filled_and_a_missing_value_leaves_its_placeholder() -> None:
    assert "30" in text("request.too_many", retry_after=30)
    assert "{retry_after}" in text("request.too_many")
    assert "{retry_after}" not in text("request.too_many", "en", retry_after="{x}")
    assert text("no.such.key") == "no.such.key"
    assert text("request.too_many", "fr", retry_after=1) == text("request.too_many", "id", retry_after=1)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("id,en;q=0.9", "id"),
        ("en;q=0.5,id;q=0.6", "id"),
        ("fr, en; q=0.4", "en"),
        ("en;q=0", "id"),
        ("fr,*", "id"),
        ("en;q=x,id", "id"),
    ],
)
def test_the_language_is_negotiated(header: str | None, language: str) -> None:
    assert negotiate(header) == language


@given(st.text(max_size=100))
def test_any_header_gets_a_language(header: str) -> None:
    assert negotiate(header) in LANGUAGES
