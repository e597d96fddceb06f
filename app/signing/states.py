"""The states of a signing session and the only moves between them.

prepared --certificate--> certified --signatures--> signed
certified --restart--> prepared          prepared, certified --(another session, expiry)--> abandoned
prepared, certified --decline--> declined
Through a provider elsewhere: prepared --sent--> sending --> signed | unknown | prepared (refused), unknown --> signed | abandoned
"""

from datetime import datetime, timedelta
from enum import StrEnum

from app.signing.errors import SessionExpired, SessionState
from app.signing.models import SigningSession

SESSION_LIFE = timedelta(minutes=15)
CERTIFICATE_LIFE = timedelta(minutes=10)
CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 3
CODE_PAUSE = timedelta(seconds=30)
CODE_DIGITS = 8
CODES_A_DAY = 12
"""Somebody with another's phone, its open session and the PIN guesses the mailed code with 12 * 3 / 10**8 = 3.6e-7 a day."""
MOST_RESTARTS = 5
MOST_DOCUMENTS = 500


class State(StrEnum):
    """Where a session stands."""

    PREPARED = "prepared"
    CERTIFIED = "certified"
    SENDING = "sending"
    SIGNED = "signed"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"
    DECLINED = "declined"


def require(session: SigningSession, state: State, now: datetime) -> None:
    """Raise `SessionState` or `SessionExpired` unless the session is alive in this state."""
    if session.state != state:
        raise SessionState(state=session.state, needed=state.value)
    if now > session.expires_at:
        raise SessionExpired
