"""NIP (PNS) and NI PPPK: the 18 digits that a civil servant is known by, and what spreadsheets do to them.

PNS: birth YYYYMMDD, month of appointment YYYYMM, sex 1 or 2, serial. PPPK: birth YYYYMMDD, year of appointment, ordinal
of the contract (21, 22 …), sex, serial. So digits 13 and 14 tell which it is. There is no check digit.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from app.asn.cell import Cell

LENGTH = 18

_SEPARATORS = re.compile(r"[\s.\-‐‑‒–—'’‘`´\"\u200b-\u200f\u2060\ufeff]+")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)
_NUMBER_WITH_FRACTION = re.compile(r"[0-9]{15,}[.,]0+", re.ASCII)
# ="1968…" is how some programs keep a spreadsheet from reading digits as a number; the quotes are gone by then.
_TEXT_FORMULA = re.compile(r"=(.*)")
_LOOKALIKES = str.maketrans("OoIl", "0011")
_FIRST_YEAR = 1900
_FEWEST_DESTROYED = 10**14

NipCode = Literal[
    "nip.excel_float", "nip.excel_zeros", "nip.length", "nip.characters", "nip.birth_date", "nip.month", "repaired.characters"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Nip:
    """A well-formed NIP or NI PPPK, taken apart. `month` is None for PPPK, `contract` (1, 2 …) is None for PNS."""

    digits: str
    kind: Literal["pns", "pppk"]
    birth_date: date
    year: int
    month: int | None
    contract: int | None
    sex: Literal["male", "female"]
    serial: int


@dataclass(frozen=True, slots=True)
class NipReading:
    """What a cell was read as: a NIP, or the code that says why there is none; both when letters were repaired."""

    nip: Nip | None
    code: NipCode | None = None


def read(cell: Cell) -> NipReading:
    """Read a NIP from a cell. Apostrophes, grouping and padding are taken away silently; never raises.

    A number cell is refused even when it looks whole: a spreadsheet keeps 15 digits, so the last three are not the person's.
    """
    if isinstance(cell, str):
        return _read_text(cell)
    if cell is None:
        return NipReading(None, "nip.length")
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return NipReading(None, "nip.characters")
    return NipReading(None, "nip.excel_float" if abs(cell) >= _FEWEST_DESTROYED else "nip.length")


def group(digits: str) -> str:
    """Return the printed form of 18 digits: `19680411 199303 1 009`; empty for who has none."""
    return f"{digits[:8]} {digits[8:14]} {digits[14:15]} {digits[15:]}" if digits else ""


def mask(digits: str) -> str:
    """Return the public form of 18 digits: `19680411******1009`; empty for who has none."""
    return f"{digits[:8]}******{digits[14:]}" if digits else ""


def certified(digits: str, employee_id: UUID) -> str:
    """Return the serialNumber (X.520 clause 6.2.9) a certificate tells namesakes apart by: the NIP, else this service's own id."""
    return digits or f"ID-{employee_id}"


def _read_text(stated: str) -> NipReading:
    if len(stated) == LENGTH and stated.isdigit() and stated.isascii():
        return _parse(stated)
    typed = stated.strip(" \t\r\n'’‘`\"\u00a0")
    if _SCIENTIFIC.fullmatch(typed) or _NUMBER_WITH_FRACTION.fullmatch(typed):
        return NipReading(None, "nip.excel_float")
    text = _SEPARATORS.sub("", stated)
    if formula := _TEXT_FORMULA.fullmatch(text):
        text = formula[1]
    if not text or _DIGITS.fullmatch(text):
        return _parse(text)
    repaired = text.translate(_LOOKALIKES)
    reading = _parse(repaired) if _DIGITS.fullmatch(repaired) else None
    if reading is None or reading.nip is None:
        return NipReading(None, "nip.characters")
    return NipReading(reading.nip, "repaired.characters")


def _parse(digits: str) -> NipReading:
    """Take digits apart; the checks go from the coarse to the fine, so that one fault gives one code."""
    if len(digits) != LENGTH:
        return NipReading(None, "nip.length")
    # No serial is 000: that is what a spreadsheet leaves of the last three digits of a number.
    if digits.endswith("000"):
        return NipReading(None, "nip.excel_zeros")
    year, middle, sex = int(digits[8:12]), int(digits[12:14]), digits[14]
    birth_date = _birth_date(digits[:8])
    if birth_date is None or birth_date.year >= year:
        return NipReading(None, "nip.birth_date")
    if middle == 0 or 12 < middle < 21:
        return NipReading(None, "nip.month")
    if sex not in "12":
        return NipReading(None, "nip.characters")
    is_pns = middle <= 12
    nip = Nip(
        digits=digits,
        kind="pns" if is_pns else "pppk",
        birth_date=birth_date,
        year=year,
        month=middle if is_pns else None,
        contract=None if is_pns else middle - 20,
        sex="male" if sex == "1" else "female",
        serial=int(digits[15:]),
    )
    return NipReading(nip)


def _birth_date(digits: str) -> date | None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return born if born.year >= _FIRST_YEAR else None
