"""Names and degrees as Indonesian letters print them: `Dr. H. Ahmad Sa'di, S.H., M.H.`."""

import re
from typing import NamedTuple

_FRONT = re.compile(r"(?:(prof|drs|dra|drg|drh|dr|ir|hj|h|kh|k\.h|apt|ns)\.|(prof|drs|dra|hj)(?= ))\s*", re.IGNORECASE)
_WITHOUT_STOP = frozenset({"prof", "drs", "dra", "hj"})
_SPELLED = {
    "apt": "apt.", "dra": "Dra.", "drg": "drg.", "drh": "drh.", "drs": "Drs.", "h": "H.", "hj": "Hj.", "ir": "Ir.",
    "k.h": "K.H.", "kh": "K.H.", "ns": "Ns.", "prof": "Prof.",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’‘`ʼʿʾ][^\W\d_]+)*")
_PARTICLES = frozenset({"bin", "binti"})


class NameParts(NamedTuple):
    """A name taken apart: degrees and titles before it, the name itself, degrees behind it."""

    front: str
    name: str
    back: str


def split(full_name: str) -> NameParts:
    """Take apart a name that carries its degrees: known titles stand before it, degrees behind the first comma.

    A single letter with a full stop is a part of the name unless it is H. (haji): `H. M. Ali` is M. Ali.
    """
    name, _, back = full_name.partition(",")
    front = []
    rest = name.strip()
    # Most names of an export have no degrees: no pattern need be tried on them.
    if "." not in rest and rest.partition(" ")[0].lower() not in _WITHOUT_STOP:
        return NameParts("", rest, back.strip(" ,"))
    while match := _FRONT.match(rest):
        front.append(_spell(match[1] or match[2]))
        rest = rest[match.end() :]
    return NameParts(" ".join(front), rest.strip(), back.strip(" ,"))


def compose(front: str, name: str, back: str) -> str:
    """Put a name together with its degrees."""
    return f"{front} {name}".strip() + (f", {back}" if back else "")


def capitalise(name: str) -> str:
    """Return a name that is all capitals (or all small) in title case; one of mixed case was typed with care and stays.

    What follows an apostrophe stays small (Sa'diyah, Nur'aini) unless a single letter stands before it (D'Costa).
    """
    if not (name.isupper() or name.islower()):
        return name
    if name.isascii() and name.replace(" ", "").isalpha() and " bin" not in name.lower():
        return name.title()  # the same for plain words, and a tenth of the time
    return _WORD.sub(_capitalise_word, name)


def _spell(title: str) -> str:
    """Spell a title as is usual; dr. is a physician and Dr. holds a doctorate, so that one stays unless all capitals."""
    if title.lower() == "dr":
        return "dr." if title == "dr" else "Dr."
    return _SPELLED[title.lower()]


def _capitalise_word(match: re.Match[str]) -> str:
    word = match[0].lower()
    if word in _PARTICLES and match.start() > 0:
        return word
    if len(word) > 2 and not word[1].isalpha():
        return word[0].upper() + word[1] + word[2:].capitalize()
    return word.capitalize()
