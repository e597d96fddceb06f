"""Refusals of countersigners."""

from app.core.errors import AppError, Kind


class CountersigningNotAsked(AppError):
    """The round is not countersigned."""

    kind = Kind.CONFLICT
    code = "countersigner.not_asked"


class CountersignerUnknown(AppError):
    """Nobody on the roster has this NIP."""

    code = "countersigner.unknown"


class MandateMissing(AppError):
    """Who acts for a head does so on a numbered mandate with an end."""

    code = "countersigner.mandate_missing"


class MandateDates(AppError):
    """The mandate ends before it begins, or is over already."""

    code = "countersigner.mandate_dates"
