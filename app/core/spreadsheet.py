"""Cells that other people's spreadsheets will open."""

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def inert(value: object) -> str:
    """Return a value as text that no spreadsheet runs as a formula: what begins like one gets an apostrophe in front (OWASP)."""
    text = str(value)
    return f"'{text}" if text.startswith(_ACTIVE) else text
