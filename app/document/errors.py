"""Refusals of documents."""

from app.core.errors import AppError, Kind


class NotPrintable(AppError):
    """A name or value cannot be printed: a character the font lacks, or no room; nothing was signed."""

    kind = Kind.INVALID
    code = "document.not_printable"


class DocumentDamaged(AppError):
    """The finished bytes did not verify when they were read back; nothing was kept."""

    kind = Kind.UNAVAILABLE
    code = "document.damaged"


class NotSignedYet(AppError):
    """A prepared document is for reading and digesting; it becomes a file when it is signed."""

    kind = Kind.CONFLICT
    code = "document.not_signed"


class NotForThisRound(AppError):
    """The round cannot be signed this way: its text has no foot for it."""

    kind = Kind.CONFLICT
    code = "document.not_for_this_round"


class NothingToPrint(AppError):
    """Nobody in the agencies asked for owes a pledge that can be printed."""

    kind = Kind.NOT_FOUND
    code = "document.nothing_to_print"


class StoreDamaged(AppError):
    """The stored bytes are not what the register says they were: they are not served; restore the store from its backup."""

    kind = Kind.UNAVAILABLE
    code = "document.store_damaged"
