"""Refusals of figures."""

from app.core.errors import AppError, Kind


class InstantUnknown(AppError):
    """Figures were asked for an instant before the round opened, or one that has not come yet."""

    kind = Kind.INVALID
    code = "compliance.instant_unknown"


class AnnexOfPast(AppError):
    """A list of names was asked for a past instant; the register keeps only counts of the past."""

    kind = Kind.INVALID
    code = "recap.annex_of_past"


class AnnexTooLong(AppError):
    """The agency has more people who have not signed than one file should hold."""

    kind = Kind.INVALID
    code = "recap.annex_too_long"


class TooManyListeners(AppError):
    """This process already sends live figures to as many as it may."""

    kind = Kind.UNAVAILABLE
    code = "compliance.too_many_listeners"


class GroupTooSmall(AppError):
    """Figures of an agency with so few people that they would tell of single ones, for a caller who may see figures only."""

    kind = Kind.FORBIDDEN
    code = "compliance.group_too_small"


class ComparisonOfOne(AppError):
    """A comparison takes two to six different rounds."""

    kind = Kind.INVALID
    code = "compliance.comparison"
