"""Why a whole file is refused before any of its rows is looked at."""

from app.asn.columns import Header
from app.core.texts import text

CODES = frozenset(
    {
        "sheet.columns",
        "sheet.damaged",
        "sheet.encrypted",
        "sheet.header",
        "sheet.macros",
        "sheet.not_spreadsheet",
        "sheet.old_format",
        "sheet.too_large",
        "sheet.too_slow",
    }
)
"""Every code a file can be refused with."""


class SheetRefused(ValueError):
    """The file can not be read as a roster. `code` is stable, `missing` names absent columns.

    `header` is the nearest to a header that was found, when mandatory columns are all that is missing.
    """

    def __init__(self, code: str, missing: tuple[str, ...] = (), header: Header | None = None) -> None:
        super().__init__(code, missing)
        self.code = code
        self.missing = missing
        self.header = header

    @property
    def remedy(self) -> str:
        """What the person who brought the file can do, in Indonesian."""
        return remedy_of(self.code, self.missing)


def remedy_of(code: str, missing: tuple[str, ...] = (), language: str = "id") -> str:
    """Return what the person who brought the file can do, in a language."""
    return text(f"remedy.{code}", language, missing=", ".join(missing))
