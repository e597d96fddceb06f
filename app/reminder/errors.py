"""Refusals of reminders."""

from app.core.errors import AppError, Kind


class WaveOver(AppError):
    """The wave has come to its end, or was cancelled."""

    kind = Kind.CONFLICT
    code = "reminder.wave_over"


class NotResendable(AppError):
    """Only what failed, bounced, or has an unknown outcome may be sent again, and only by somebody who asks for it."""

    kind = Kind.CONFLICT
    code = "reminder.not_resendable"


class NotSent(AppError):
    """A bounce was told of a message that never left."""

    kind = Kind.CONFLICT
    code = "reminder.not_sent"


class NoChannel(AppError):
    """None of the channels the schedule names is set up."""

    kind = Kind.CONFLICT
    code = "reminder.no_channel"


class TooLate(AppError):
    """The wave would leave at or after the deadline of its round."""

    kind = Kind.CONFLICT
    code = "reminder.too_late"


class QuietAlways(AppError):
    """The schedule's own sending time lies in its quiet hours."""

    kind = Kind.INVALID
    code = "reminder.quiet_always"


class CallbackRefused(AppError):
    """A gateway's callback came without the secret it was given, or none was set."""

    kind = Kind.UNAUTHENTICATED
    code = "reminder.callback_refused"
