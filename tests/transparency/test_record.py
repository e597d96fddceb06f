"""The record of a fact can be made again by anybody from its definition alone: JSON with sorted keys and no spaces."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.transparency.record import Fact, canonical

AT = datetime(2026, 11, 23, 5, 0, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("kind", list(Fact))
@pytest.mark.parametrize("who", [None, "ab" * 32])
def test_a_record_is_sorted_json_without_spaces(kind: Fact, who: str | None) -> None:
    fields = {"v": 1, "kind": kind.value, "digest": "00ff" * 16, "at": "2026-11-23T05:00:59Z"}
    wanted = fields if who is None else fields | {"who": who}
    digest = bytes.fromhex("00ff" * 16)
    assert canonical(kind, digest, AT, who) == json.dumps(wanted, sort_keys=True, separators=(",", ":")).encode()
    assert canonical(kind, digest, AT.astimezone(timezone(timedelta(hours=7))), who) == canonical(kind, digest, AT, who)
