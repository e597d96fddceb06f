"""What a channel is: a way to hand over one message after the other, in steps.

`begin` asks for everything that can still be refused, `load` passes on everything but the last word; then the caller commits that this message
is being sent; then `hand` says that word and `finish` hears what the other side says. So in doubt after a crash is only what was between the two.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.core.mail import Attachment


@dataclass(frozen=True, slots=True)
class Letter:
    """One message in all its forms; `reference` is the delivery's id, the same at every try."""

    reference: UUID
    subject: str
    text: str
    html: str
    short: str
    fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side has taken the message; `gateway_id` is what it calls it, empty where it has no name for it."""

    gateway_id: str = ""


class Line(Protocol):
    """Hands over messages; used by one task at a time."""

    async def begin(self, address: str) -> None:
        """Ask whether a message to the address would be taken; raises `NotHanded`, never with `UNKNOWN`."""
        ...

    async def load(self, address: str, letter: Letter) -> None:
        """Pass on all of a message that can be passed on without its being one; raises `NotHanded`, never with `UNKNOWN`."""
        ...

    def hand(self) -> None:
        """Give the message away, at once: from here on it may arrive. Raises `NotHanded` where it certainly does not."""
        ...

    async def finish(self) -> Receipt:
        """Wait for what the other side says of it (a channel that cannot be split hands over here); raises `NotHanded`."""
        ...

    async def abandon(self) -> None:
        """Send nothing of what was begun or loaded."""
        ...


class Channel(Protocol):
    """A way to reach people. `delivers` is false for one that is for trying out: nothing leaves by it unasked."""

    name: str
    available: bool
    delivers: bool

    def line(self) -> AbstractAsyncContextManager[Line]:
        """Return a line for many messages."""
        ...
