"""Refusals of signing providers. None of them ever holds a passphrase, a code, a PIN or a NIK."""

from app.core.errors import AppError, Kind


class ProviderOff(AppError):
    """This way of signing is not offered here."""

    kind = Kind.NOT_FOUND
    code = "provider.off"


class ProviderUnavailable(AppError):
    """The service could not be reached or has a fault; nothing was sent that could have been signed."""

    kind = Kind.UNAVAILABLE
    code = "provider.unavailable"


class ProviderLoginRefused(AppError):
    """The service does not accept this application's own credentials: an operator's affair."""

    kind = Kind.UNAVAILABLE
    code = "provider.login_refused"


class PassphraseWrong(AppError):
    """Passphrase, PIN or one-time code is wrong; nothing was signed."""

    kind = Kind.FORBIDDEN
    code = "provider.passphrase_wrong"


class SecretMissing(AppError):
    """This way of signing asks for a passphrase or a one-time code, and none or another was given."""

    code = "provider.secret_missing"


class SignerNotRegistered(AppError):
    """The service does not know the person."""

    kind = Kind.CONFLICT
    code = "provider.not_registered"


class SignerWithoutCertificate(AppError):
    """The person has no certificate, or none that is in force."""

    kind = Kind.CONFLICT
    code = "provider.no_certificate"


class SignerState(AppError):
    """The person's account at the service is in a state in which it cannot sign; `state` is the service's word."""

    kind = Kind.CONFLICT
    code = "provider.user_state"


class SignerUnidentified(AppError):
    """What the service knows a person by (NIK or e-mail) is not kept here."""

    kind = Kind.CONFLICT
    code = "provider.signer_unidentified"


class DocumentRefused(AppError):
    """The service cannot work with the document and says so; nothing was signed."""

    kind = Kind.CONFLICT
    code = "provider.document_refused"


class CallRefused(AppError):
    """The service refused the call with a code that has no text of its own; nothing was signed."""

    kind = Kind.CONFLICT
    code = "provider.call_refused"


class SignatureUnfit(AppError):
    """A signature was made here and does not hold: wrong key, wrong certificate, or no room; nothing was kept."""

    kind = Kind.CONFLICT
    code = "provider.signature_unfit"


class OutcomeUnknown(AppError):
    """The call was sent and nobody knows how it ended: it may have been signed. Never tried again by itself.

    `reason` says what was seen; `reference` is the service's own number of the document, where it had given one.
    """

    kind = Kind.UNAVAILABLE
    code = "provider.outcome_unknown"

    def __init__(self, *, reason: str, reference: str = "") -> None:
        super().__init__(reason=reason)
        self.reason = reason
        self.reference = reference


class ScanRefused(AppError):
    """The uploaded scan is not a picture or PDF of a page that can be kept; `reason` says why."""

    code = "scan.refused"
