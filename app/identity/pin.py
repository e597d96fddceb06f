"""PINs: six digits behind argon2id (RFC 9106), and a lock that grows with every failure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.identity.errors import PinWeak

FREE_TRIES = 5
LONGEST_LOCK = timedelta(hours=24)
_HASHER = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes
JUDGES = ThreadPoolExecutor(2, thread_name_prefix="pin")
"""Where PINs are judged while the event loop goes on; two at a time, because each takes 64 MiB."""
_DECOY = "$argon2id$v=19$m=65536,t=3,p=4$V4iGE61EAUWBs2904oTCAA$SMYDs2Pqn4uu4pTXn1ulYmR+bfsbVRBhZ9CUwleRqbQ"
"""The hash of "no such person", so that an unknown one costs the same time as a known one; made anew, a process would begin later."""


_BIRTHDAYS = ("%d%m%y", "%y%m%d", "%m%d%y", "%Y%m", "%m%Y")


def require_strong(pin: str, born: date) -> None:
    """Raise `PinWeak` for anything but six digits, repeated digits, runs, and the birth date, with which every NIP begins."""
    run = "".join(str(d % 10) for d in range(20))
    weak = len(set(pin)) < 3 or pin in run or pin[::-1] in run or pin in {born.strftime(form) for form in _BIRTHDAYS}
    if len(pin) != 6 or not (pin.isascii() and pin.isdigit()) or weak:
        raise PinWeak


def hash_pin(pin: str) -> str:
    """Return the PHC string of a PIN; costs tens of milliseconds on purpose."""
    return _HASHER.hash(pin)


def matches(pin: str, stored: str | None) -> bool:
    """Whether the PIN is the one stored; takes the same time when there is none.

    Only a mismatch is a wrong PIN: where there is no memory for the hash, the caller fails and nothing is counted.
    """
    try:
        _HASHER.verify(stored or _DECOY, pin)
    except VerifyMismatchError:
        return False
    return stored is not None


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when the PIN is locked after so many failures: 1, 2, 4 … minutes from the fifth on, a day at most."""
    if failures < FREE_TRIES:
        return None
    minutes: int = 2 ** min(failures - FREE_TRIES, 11)
    return now + min(timedelta(minutes=minutes), LONGEST_LOCK)
