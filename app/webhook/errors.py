"""Refusals of webhooks."""

from app.core.errors import AppError, Kind


class UrlRefused(AppError):
    """Messages may not go to this address; `reason` says why."""

    kind = Kind.INVALID
    code = "webhook.url"


class TooMany(AppError):
    """There are as many endpoints as there may be."""

    kind = Kind.CONFLICT
    code = "webhook.too_many"


class Disabled(AppError):
    """The endpoint is disabled: nothing is sent to it."""

    kind = Kind.CONFLICT
    code = "webhook.disabled"


class Underway(AppError):
    """The message is waiting or being sent already."""

    kind = Kind.CONFLICT
    code = "webhook.underway"


class RangeEmpty(AppError):
    """The end of the time range is not after its beginning."""

    kind = Kind.INVALID
    code = "webhook.range"


class RangeTooLarge(AppError):
    """The time range holds more messages than may wait for one endpoint."""

    kind = Kind.INVALID
    code = "webhook.range_large"
