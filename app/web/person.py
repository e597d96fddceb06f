"""Names and NIPs as pages show them."""


def group_nip(digits: str) -> str:
    """Return 18 digits as they are printed: `19680411 199303 1 009`; anything else as it is."""
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}" if len(digits) == 18 else digits


def without_degrees(name: str) -> str:
    """Return a name without the degrees behind its comma and the titles before it, which end in a full stop."""
    words = name.partition(",")[0].split()
    return " ".join(word for word in words if not word.endswith(".")) or name


def hint(name: str) -> str:
    """Return the first word of a name and the first letters of the others: its owner knows it, a stranger learns little."""
    first, *others = without_degrees(name).split()
    return " ".join([first, *(f"{word[0]}…" for word in others)])
