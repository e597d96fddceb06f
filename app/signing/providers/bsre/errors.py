"""What BSrE's Esign Client Service says, as refusals of ours; the same codes in both dialects."""

from app.signing.providers.errors import (
    CallRefused,
    DocumentRefused,
    OutcomeUnknown,
    PassphraseWrong,
    ProviderLoginRefused,
    ProviderUnavailable,
    SignerNotRegistered,
    SignerState,
    SignerWithoutCertificate,
)
from app.signing.providers.wire import Reply

ABLE = "ISSUE"
"""The only state of a user who can sign."""

STATES = frozenset(
    {
        "ISSUE",
        "NEW",
        "WAITING_FOR_VERIFICATION",
        "RENEW",
        "EXPIRED",
        "NO_CERTIFICATE",
        "NOT_REGISTERED",
        "SUSPEND",
        "REVOKE",
    }
)
OK = "1111"
NOT_REGISTERED, NO_CERTIFICATE, WRONG_PASSPHRASE = "2011", "2021", "2031"


def refuse_login(reply: Reply) -> None:
    """Raise when the gateway does not know this application."""
    if reply.status in {401, 403}:
        raise ProviderLoginRefused


def refuse_state(reply: Reply) -> None:
    """Raise unless a status call says that the person can sign."""
    refuse_login(reply)
    if reply.data is None:
        raise ProviderUnavailable(reason="html" if reply.kind == "text/html" else "shape")
    state = str(reply.data.get("status", "")).upper()
    if state == "NOT_REGISTERED" or reply.code == NOT_REGISTERED:
        raise SignerNotRegistered
    if state == "NO_CERTIFICATE" or reply.code == NO_CERTIFICATE:
        raise SignerWithoutCertificate
    if reply.status != 200:
        raise ProviderUnavailable(reason=f"http_{reply.status}")
    if state not in STATES:  # words of a service are shown to people only when they are known ones
        raise ProviderUnavailable(reason="shape")
    if state != ABLE:
        raise SignerState(state=state)


def refuse_sign(reply: Reply) -> None:
    """Raise unless a sign call was answered 200: a refusal where the gateway itself speaks, else the outcome is unknown.

    A gateway that speaks answers JSON with its code. A 500 without one may come from before or after the signature.
    """
    refuse_login(reply)
    if reply.status == 200:
        return
    if reply.code == WRONG_PASSPHRASE:
        raise PassphraseWrong
    if reply.code == NOT_REGISTERED:
        raise SignerNotRegistered
    if reply.code == NO_CERTIFICATE:
        raise SignerWithoutCertificate
    if reply.status == 500 and reply.data is not None:
        raise DocumentRefused
    if 400 <= reply.status < 500:
        raise CallRefused(status=reply.status, detail=reply.code[:16] if reply.code.isdigit() else "")
    raise OutcomeUnknown(reason=f"http_{reply.status}")
