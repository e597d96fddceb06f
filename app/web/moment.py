"""Times as people read them on a page: "23 Mei 2023 09.15 WIB", always with their zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

ZONES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_MONTHS = {
    "id": [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


def day(at: datetime, timezone: str, language: str) -> str:
    """Return the day of an aware time, in the zone and language given."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def moment(at: datetime, timezone: str, language: str) -> str:
    """Return day, minute and zone of an aware time, in the zone and language given."""
    local = at.astimezone(ZoneInfo(timezone))
    zone = ZONES.get(timezone, timezone)
    return f"{day(at, timezone, language)} {local.hour:02d}.{local.minute:02d} {zone}"
