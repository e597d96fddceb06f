"""The one catalogue of words shown to people: Indonesian first, English second (`texts/id/*.toml`, `texts/en/*.toml`).

Keys are the stable codes of errors and outcomes, and `page.*` keys of the web client.
"""

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("id", "en")
_FOLDER = Path(__file__).parent / "texts"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all texts of a language by key."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.toml")):
        for group, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found |= {f"{group}.{key}": value for key, value in texts.items()}
    return found


class _Kept(dict[str, object]):
    """Leaves a placeholder standing when its value is not given, instead of failing while an error is being told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def text(key: str, language: str = "id", /, **params: object) -> str:
    """Return the text of a key with its `{placeholders}` filled; an unknown key returns the key itself."""
    found = catalogue(language).get(key) or catalogue("id").get(key) or key
    return found.format_map(_Kept(params))


def negotiate(accept_language: str | None) -> str:
    """Choose a language from an Accept-Language header (RFC 9110 §12.5.4); Indonesian when nothing fits."""
    best, weight = "id", 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            quality = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            continue
        language = tag.split("-")[0].lower()
        if language in LANGUAGES and quality > weight:
            best, weight = language, quality
    return best
