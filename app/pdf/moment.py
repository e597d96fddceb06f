"""Dates and times as an Indonesian document writes them, always with their zone."""

from datetime import date, datetime, timedelta, timezone

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
ZONES = {
    "WIB": timezone(timedelta(hours=7)),
    "WITA": timezone(timedelta(hours=8)),
    "WIT": timezone(timedelta(hours=9)),
}


def day_in_words(day: date) -> str:
    """A day: "23 Mei 2023"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def date_in_words(at: datetime, zone: str) -> str:
    """The day of `at` in `zone` (WIB, WITA or WIT)."""
    return day_in_words(at.astimezone(ZONES[zone]))


def moment_in_words(at: datetime, zone: str) -> str:
    """Day, minute and zone of `at`: "23 Mei 2023 pukul 09.15 WIB"."""
    local = at.astimezone(ZONES[zone])
    return f"{date_in_words(at, zone)} pukul {local.hour:02d}.{local.minute:02d} {zone}"
