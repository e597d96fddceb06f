"""What can be wrong with a template or with one person's values, as named facts with stable codes."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class PdfFault(Exception):
    """Base of everything this engine refuses; `code` is stable, the message tells a person what to change."""

    code = "pdf.fault"
    params: Mapping[str, object] = MappingProxyType({})


class TemplateClauseMissing(PdfFault):
    """A template lacks a clause without which it is no pledge; `clause` is its key in the file."""

    code = "template.clause_missing"

    def __init__(self, clause: str) -> None:
        super().__init__(f"Templat tidak memuat bagian “{clause}”.")
        self.clause = clause
        self.params = {"clause": clause}


class TemplateClauseInvalid(PdfFault):
    """A key of a template is unknown or holds another kind of value than it should; `reason` says which in one word.

    The reasons are the last part of the codes `template.key_unknown`, `not_text`, `not_list`, `not_section`, `not_number`,
    `not_sizes`, `braces`, `not_toml`.
    """

    def __init__(self, clause: str, reason: str, detail: str = "") -> None:
        super().__init__(f"Bagian “{clause}” pada templat tidak sah ({reason}{': ' if detail else ''}{detail}).")
        self.code = f"template.{reason}"
        self.clause = clause
        self.params = {"clause": clause, "detail": detail}


class TemplateFieldUnknown(PdfFault):
    """A clause uses a {field} that nobody fills there."""

    code = "template.field_unknown"

    def __init__(self, clause: str, field: str) -> None:
        super().__init__(f"Bagian “{clause}” memakai isian {{{field}}} yang tidak dikenal di sana.")
        self.clause = clause
        self.field = field
        self.params = {"clause": clause, "field": field}


class EmblemRefused(PdfFault):
    """The emblem is not a picture that can be printed; `reason` is the last part of its code."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"Lambang tidak dapat dipakai ({reason}{': ' if detail else ''}{detail}).")
        self.code = f"template.emblem_{reason}"
        self.clause = "lambang"
        self.params = {"clause": "lambang", "detail": detail}


class InputInvalid(PdfFault):
    """A setting of a compiled template has a value that no document could be made with; `field` names it."""

    code = "template.input_invalid"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"Isian “{field}” tidak sah: {why}.")
        self.field = field
        self.params = {"clause": field, "detail": why}


class TemplateDoesNotFit(PdfFault):
    """What is the same for everybody is too long for its place or for the pages that the layout allows.

    `part` names it; `excess` says by how many points at `size`, 0 where that has no meaning.
    """

    code = "template.does_not_fit"

    def __init__(self, part: str, *, excess: float = 0.0, size: float = 0.0) -> None:
        super().__init__(f"Naskah tidak muat ({part}). Ringkas teksnya atau pilih kertas F4.")
        self.part = part
        self.excess = excess
        self.params = {"clause": part, "excess_mm": round(excess * 25.4 / 72, 1), "size": size}


class ValueMissing(PdfFault):
    """A value without which the document means nothing is empty; `field` names it."""

    code = "document.value_missing"

    def __init__(self, field: str) -> None:
        super().__init__(f"Isian “{field}” kosong.")
        self.field = field
        self.params = {"clause": field}


class GlyphMissing(PdfFault):
    """A text holds characters the embedded fonts cannot show; the row fails before anything is signed."""

    code = "document.glyph_missing"

    def __init__(self, field: str, characters: Iterable[str]) -> None:
        self.field = field
        self.characters = "".join(sorted(set(characters)))
        named = ", ".join(f"U+{ord(character):04X}" for character in self.characters)
        self.params = {"clause": field, "characters": self.characters, "named": named}
        super().__init__(f"Isian “{field}” memuat karakter yang tidak dapat dicetak: {named}.")


class DoesNotFit(PdfFault):
    """A person's value is too long for its place, in every type size the layout allows."""

    code = "document.does_not_fit"

    def __init__(self, field: str) -> None:
        super().__init__(f"Isian “{field}” terlalu panjang untuk tempatnya.")
        self.field = field
        self.params = {"clause": field}


class SignatureTooLarge(PdfFault):
    """A signature outgrew the hole that was kept for it; it is never truncated."""

    code = "document.signature_too_large"

    def __init__(self, size: int, room: int) -> None:
        super().__init__(f"Tanda tangan {size} bita tidak muat pada ruang {room} bita.")


class RevisionRefused(PdfFault):
    """The parts are not a file of this engine, or not in the state that the asked revision needs."""

    code = "document.revision_refused"
