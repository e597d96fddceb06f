"""Parts of a file over HTTP: single byte ranges (RFC 9110 section 14), for clients that go on with a broken download."""

import re

_RANGE = re.compile(r"bytes *= *(?:(\d{1,15}) *- *(\d{1,15})?|- *(\d{1,15}))", re.IGNORECASE)


class RangeNotSatisfiable(Exception):
    """The range lies beyond the end: 416, with `Content-Range: bytes */size`."""


def wanted_range(asked: str | None, if_range: str | None, *, etag: str, size: int) -> tuple[int, int] | None:
    """Return first and last position (inclusive) of the part asked for, None where the whole file is the answer.

    The whole file answers a header that is no single byte range (several, another unit, malformed: section 14.2 lets a
    server ignore it), and an `If-Range` that is not the strong `etag` of what would be sent (section 13.1.5). Raises
    `RangeNotSatisfiable`.
    """
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None  # not a valid range at all (section 14.1.1), so ignored
    if start >= size:
        raise RangeNotSatisfiable
    return start, end
