"""Every channel of this process, by name."""

from collections.abc import Iterable, Sequence

from app.core.mail import Mailer
from app.core.settings import Settings
from app.reminder.channels.base import Channel
from app.reminder.channels.http_gateway import HttpGatewayChannel
from app.reminder.channels.smtp import MailChannel


class Channels:
    """The channels; those that are not set up are known but not available."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._by_name = {channel.name: channel for channel in channels}

    def get(self, name: str) -> Channel:
        """Return a channel; one that no release knew raises KeyError."""
        return self._by_name[name]

    def available(self, wanted: Sequence[str]) -> list[str]:
        """Return those of the wanted ones that are set up, in their order."""
        return [name for name in wanted if name in self._by_name and self._by_name[name].available]

    @property
    def delivering(self) -> bool:
        """Whether any channel really reaches people: without one, nothing is sent by the schedule."""
        return any(channel.delivers for channel in self._by_name.values())


def build_channels(settings: Settings, mailer: Mailer) -> Channels:
    """Return the channels the settings ask for."""
    return Channels(
        [
            MailChannel(mailer),
            HttpGatewayChannel("whatsapp", settings.whatsapp),
            HttpGatewayChannel("sms", settings.sms),
        ]
    )
