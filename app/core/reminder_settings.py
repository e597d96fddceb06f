"""Settings of reminders and of the gateways they go through: groups of `app/core/settings.py`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _prefix(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore")


class ReminderSettings(BaseSettings):
    """How reminders are sent, and what a round's schedule is until somebody changes it."""

    model_config = _prefix("PAKTA_REMINDER_")
    automatic: bool = Field(True, description="Send by the schedule; off: only what somebody asks for.")
    connections: int = Field(8, ge=1, le=32, description="Messages handed over at the same time.")
    attempts: int = Field(4, ge=1, le=10, description="How often a message is tried when the server says later.")
    retry_seconds: int = Field(60, ge=1, description="Pause before the second try; four times as long each time.")
    hard_failures: int = Field(2, ge=1, description="Refusals or bounces after which an address is unreachable.")
    channels: str = Field("mail", description="Channels in order of preference: mail, whatsapp, sms.")
    every_days: int = Field(7, ge=0, description="Days from one reminder to the next; 0: none in between.")
    last_days: int = Field(3, ge=0, le=31, description="The last days before the deadline, each with a reminder.")
    at: str = Field("09:00", description="Local time reminders leave at.")
    quiet_from: str = Field("20:00", description="Local time from which nothing is sent.")
    quiet_until: str = Field("07:00", description="Local time until which nothing is sent; the same: always allowed.")
    most_per_round: int = Field(12, ge=1, description="Reminders a person gets in one round at most.")
    most_per_day: int = Field(1, ge=1, description="Reminders a person gets in one day at most, of all rounds.")


class GatewaySettings(BaseSettings):
    """A gateway that takes messages over HTTP."""

    url: str = Field("", description="Address messages are posted to; empty: the channel is off.")
    headers: SecretStr = Field(SecretStr("{}"), description="JSON object of headers, such as the gateway's secret.")
    body: str = Field(
        '{"to": "{to}", "text": "{text}", "reference": "{reference}"}',
        description="JSON body; {to} {text} {reference} {name} {round} {deadline} {link} are filled in its texts.",
    )
    id_path: str = Field("id", description="Where the gateway's id stands in its answer, such as messages.0.id.")
    idempotent: bool = Field(
        False, description="The gateway honours Idempotency-Key: what may have been lost is sent again."
    )
    seconds: float = Field(15.0, gt=0, description="Longest wait for an answer.")
    country: str = Field("62", description="Country code put before numbers that begin with 0.")
    callback_secret: SecretStr = Field(SecretStr(""), description="Secret of delivery callbacks; empty: none.")
    callback_id: str = Field("id", description="Where the gateway's id stands in a callback.")
    callback_status: str = Field("status", description="Where the status stands in a callback.")
    callback_reason: str = Field("reason", description="Where the reason of a failure stands in a callback.")


class WhatsappSettings(GatewaySettings):
    """The WhatsApp Business gateway."""

    model_config = _prefix("PAKTA_WHATSAPP_")


class SmsSettings(GatewaySettings):
    """The SMS gateway."""

    model_config = _prefix("PAKTA_SMS_")
