"""Handing a message to a server of somebody else: what is known when that did not end as it should."""

from enum import Enum


class Handing(Enum):
    """What is known about a message that was not handed over."""

    ADDRESS = "address"  # there is no such address: 5yz to RCPT (RFC 5321 §3.3), or it is none
    REFUSED = "refused"  # 5yz otherwise: never in this form
    LATER = "later"  # 4yz, or the connection ended before the message: it was not taken
    AWAY = "away"  # no connection at all; this says nothing about the message
    UNKNOWN = "unknown"  # the connection ended within the message: perhaps it was taken


class NotHanded(Exception):
    """A message was not handed over, as far as is known; `reason` is the server's answer in short.

    `retry_after` are the seconds a server that is asked too much wants to be left alone.
    """

    def __init__(self, handing: Handing, reason: str, *, retry_after: float = 0.0) -> None:
        super().__init__(handing.value, reason)
        self.handing, self.reason, self.retry_after = handing, reason, retry_after
