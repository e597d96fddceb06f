"""What a kedudukan hukum code means for the duty to sign: data, not code (`legal_status.toml`), unless a round says otherwise."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_STATE = {"required": "pending", "optional": "exempt", "deferred": "deferred", "exempt": "exempt", "left": "left"}


@cache
def _table() -> dict[str, str]:
    raw = tomllib.loads((Path(__file__).parent / "legal_status.toml").read_text())
    return {code: meaning for meaning, codes in raw.items() for code in codes}


def meanings(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return what each known code means, a round's own word before the usual one."""
    return {**_table(), **overrides}


def state_of(meanings_: Mapping[str, str], code: str) -> str:
    """Return the state an obligation starts in; an unknown code is required, because nobody may slip out unseen."""
    return _STATE[meanings_.get(code, "required")]


def reason_of(code: str) -> str:
    """Return the reason of a state that follows from a code."""
    return f"legal_status:{code}"
