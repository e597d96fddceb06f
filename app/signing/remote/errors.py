"""Refusals of signing through a provider elsewhere, and of scans."""

from app.core.errors import AppError, Kind


class ActSending(AppError):
    """A call in this person's name is under way; until its end is known no other act begins."""

    kind = Kind.CONFLICT
    code = "remote.sending"


class OutcomeOpen(AppError):
    """Whether one of these pledges was signed already is not known; it is not sent again until that is settled."""

    kind = Kind.CONFLICT
    code = "remote.outcome_open"


class CallSettled(AppError):
    """The outcome of this call is known already."""

    kind = Kind.CONFLICT
    code = "remote.settled"


class FileUnfit(AppError):
    """The file is not the prepared document with a good signature; `reason` says what is wrong with it."""

    code = "remote.file_unfit"


class SignedByCeremony(AppError):
    """This way of signing has a ceremony of its own and takes no call from here."""

    kind = Kind.CONFLICT
    code = "remote.own_ceremony"


class ScanWaiting(AppError):
    """A scan of this pledge waits for its judgement already."""

    kind = Kind.CONFLICT
    code = "scan.waiting"


class ScanJudged(AppError):
    """The scan was judged already."""

    kind = Kind.CONFLICT
    code = "scan.judged"


class ScanOwn(AppError):
    """Who uploaded a scan does not judge it."""

    kind = Kind.FORBIDDEN
    code = "scan.own"
