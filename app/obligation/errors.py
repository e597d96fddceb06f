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


class JoiningClosed(AppError):
    """The round was opened with the rule that nobody joins later."""

    kind = Kind.CONFLICT
    code = "round.joining_closed"


class NotInPopulation(AppError):
    """The round's rule, frozen when it opened, does not ask this person."""

    kind = Kind.INVALID
    code = "round.not_in_population"


class ExemptionExists(AppError):
    """Another exemption of this obligation is asked for or in force."""

    kind = Kind.CONFLICT
    code = "exemption.exists"


class ExemptionSigned(AppError):
    """The pledge is signed: there is nothing to be exempted from."""

    kind = Kind.CONFLICT
    code = "exemption.signed"


class ExemptionNotOwed(AppError):
    """Nobody has to sign it as it is."""

    kind = Kind.CONFLICT
    code = "exemption.not_owed"


class ExemptionDecided(AppError):
    """It is not waiting for a decision any more."""

    kind = Kind.CONFLICT
    code = "exemption.decided"


class ExemptionOwn(AppError):
    """Who asked for it does not decide on it."""

    kind = Kind.FORBIDDEN
    code = "exemption.own"


class ExemptionNone(AppError):
    """Nothing is asked for or in force that could be withdrawn."""

    kind = Kind.NOT_FOUND
    code = "exemption.none"


class ExemptionUntil(AppError):
    """Only a deferral has a last day, and it is not over yet."""

    kind = Kind.INVALID
    code = "exemption.until"


class EvidenceRefused(AppError):
    """The evidence is no PDF, JPEG or PNG by what is in it, or is cut short."""

    kind = Kind.INVALID
    code = "exemption.evidence"
