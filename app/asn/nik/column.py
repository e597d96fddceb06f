"""The NIK of a row while its file is read: what leaves the reading process is a digest and a sealed value, never the NIK.

With no digest key nothing is read of it; with no sealing key nothing is kept of it beside the digest.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.asn import cell
from app.asn.cell import Cell
from app.asn.nik import sealing
from app.asn.nik.digest import digest, tidy

STAGED = UUID(int=0)
"""Whom a staged NIK is sealed for: nobody yet."""


@dataclass(frozen=True, slots=True)
class NikReading:
    """What a cell gave: digest, sealed value in hexadecimal, the day of birth it states; or the code that says why there is none."""

    digest: str = ""
    sealed: str = ""
    born: date | None = None
    code: str = ""


ABSENT = NikReading()


_SEALED = "NIK tersegel: "
"""What stands before a sealed NIK in a correction workbook."""


class NikColumn:
    """Reads NIKs with the keys of this service; with `keep` those of everybody are kept, sealed."""

    def __init__(
        self, digest_key: str = "", nik_key: str = "", today: date | None = None, *, keep: bool = False
    ) -> None:
        self._digest_key = digest_key
        self._key = sealing.derived(bytes.fromhex(nik_key)) if nik_key else None
        self._today = today or date.max
        self.keeps = keep

    def read(self, stated: Cell, *, without_nip: bool) -> NikReading:
        """Read a cell; a digest is made only for who has no NIP. A number cell is refused: a spreadsheet keeps 15 digits of 16."""
        if not isinstance(stated, str):
            lost = isinstance(stated, float | int) and not isinstance(stated, bool)
            return NikReading(code="nik.excel_float") if lost else ABSENT
        if not cell.text(stated):
            return ABSENT
        nik = self._opened(stated) if stated.startswith(_SEALED) else tidy(stated)
        if code := sealing.fault(nik, self._today):
            return NikReading(code=code)
        made = digest(self._digest_key, nik) if without_nip and self._digest_key else ""
        kept = sealing.seal(self._key, STAGED, nik).hex() if self._key and self.keeps else ""
        return NikReading(made, kept, sealing.born(nik, self._today))

    def sealed(self, stated: Cell) -> str | None:
        """Return a NIK as a correction workbook gives it back: sealed, and nothing where there is none to be used."""
        nik = tidy(stated) if isinstance(stated, str) else ""
        return _SEALED + sealing.seal(self._key, STAGED, nik).hex() if self._key and self.is_nik(nik) else None

    def is_nik(self, stated: str) -> bool:
        """Tell whether a text may be somebody's NIK."""
        return sealing.fault(tidy(stated), self._today) is None

    def _opened(self, stated: str) -> str:
        try:
            return sealing.unseal(self._key, STAGED, bytes.fromhex(stated.removeprefix(_SEALED))) if self._key else ""
        except ValueError:
            return ""
