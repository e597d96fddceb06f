"""Refusals of rosters."""

from app.core.errors import AppError, Kind


class FileRefused(AppError):
    """The file cannot be read as a roster at all; `reason` is the reader's code."""

    kind = Kind.INVALID
    code = "roster.file_refused"


class UnitFileInvalid(AppError):
    """The unit file has problems; nothing of it was kept."""

    kind = Kind.INVALID
    code = "roster.units_invalid"


class UnitsMissing(AppError):
    """There are no units yet and none came with the roster: no row could be placed."""

    kind = Kind.CONFLICT
    code = "roster.units_missing"


class ImportApplied(AppError):
    """The import was applied before."""

    kind = Kind.CONFLICT
    code = "roster.already_applied"


class ImportOutdated(AppError):
    """Another import was applied after this one was compared: look again before applying."""

    kind = Kind.CONFLICT
    code = "roster.outdated"
