"""Refusals of obligations."""

from app.core.errors import AppError, Kind


class ObligationNotPending(AppError):
    """It is signed already, or nobody has to sign it."""

    kind = Kind.CONFLICT
    code = "obligation.not_pending"


class RosterEmpty(AppError):
    """A round cannot open over an empty roster: its denominator would be nobody."""

    kind = Kind.CONFLICT
    code = "round.roster_empty"
