"""What a kedudukan hukum code means for the duty to sign: data, not code (`legal_status.toml`)."""

import tomllib
from functools import cache
from pathlib import Path

_STATE = {"required": "pending", "optional": "exempt", "deferred": "deferred", "exempt": "exempt", "left": "left"}


@cache
def _table() -> dict[str, str]:
    raw = tomllib.loads((Path(__file__).parent / "legal_status.toml").read_text())
    return {code: _STATE[meaning] for meaning, codes in raw.items() for code in codes}


def initial_state(code: str) -> str:
    """Return the state a new obligation starts in; an unknown code is required, because nobody may slip out unseen."""
    return _table().get(code, "pending")


def is_known(code: str) -> bool:
    """Whether the table names the code."""
    return code in _table()
