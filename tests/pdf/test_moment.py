from datetime import UTC, datetime

import pytest

from app.pdf.moment import date_in_words, moment_in_words


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("WIB", "31 Desember 2026 pukul 22.05 WIB"),
        ("WITA", "31 Desember 2026 pukul 23.05 WITA"),
        ("WIT", "1 Januari 2027 pukul 00.05 WIT"),
    ],
)
def test_a_moment_is_written_in_its_zone(zone, expected):
    at = datetime(2026, 12, 31, 15, 5, 59, tzinfo=UTC)
    assert moment_in_words(at, zone) == expected
    assert expected.startswith(date_in_words(at, zone) + " pukul")
