"""Lists: `limit`, an opaque `cursor`, and the next page in a Link header (RFC 8288). Nothing is capped in silence."""

import base64
import binascii
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.core.errors import AppError, Kind

LimitQuery = Annotated[int, Query(ge=1, le=1000)]
CursorQuery = Annotated[str | None, Query(max_length=500)]


class CursorInvalid(AppError):
    """The cursor is not one this list gave out."""

    kind = Kind.INVALID
    code = "list.cursor"


def encode_cursor(*parts: object) -> str:
    """Return the cursor of the last row of a page."""
    return base64.urlsafe_b64encode("\x1f".join(map(str, parts)).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, count: int) -> list[str] | None:
    """Return a cursor's parts; None for the first page."""
    if cursor is None:
        return None
    try:
        parts = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode().split("\x1f")
        )
    except (binascii.Error, ValueError):
        raise CursorInvalid from None
    if len(parts) != count or "\0" in "".join(parts):
        raise CursorInvalid
    return parts


def uuid_part(value: str) -> UUID:
    """Return a cursor's part as a UUID."""
    try:
        return UUID(value)
    except ValueError:
        raise CursorInvalid from None


def link_next(request: Request, response: Response, cursor: str) -> None:
    """Name the next page in the answer's Link header."""
    response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
