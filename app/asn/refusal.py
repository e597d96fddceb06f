"""Why a whole file is refused before any of its rows is looked at."""

from app.core.texts import text

CODES = frozenset(
    {
        "sheet.columns",
        "sheet.damaged",
        "sheet.encrypted",
        "sheet.header",
        "sheet.not_spreadsheet",
        "sheet.old_format",
        "sheet.too_large",
    }
)
"""Every code a file can be refused with."""


class SheetRefused(ValueError):
    """The file can not be read as a roster. `code` is stable, `missing` names absent columns, `remedy` is Indonesian."""

    def __init__(self, code: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(code, missing)
        self.code = code
        self.missing = missing

    @property
    def remedy(self) -> str:
        """What the person who brought the file can do."""
        return text(f"remedy.{self.code}", missing=", ".join(self.missing))
