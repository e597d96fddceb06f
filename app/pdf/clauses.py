"""Reading the clauses of a template: every fault is collected, so that a report can name all of them at once."""

import re
from collections.abc import Mapping
from typing import Any

from app.pdf.errors import GlyphMissing, PdfFault, TemplateClauseInvalid, TemplateClauseMissing, TemplateFieldUnknown
from app.pdf.font import CHARACTERS

_FIELD = re.compile(r"\{(\w+)\}")
NO_FIELDS: frozenset[str] = frozenset()


def fields_of(text: str) -> list[str]:
    """The {fields} of a text in their order."""
    return _FIELD.findall(text)


class ClauseReader:
    """Reads one section and notes what is wrong with it in a list that all sections of a template share."""

    def __init__(self, section: Mapping[str, Any], faults: list[PdfFault], where: str = "") -> None:
        self._section = section
        self._where = where
        self.faults = faults

    def __contains__(self, key: str) -> bool:
        return key in self._section

    def known(self, *keys: str) -> None:
        """Note every key that is not one of these."""
        for key in self._section:
            if key not in keys:
                self._invalid(key, "key_unknown")

    def section(self, key: str, *, needed: bool = True) -> "ClauseReader":
        """The section `key`; an absent one reads as empty and is a fault if it is needed."""
        value = self._section.get(key)
        if value is None:
            if needed:
                self.faults.append(TemplateClauseMissing(self._where + key))
            return ClauseReader({}, self.faults if not needed else [], f"{self._where}{key}.")
        if not isinstance(value, Mapping):
            self._invalid(key, "not_section")
            return ClauseReader({}, [], f"{self._where}{key}.")
        return ClauseReader(value, self.faults, f"{self._where}{key}.")

    def sections(self, key: str) -> list["ClauseReader"]:
        """The rows of a list of sections; an empty list is a fault."""
        rows = self._section.get(key)
        if not rows:
            self.faults.append(TemplateClauseMissing(self._where + key))
            return []
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            self._invalid(key, "not_list")
            return []
        return [ClauseReader(row, self.faults, f"{self._where}{key}[{at}].") for at, row in enumerate(rows, start=1)]

    def all_sections(self) -> dict[str, "ClauseReader"]:
        """Every key as a section."""
        return {key: self.section(key) for key in self._section}

    def text(self, key: str, fields: frozenset[str], *, needed: bool = True) -> str:
        """A text with {fields}; "" where it is absent and not needed, or at fault."""
        if key not in self._section:
            if needed:
                self.faults.append(TemplateClauseMissing(self._where + key))
            return ""
        return self._checked(key, self._section[key], fields)

    def texts(self, key: str, fields: frozenset[str]) -> tuple[str, ...]:
        """A list of at least one text."""
        texts = self._section.get(key)
        if not texts:
            self.faults.append(TemplateClauseMissing(self._where + key))
            return ()
        if not isinstance(texts, list | tuple):
            self._invalid(key, "not_list")
            return ()
        return tuple(self._checked(f"{key}[{at}]", text, fields) for at, text in enumerate(texts, start=1))

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number from `low` to `high`; without a default it must be there."""
        value = self._section.get(key, default)
        if value is None:
            self.faults.append(TemplateClauseMissing(self._where + key))
            return low
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self._invalid(key, "not_number", f"{low:g}-{high:g}")
            return low
        return float(value)

    def sizes(self, key: str) -> tuple[float, ...]:
        """A list of type sizes in points."""
        sizes = self._section.get(key)
        right = isinstance(sizes, list | tuple) and bool(sizes)
        if not right or not all(isinstance(size, int | float) and 6 <= size <= 20 for size in sizes or ()):
            self._invalid(key, "not_sizes", "6-20")
            return (12.0,)
        return tuple(map(float, sizes or ()))

    def _invalid(self, key: str, reason: str, detail: str = "") -> None:
        self.faults.append(TemplateClauseInvalid(self._where + key, reason, detail))

    def _checked(self, key: str, text: object, fields: frozenset[str]) -> str:
        clause = self._where + key
        if not isinstance(text, str):
            self._invalid(key, "not_text")
            return ""
        if not text.strip():
            self.faults.append(TemplateClauseMissing(clause))
            return ""
        unknown = [name for name in fields_of(text) if name not in fields]
        self.faults += [TemplateFieldUnknown(clause, name) for name in unknown]
        plain = _FIELD.sub("", text)
        if "{" in plain or "}" in plain:
            self._invalid(key, "braces")
            return ""
        if missing := set(plain) - CHARACTERS:
            self.faults.append(GlyphMissing(clause, missing))
        return text
