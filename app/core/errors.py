"""Errors are facts with a kind and a stable code; what a person reads stands in the catalogue of texts under that code."""

from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What sort of refusal it is; each edge (HTTP, command line, worker) maps it once."""

    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"


class AppError(Exception):
    """A refusal the caller can act on. `params` fill the catalogue's sentence and travel in the problem document.

    `remembered` refusals commit what was written before them (a wrong PIN must be counted); all others roll back.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "request.refused"
    remembered: ClassVar[bool] = False

    def __init__(self, **params: object) -> None:
        super().__init__(self.code, params)
        self.params = params


class NotFound(AppError):
    """There is no such thing, or it is not the caller's to see: both are answered alike."""

    kind = Kind.NOT_FOUND
    code = "resource.not_found"


class NotAuthenticated(AppError):
    """The request carries no valid token or session."""

    kind = Kind.UNAUTHENTICATED
    code = "identity.login_needed"


class NotPermitted(AppError):
    """The caller is known but may not do this."""

    kind = Kind.FORBIDDEN
    code = "identity.not_permitted"


class ConfirmationNeeded(AppError):
    """The session's passkey was used too long ago for an act like this: it is asked for again."""

    kind = Kind.FORBIDDEN
    code = "session.confirm"


class ApprovalNeeded(AppError):
    """A second administrator has to approve this act before it is carried out."""

    kind = Kind.CONFLICT
    code = "approval.needed"


class ForeignRequest(AppError):
    """A state-changing request with a session cookie came from another site or without its token (CSRF)."""

    kind = Kind.FORBIDDEN
    code = "request.foreign"


class TooManyRequests(AppError):
    """The caller asks faster than the limit of this route."""

    kind = Kind.RATE_LIMITED
    code = "request.too_many"


class ServiceBusy(AppError):
    """More requests wait for the database than it serves; nothing of this one was done."""

    kind = Kind.UNAVAILABLE
    code = "service.busy"

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class UploadTooLarge(AppError):
    """The uploaded file is over the limit."""

    kind = Kind.TOO_LARGE
    code = "upload.too_large"


class CannotStart(Exception):
    """The service refuses to start; the message tells the operator what to do."""
