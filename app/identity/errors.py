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
    """NIP and PIN do not go together, or the passkey is not known."""

    kind = Kind.FORBIDDEN
    code = "login.refused"
    remembered = True


class KioskCodeWrong(AppError):
    """No kiosk waits for this code."""

    kind = Kind.GONE
    code = "kiosk.code"


class KioskOtherOpd(AppError):
    """The slip is of somebody who works in another OPD than the kiosk's."""

    kind = Kind.FORBIDDEN
    code = "kiosk.other_opd"


class KioskPinWrong(AppError):
    """The PIN is not the person's; the slip forgives a few."""

    kind = Kind.FORBIDDEN
    code = "kiosk.pin"
    remembered = True


class LoginCodeWrong(AppError):
    """The code is not the one that was mailed, or nothing was mailed because NIP and PIN do not go together."""

    kind = Kind.FORBIDDEN
    code = "login.code_wrong"
    remembered = True


class LoginCodeOver(AppError):
    """The code was answered too often or too late: sign in from the beginning."""

    kind = Kind.GONE
    code = "login.code_over"


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


class SlipsNobody(AppError):
    """Nobody there needs a slip: everybody can sign in already, or nobody stands in the unit."""

    kind = Kind.CONFLICT
    code = "slip.nobody"


class SlipsTooMany(AppError):
    """More slips than one file holds; unit by unit it goes."""

    kind = Kind.INVALID
    code = "slip.too_many"


class AccountHeld(AppError):
    """The account was recovered within a day and no second administrator has approved: nothing can be signed yet."""

    kind = Kind.FORBIDDEN
    code = "account.held"


class AccountUnconfirmed(AppError):
    """Somebody else than who issued the activation has to confirm the account first; `cause`: recovery, risk or contested."""

    kind = Kind.FORBIDDEN
    code = "account.unconfirmed"


class RecoveryOwn(AppError):
    """Who issued the slip of a recovery may not be the one who approves it."""

    kind = Kind.FORBIDDEN
    code = "recovery.own"


class TokenOver(AppError):
    """A token that was revoked or has expired is not rotated: it needs a new one."""

    kind = Kind.CONFLICT
    code = "token.over"


class IdempotencyMismatch(AppError):
    """The same Idempotency-Key came with another request."""

    kind = Kind.INVALID
    code = "idempotency.mismatch"


class IdempotencyUnfinished(AppError):
    """The first request with this key is under way, or its answer was lost: it is not done a second time."""

    kind = Kind.CONFLICT
    code = "idempotency.unfinished"


class IdempotencyKept(AppError):
    """The request was carried out, but its answer was too large to be kept."""

    kind = Kind.CONFLICT
    code = "idempotency.too_large"


class IdempotencyKeyInvalid(AppError):
    """An Idempotency-Key has 1 to 255 printable ASCII characters."""

    kind = Kind.INVALID
    code = "idempotency.key"


class OidcUnavailable(AppError):
    """The agency's sign-on cannot be reached, or says something else than it should."""

    kind = Kind.UNAVAILABLE
    code = "oidc.unavailable"


class OidcRefused(AppError):
    """The answer of the agency's sign-on does not verify; `reason` says which check failed."""

    kind = Kind.FORBIDDEN
    code = "oidc.refused"


class OidcUnknownPerson(AppError):
    """The agency's sign-on vouches for somebody who is not on the roster. Nobody is created."""

    kind = Kind.FORBIDDEN
    code = "oidc.unknown_person"
