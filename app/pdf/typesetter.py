"""Line breaking with the embedded fonts' own widths, for static text and, kept in memory, for personal values."""

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from app.pdf.errors import DoesNotFit, GlyphMissing
from app.pdf.font import CHARACTERS, Face, load_face
from app.pdf.syntax import glyphs

_KEPT_LINES = 20_000
_KEPT_WORDS = 60_000


def tidy(text: str) -> str:
    """The form in which a text is printed: Unicode NFC, single spaces (no-break ones too), none at the ends."""
    composed = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    return " ".join([word for word in composed.split(" ") if word])


@dataclass(frozen=True)
class Lines:
    """A broken text: the operators that show it with the current font, leading and position, and its number of lines."""

    operators: bytes
    count: int


@dataclass
class Typesetter:
    """Measures and breaks text in one face.

    Positions, units and officials repeat all through an agency, so laid-out lines are kept: they cost more than half of a
    document's layout. What is kept is bounded and depends on nothing but its key, so it never changes a result.
    """

    face: Face = field(repr=False)
    _words: dict[str, int] = field(default_factory=dict, repr=False)
    _lines: dict[tuple[str, float, float], Lines] = field(default_factory=dict, repr=False)

    def width(self, word: str) -> int:
        """Width of `word` in 1/1000 em; every character must be one of `CHARACTERS`."""
        kept = self._words.get(word)
        if kept is None:
            if len(self._words) > _KEPT_WORDS:
                self._words.clear()
            widths = self.face.widths
            kept = self._words[word] = sum([widths[character] for character in word])
        return kept

    def points(self, text: str, size: float) -> float:
        """Width of `text` in points at `size`."""
        return self.width(text) * size / 1000

    def wrap(self, name: str, text: str, size: float, room: float) -> list[str]:
        """Greedy lines of `text` no wider than `room` points.

        A broken line keeps its space: without it, text extraction and screen readers glue the words around a break.
        Raises `GlyphMissing` and `DoesNotFit`, both naming the field `name`.
        """
        widths, limit = self.face.widths, room * 1000 / size
        try:
            if sum([widths[character] for character in text]) <= limit:
                return [text]
        except KeyError:
            raise GlyphMissing(name, set(text) - CHARACTERS) from None
        space = self.width(" ")
        lines: list[str] = []
        words: list[str] = []
        used = 0
        for word in text.split(" "):
            width = self.width(word)
            if width > limit:
                raise DoesNotFit(name)
            if words and used + space + width > limit:
                lines.append(" ".join(words) + " ")
                words, used = [], 0
            used += width + (space if words else 0)
            words.append(word)
        lines.append(" ".join(words))
        return lines

    def lines(self, name: str, text: str, size: float, room: float) -> Lines:
        """The operators of `text` broken to `room` points; lines after the first are reached with T*."""
        key = (text, size, room)
        kept = self._lines.get(key)
        if kept is None:
            if len(self._lines) > _KEPT_LINES:
                self._lines.clear()
            broken = self.wrap(name, text, size, room)
            kept = Lines(b"T*".join([glyphs(line) + b"Tj " for line in broken]), len(broken))
            self._lines[key] = kept
        return kept


@dataclass(frozen=True)
class Typesetters:
    """Both weights."""

    regular: Typesetter
    bold: Typesetter


@lru_cache(maxsize=1)
def load_typesetters() -> Typesetters:
    """Typesetters over the two embedded faces, one pair in a process."""
    return Typesetters(Typesetter(load_face(400)), Typesetter(load_face(700)))
