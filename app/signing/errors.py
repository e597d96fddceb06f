"""Refusals of the ceremony."""

from app.core.errors import AppError, Kind


class SessionExpired(AppError):
    """Fifteen minutes have passed; nothing was signed."""

    kind = Kind.GONE
    code = "session.expired"


class SessionState(AppError):
    """The call does not fit the session's state, or another body was sent where an answer was already given."""

    kind = Kind.CONFLICT
    code = "session.state"


class TooManyRestarts(AppError):
    """The session was restarted as often as it may be."""

    kind = Kind.RATE_LIMITED
    code = "session.too_many_restarts"


class KeyNotP256(AppError):
    """The public key is not the 91-byte SPKI of a point on P-256."""

    code = "key.not_p256"


class KeyReused(AppError):
    """This device key was certified before; a key is used in one act only."""

    kind = Kind.CONFLICT
    code = "key.reused"


class KeyWithoutProof(AppError):
    """The proof of possession does not verify over this act."""

    kind = Kind.FORBIDDEN
    code = "key.no_proof"


class CodeNone(AppError):
    """No code is alive: not sent, too old, or tried three times."""

    kind = Kind.FORBIDDEN
    code = "code.none"


class PinOrCodeWrong(AppError):
    """PIN or code is wrong; which of them is not said."""

    kind = Kind.FORBIDDEN
    code = "pin_or_code.wrong"
    remembered = True


class CodeTooSoon(AppError):
    """A code was sent moments ago: resending is no way to flood a mailbox or to buy tries."""

    kind = Kind.RATE_LIMITED
    code = "code.too_soon"


class CodesSpent(AppError):
    """So many codes were sent within a day that one more would be worth guessing at."""

    kind = Kind.CONFLICT
    code = "code.spent"


class CodeNotSent(AppError):
    """There is no channel to send a code through: no mail server is set, or the person has no address."""

    kind = Kind.CONFLICT
    code = "code.no_channel"


class CertificateExpired(AppError):
    """The short-lived certificate is over; restart the session."""

    kind = Kind.GONE
    code = "certificate.expired"


class SignaturesIncomplete(AppError):
    """Not exactly one signature for each document of the session."""

    code = "signatures.incomplete"


class SignatureInvalid(AppError):
    """A signature does not verify under the device key; nothing was kept."""

    code = "signature.invalid"


class RequestMalformed(AppError):
    """A field is not base64url of the right length."""

    code = "request.malformed"


class ConfirmationsIncomplete(AppError):
    """Not every statement was confirmed, in the order they are read: no certificate is given out for the act."""

    code = "confirmations.incomplete"


class NotDeclinable(AppError):
    """Only the own pledges are declined; an official leaves documents out instead."""

    kind = Kind.CONFLICT
    code = "session.not_declinable"


class DocumentChanged(AppError):
    """A document of the act no longer waits for this official: it was voided, or somebody else was recorded."""

    kind = Kind.CONFLICT
    code = "countersigning.document_changed"
