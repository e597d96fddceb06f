"""What a channel is: a way to hand over one message after the other, in two steps.

`begin` asks for everything that can still be refused; then the caller commits that this message is being sent; then `finish` hands it
over. So what is in doubt after a crash is only what was between the commit and the server's answer.
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

    async def finish(self, address: str, letter: Letter) -> Receipt:
        """Hand over the message; raises `NotHanded`."""
        ...

    async def abandon(self) -> None:
        """Send nothing to the address that was begun."""
        ...


class Channel(Protocol):
    """A way to reach people. `delivers` is false for one that is for trying out: nothing leaves by it unasked."""

    name: str
    available: bool
    delivers: bool

    def line(self) -> AbstractAsyncContextManager[Line]:
        """Return a line for many messages."""
        ...
