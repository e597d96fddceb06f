"""Refusals of figures."""

from app.core.errors import AppError, Kind


class InstantUnknown(AppError):
    """Figures were asked for an instant before the round opened, or one that has not come yet."""

    kind = Kind.INVALID
    code = "compliance.instant_unknown"
