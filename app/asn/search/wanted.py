"""What a search asks for: its words, which of them leads, and the SQL conditions the others set. No database."""

import re
from dataclasses import dataclass, field
from typing import Any

_GROUPED = re.compile(r"(?<=[0-9])[\s./\-]+(?=[0-9])")
_LOCAL_NUMBER = re.compile(r"\s*(?=\S*[0-9])(?=\S*[A-Za-z])[A-Za-z0-9./\-]+\s*", re.ASCII)
_LETTERS_FOR_PARTS = 3
_LETTERS_FOR_SLIPS = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """The word that leads through the index, and the other words a name must answer; `near` are their likely misspellings."""

    lead: str
    others: tuple[str, ...] = ()
    near: dict[str, list[str]] = field(default_factory=dict)

    @property
    def lead_is_number(self) -> bool:
        """Whether it leads through NIPs."""
        return self.lead.isdigit()

    @property
    def has_parts(self) -> bool:
        """Whether the leading word is also looked for inside other words: shorter ones are in nearly all of them."""
        return len(self.lead) >= _LETTERS_FOR_PARTS and not self.lead_is_number

    @property
    def has_slips(self) -> bool:
        """Whether the leading word may be misspelled: a shorter one would be near to too much."""
        return may_slip(self.lead)


def may_slip(word: str) -> bool:
    """Whether words near to this one are looked for."""
    return len(word) >= _LETTERS_FOR_SLIPS and not word.isdigit()


def tidy(q: str) -> str:
    """Return a query without degrees behind a comma (they hold full stops), with the groups of a NIP joined."""
    front, comma, back = q.partition(",")
    kept = front if comma and "." in back else f"{front} {back}"
    return _GROUPED.sub("", kept.replace(",", " "))


def local_number(q: str) -> str:
    """Return the letters and digits of a query that is an agency's number with both, small; empty for any other."""
    return re.sub("[^a-z0-9]", "", q.lower()) if _LOCAL_NUMBER.fullmatch(q) else ""


def slips(word: str) -> list[str]:
    """Return a word and the word less each of its letters: what it shares with words one slip away."""
    return sorted({word, *(word[:n] + word[n + 1 :] for n in range(len(word)))})


def every(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Return the condition that the others are in the name in any way, and its values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for number, word in enumerate(wanted.others):
        one, given = any_way(word, wanted.near.get(word, []), f"other{number}")
        conditions.append(one)
        values |= given
    return " AND ".join(conditions), values


def exactly(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Return the condition that the others are words of the name as they stand, and its values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for number, word in enumerate(wanted.others):
        if word.isdigit():
            one, given = any_way(word, [], f"same{number}")
        else:
            one, given = f"' ' || t.name || ' ' LIKE :same{number}", {f"same{number}": f"% {word} %"}
        conditions.append(one)
        values |= given
    return " AND ".join(conditions), values


def any_way(word: str, near: list[str], label: str) -> tuple[str, dict[str, Any]]:
    """Return the condition that one word is in the name `t.name`, begun, inside, or misspelled; for digits that the NIP has them."""
    if word.isdigit():
        probe = "EXISTS (SELECT FROM employee_term x WHERE x.employee_id = t.employee_id AND x.word >= :{0} AND x.word < :{0}_end)"
        return probe.format(label), {label: word, f"{label}_end": word + "\x7f"}
    pattern = f"%{word}%" if len(word) >= _LETTERS_FOR_PARTS else f"% {word}%"
    condition, values = f"' ' || t.name LIKE :{label}", {label: pattern}
    if near:
        condition += f" OR string_to_array(t.name, ' ') && CAST(:{label}_near AS text[])"
        return f"({condition})", {**values, f"{label}_near": near}
    return condition, values
