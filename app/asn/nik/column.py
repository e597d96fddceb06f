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


class NikColumn:
    """Reads NIKs with the keys of this service."""

    def __init__(self, digest_key: str = "", seal_key: str = "", today: date | None = None) -> None:
        self._digest_key = digest_key
        self._seal = sealing.derived(bytes.fromhex(seal_key)) if seal_key else None
        self._today = today or date.max

    @property
    def keeps(self) -> bool:
        """Whether the NIKs of everybody are kept, sealed."""
        return self._seal is not None

    def read(self, stated: Cell, *, without_nip: bool) -> NikReading:
        """Read a cell; a digest is made only for who has no NIP. A number cell is refused: a spreadsheet keeps 15 digits of 16."""
        if not isinstance(stated, str):
            return (
                NikReading(code="nik.excel_float")
                if isinstance(stated, float | int) and not isinstance(stated, bool)
                else ABSENT
            )
        if not cell.text(stated):
            return ABSENT
        nik = tidy(stated)
        if code := sealing.fault(nik, self._today):
            return NikReading(code=code)
        made = digest(self._digest_key, nik) if without_nip and self._digest_key else ""
        kept = sealing.seal(self._seal, STAGED, nik).hex() if self._seal else ""
        return NikReading(made, kept, sealing.born(nik, self._today))
