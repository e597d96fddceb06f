"""What can go wrong with keys, certificates and signatures; each error has a stable `code` and says what to do next."""


class PkiFault(Exception):
    """Root of the errors of this package."""

    code = "pki"


class DerMalformed(PkiFault):
    """Bytes are not the strict DER (ITU-T X.690 clause 10) that was expected at this place."""

    code = "der.malformed"


class PublicKeyRefused(PkiFault):
    """A public key is not an uncompressed P-256 point in its 91-byte SubjectPublicKeyInfo."""

    code = "public_key.refused"


class SignatureMalformed(PkiFault):
    """An ECDSA signature is not two numbers between 0 and the order of P-256."""

    code = "signature.malformed"


class SignatureRefused(PkiFault):
    """A signed structure does not hold; `code` says which of its parts.

    `signature.cms` its form, `.digest` what it signs, `.value` the signature itself, `.issuer` who certified the key,
    `.validity` the moment, `.timestamp` the token.
    """

    code = "signature.refused"

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class SubjectRefused(PkiFault):
    """A person cannot be named in a certificate: a part of the name is empty or has forbidden characters."""

    code = "subject.refused"


class LifetimeRefused(PkiFault):
    """A signer certificate was asked for with a longer life than short-lived certificates may have."""

    code = "certificate.lifetime"


class KeysExist(PkiFault):
    """The key folder is already filled; existing keys are never overwritten."""

    code = "keys.exist"


class RotationRefused(PkiFault):
    """A key cannot be followed by another in this way."""

    code = "keys.rotation"


class IssuerMissing(PkiFault):
    """The key of an issuing CA that was followed by another is needed once more and is not here."""

    code = "keys.past_missing"


class KeysMissing(PkiFault):
    """A key or certificate file is not there."""

    code = "keys.missing"


class KeysUnreadable(PkiFault):
    """A key or certificate file is there but cannot be used."""

    code = "keys.unreadable"


class PassphraseWrong(PkiFault):
    """The passphrase does not open the private keys."""

    code = "keys.passphrase"


class CrlOutdated(PkiFault):
    """A revocation list is past its next update and cannot be renewed here, because its key is offline."""

    code = "keys.crl_outdated"


class TokenFault(PkiFault):
    """A key in a PKCS #11 token cannot be used; nothing signs in its place. `code` says which part is at fault."""

    code = "keys.token"


class TimestampUnavailable(PkiFault):
    """No time-stamping authority that was asked gave a token that holds; nothing is stamped in its place."""

    code = "timestamp.unavailable"


class UriRefused(TokenFault):
    """A PKCS #11 URI (RFC 7512) is malformed, or names no object or no module."""

    code = "keys.uri"


class ModuleMissing(TokenFault):
    """The PKCS #11 library is not there or does not load."""

    code = "keys.module"


class TokenMissing(TokenFault):
    """No token of the module answers to the URI."""

    code = "keys.token_missing"


class PinRefused(TokenFault):
    """The token does not take the PIN, or has locked it."""

    code = "keys.pin"


class ObjectMissing(TokenFault):
    """The token holds no private key of that name, or several that cannot be told apart."""

    code = "keys.object_missing"


class MechanismMissing(TokenFault):
    """The token cannot do ECDSA, or not on this curve."""

    code = "keys.mechanism"


class TokenLost(TokenFault):
    """The token was there and does not answer any more; a later call tries again."""

    code = "keys.token_lost"


class KeyMismatch(TokenFault):
    """The key in the token is not the one its certificate names."""

    code = "keys.mismatch"
