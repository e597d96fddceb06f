"""Refusals about SIASN."""

from app.core.errors import AppError, Kind


class SiasnOff(AppError):
    """The adapter is not set up."""

    kind = Kind.CONFLICT
    code = "siasn.off"


class SiasnRefused(AppError):
    """SIASN does not accept the credentials; `what` says which: gateway, sso, or the tokens it gave out itself."""

    kind = Kind.CONFLICT
    code = "siasn.refused"


class SiasnUnavailable(AppError):
    """SIASN does not answer, or not as it should; a later try may help."""

    kind = Kind.UNAVAILABLE
    code = "siasn.unavailable"
