"""How a civil servant stands: employment, kedudukan hukum, grade (golongan) and kind of position, as rosters word them."""

import re
from functools import lru_cache

GRADE_TITLES = {
    "I/a": "Juru Muda", "I/b": "Juru Muda Tingkat I", "I/c": "Juru", "I/d": "Juru Tingkat I",
    "II/a": "Pengatur Muda", "II/b": "Pengatur Muda Tingkat I", "II/c": "Pengatur", "II/d": "Pengatur Tingkat I",
    "III/a": "Penata Muda", "III/b": "Penata Muda Tingkat I", "III/c": "Penata", "III/d": "Penata Tingkat I",
    "IV/a": "Pembina", "IV/b": "Pembina Tingkat I", "IV/c": "Pembina Utama Muda", "IV/d": "Pembina Utama Madya",
    "IV/e": "Pembina Utama",
}  # fmt: skip
"""Pangkat of each golongan ruang of a PNS (PP 11/2017 as BKN tabulates it). A PPPK has a golongan and no pangkat."""

PPPK_GRADES = (
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
    "XVII",
)

NO_ECHELON = "99"

LEGAL_STATUSES = frozenset(
    [
        "01",
        "02",
        "03",
        "04",
        "05",
        "07",
        "08",
        "11",
        "13",
        "14",
        "20",
        "51",
        "52",
        "66",
        "67",
        "68",
        "69",
        "70",
        "71",
        "77",
        "88",
        "89",
        "91",
        "92",
        "98",
        "99",
        "CPNS",
    ]
)
"""The kedudukan hukum codes of SIASN that are known; another one is reported and treated as that of active staff."""

_PNS_GRADE = re.compile(r"(IV|I{1,3})\s*[/.\-]?\s*([A-Ea-e])\b", re.IGNORECASE)
_PPPK_GRADE = re.compile(r"(?:GOL(?:ONGAN)?\.?\s*)?([IVX]+|[0-9]{1,2})", re.IGNORECASE)
_POSITION_KINDS = {
    "struktural": "1",
    "fungsional tertentu": "2",
    "fungsional": "2",
    "fungsional umum": "4",
    "pelaksana": "4",
}
_OUTSIDE = frozenset(
    {"non", "nonasn", "honor", "honorer", "kontrak", "thl", "phl", "bhl", "ptt", "gtt", "tkk", "tks", "pjlp", "sukwan"}
)
"""Words for people whom an agency employs beside its ASN, as agencies call them."""
_DEFAULT_STATUS = {"pns": "01", "cpns": "01", "pppk": "71", "pppk_pw": "71"}


@lru_cache(maxsize=4096)
def employment(stated: str, cpns_flag: str, nip_kind: str) -> str:
    """Return pns, cpns, pppk, pppk_pw or non_asn from the stated kind and the CPNS flag (C or P).

    What is stated counts; where nothing usable is, the NIP's shape tells PNS from PPPK. Part-time is never inferred from it.
    """
    words = set(re.findall(r"[a-z]+", stated.casefold()))
    if words & {"pppk", "p3k", "pjpk"} or "perjanjian" in words:
        return "pppk_pw" if words & {"paruh", "pw", "paro"} else "pppk"
    if words & _OUTSIDE or {"tidak", "tetap"} <= words or {"harian", "lepas"} <= words:
        return "non_asn"
    if "cpns" in words or cpns_flag.casefold() in {"c", "cpns"}:
        return "cpns"
    return "pns" if "pns" in words or nip_kind == "pns" else "pppk"


def legal_status(code: str, kind: str) -> str:
    """Return the kedudukan hukum code, two digits; where the roster has none, that of active staff of this employment."""
    return code.zfill(2) if code else _DEFAULT_STATUS.get(kind, "")


@lru_cache(maxsize=4096)
def grade(stated: str, kind: str) -> str:
    """Return the grade as it is printed: `III/d` for PNS and CPNS, `Golongan IX` for PPPK; empty when it is neither."""
    if kind.startswith("pppk"):
        match = _PPPK_GRADE.fullmatch(stated)
        numeral = match[1].upper() if match else ""
        if numeral.isdigit() and 1 <= int(numeral) <= len(PPPK_GRADES):
            numeral = PPPK_GRADES[int(numeral) - 1]
        return f"Golongan {numeral}" if numeral in PPPK_GRADES else ""
    match = _PNS_GRADE.search(stated)
    spelled = f"{match[1].upper()}/{match[2].lower()}" if match else ""
    return spelled if spelled in GRADE_TITLES else ""


def grade_title(printed_grade: str) -> str:
    """Return pangkat and golongan as printed on letters: `Penata Tingkat I, III/d`; a PPPK's grade as it is."""
    title = GRADE_TITLES.get(printed_grade)
    return f"{title}, {printed_grade}" if title else printed_grade


@lru_cache(maxsize=4096)
def position_kind(code: str, name: str) -> str:
    """Return 1 (struktural), 2 (fungsional) or 4 (pelaksana) from the code or the name; empty when neither says."""
    return code if code in {"1", "2", "4"} else _POSITION_KINDS.get(name.casefold(), "")


def sex(stated: str) -> str:
    """Return male or female from M/F (SIASN) or L/P (short form) or the words; empty when it says neither."""
    first = stated[:1].casefold()
    return "male" if first in {"m", "l"} else "female" if first in {"f", "p"} else ""
