"""Refusals of identity. Wrong secret and unknown person are answered alike, so nothing can be enumerated."""

from app.core.errors import AppError, Kind


class ActivationInvalid(AppError):
    """The link is unknown, used, revoked, or too old."""

    kind = Kind.GONE
    code = "activation.invalid"


class BirthDateWrong(AppError):
    """The birth date is not the one on the roster."""

    kind = Kind.FORBIDDEN
    code = "activation.birth_date"
    remembered = True


class LoginRefused(AppError):
    """NIP and PIN do not go together, or the PIN is locked, or the passkey is not known."""

    kind = Kind.FORBIDDEN
    code = "login.refused"
    remembered = True


class PinLocked(AppError):
    """Too many wrong PINs; only said to somebody who is signed in already."""

    kind = Kind.FORBIDDEN
    code = "pin.locked"
    remembered = True


class PinWeak(AppError):
    """The PIN is not six digits, or is one everybody tries first."""

    kind = Kind.INVALID
    code = "pin.weak"


class PasskeyRefused(AppError):
    """The passkey's answer does not verify: challenge, origin, RP id, user verification or counter."""

    kind = Kind.FORBIDDEN
    code = "passkey.refused"


class PasskeyUnknown(AppError):
    """The passkey is not one of this person's."""

    kind = Kind.FORBIDDEN
    code = "passkey.unknown"
