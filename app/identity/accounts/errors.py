"""Refusals of administrators' accounts. Unknown, used, revoked and too old are answered alike, so nothing can be enumerated."""

from app.core.errors import AppError, Kind


class InvitationInvalid(AppError):
    """The invitation's link is unknown, used, revoked, or too old."""

    kind = Kind.GONE
    code = "invitation.invalid"


class AccountRefused(AppError):
    """The passkey opens no account: unknown, of another or a disabled one, or its answer does not verify."""

    kind = Kind.FORBIDDEN
    code = "account.refused"
    remembered = True


class AccountExists(AppError):
    """The e-mail address or the employee has an account already."""

    kind = Kind.CONFLICT
    code = "account.exists"


class AccountOwn(AppError):
    """Nobody changes the own role or disables the own account."""

    kind = Kind.FORBIDDEN
    code = "account.own"


class AccountDisabled(AppError):
    """A disabled account is invited again before anything about it is changed."""

    kind = Kind.CONFLICT
    code = "account.disabled"


class AccountScopeInvalid(AppError):
    """The role is none of an account, it needs an agency and none is named, or a named one is not known."""

    kind = Kind.INVALID
    code = "account.scope"


class LastPasskey(AppError):
    """The only passkey of an account is not removed: nobody could sign in any more."""

    kind = Kind.CONFLICT
    code = "account.last_passkey"
