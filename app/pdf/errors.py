"""What can be wrong with a template or with one person's values, as named facts with stable codes."""

from collections.abc import Iterable


class PdfFault(Exception):
    """Base of everything this engine refuses; `code` is stable, the message tells a person what to change."""

    code = "pdf.fault"


class TemplateClauseMissing(PdfFault):
    """A template lacks a clause without which it is no pledge; `clause` is its key in the file."""

    code = "template.clause_missing"

    def __init__(self, clause: str) -> None:
        super().__init__(f"Templat tidak memuat bagian “{clause}”.")
        self.clause = clause


class TemplateClauseInvalid(PdfFault):
    """A key of a template is unknown or holds another kind of value than it should."""

    code = "template.clause_invalid"

    def __init__(self, clause: str, why: str) -> None:
        super().__init__(f"Bagian “{clause}” pada templat tidak sah: {why}.")
        self.clause = clause


class TemplateFieldUnknown(PdfFault):
    """A clause uses a {field} that nobody fills there."""

    code = "template.field_unknown"

    def __init__(self, clause: str, field: str) -> None:
        super().__init__(f"Bagian “{clause}” memakai isian {{{field}}} yang tidak dikenal di sana.")
        self.clause = clause
        self.field = field


class InputInvalid(PdfFault):
    """A setting of a compiled template has a value that no document could be made with; `field` names it."""

    code = "template.input_invalid"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"Isian “{field}” tidak sah: {why}.")
        self.field = field


class TemplateDoesNotFit(PdfFault):
    """What is the same for everybody is already too long for the page, in every type size the layout allows."""

    code = "template.does_not_fit"

    def __init__(self, part: str) -> None:
        super().__init__(f"Naskah tidak muat pada satu halaman ({part}). Ringkas teksnya atau pilih kertas F4.")
        self.part = part


class ValueMissing(PdfFault):
    """A value without which the document means nothing is empty; `field` names it."""

    code = "document.value_missing"

    def __init__(self, field: str) -> None:
        super().__init__(f"Isian “{field}” kosong.")
        self.field = field


class GlyphMissing(PdfFault):
    """A text holds characters the embedded fonts cannot show; the row fails before anything is signed."""

    code = "document.glyph_missing"

    def __init__(self, field: str, characters: Iterable[str]) -> None:
        self.field = field
        self.characters = "".join(sorted(set(characters)))
        named = ", ".join(f"U+{ord(character):04X}" for character in self.characters)
        super().__init__(f"Isian “{field}” memuat karakter yang tidak dapat dicetak: {named}.")


class DoesNotFit(PdfFault):
    """A person's value is too long for its place, in every type size the layout allows."""

    code = "document.does_not_fit"

    def __init__(self, field: str) -> None:
        super().__init__(f"Isian “{field}” terlalu panjang untuk tempatnya.")
        self.field = field


class SignatureTooLarge(PdfFault):
    """A signature outgrew the hole that was kept for it; it is never truncated."""

    code = "document.signature_too_large"

    def __init__(self, size: int, room: int) -> None:
        super().__init__(f"Tanda tangan {size} bita tidak muat pada ruang {room} bita.")


class RevisionRefused(PdfFault):
    """The parts are not a file of this engine, or not in the state that the asked revision needs."""

    code = "document.revision_refused"
