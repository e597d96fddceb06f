"""Refusals of four eyes."""

from app.core.errors import AppError, Kind


class ApprovalAsked(AppError):
    """A command's act now waits for a second administrator; that it was asked for is kept."""

    kind = Kind.CONFLICT
    code = "approval.asked"
    remembered = True


class ApprovalOver(AppError):
    """The request was decided already, or nobody decided it within its days."""

    kind = Kind.CONFLICT
    code = "approval.over"


class ApprovalOwn(AppError):
    """Whoever asked may not be the one who approves."""

    kind = Kind.FORBIDDEN
    code = "approval.own"


class ApprovalAskerGone(AppError):
    """Whoever asked may no longer do this: disabled, revoked, or of another role by now."""

    kind = Kind.CONFLICT
    code = "approval.asker_gone"
