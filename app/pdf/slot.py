"""Places that personal values go into."""

from dataclasses import dataclass

from app.pdf.clauses import fields_of


@dataclass(frozen=True)
class Slot:
    """A personal value: the operators that lead to it, its text with {fields}, what errors call it, its size and room."""

    lead_in: bytes
    text: str
    name: str
    size: float
    room: float

    @classmethod
    def of(cls, lead_in: bytes, text: str, size: float, room: float) -> "Slot":
        """The slot of a text; errors call it by its first field, or by the text itself when it has none."""
        fields = fields_of(text)
        return cls(lead_in, text, fields[0] if fields else text, size, room)


@dataclass(frozen=True)
class SlotGroup:
    """Slots that share a place of `most` lines above or below a signature, and the operators after them."""

    slots: tuple[Slot, ...]
    most: int
    end: bytes
    above: bool = False
