"""The schedule of a round's reminders: defaults from the settings, changed per round."""

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from app.core.errors import CannotStart
from app.core.reminder_settings import ReminderSettings

Days = Annotated[int, Field(ge=0, le=366)]
LastDays = Annotated[int, Field(ge=0, le=31)]


def _local(at: time) -> time:
    """Times are the service's own: one with a zone of its own would be another time every summer."""
    if at.tzinfo is not None:
        raise ValueError("a time of day without a zone, such as 09:00")
    return at


Minute = Annotated[
    time,
    AfterValidator(_local),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$", "examples": ["09:00"]}
    ),
]


class Plan(BaseModel):
    """When people who have not signed are written to, when heads are told, and when the recap leaves.

    Times are local to the service. `every_days` counts from the opening, 0 means none in between; `last_days` are the last sending
    times before the deadline, one a day. `channels` are tried in their order: the first one a person has an address for is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    channels: list[Literal["mail", "whatsapp", "sms"]] = Field(default=["mail"], min_length=1, max_length=3)
    language: Literal["id", "en"] = "id"
    first: bool = True
    every_days: Days = 7
    last_days: LastDays = 3
    at: Minute = time(9, 0)
    quiet_from: Minute = time(20, 0)
    quiet_until: Minute = time(7, 0)
    most_per_round: int = Field(default=12, ge=1, le=366)
    most_per_day: int = Field(default=1, ge=1, le=24)
    escalation_every_days: Days = 7
    escalation_last_days: LastDays = 3
    recap_every_days: Days = 7
    recap_last_days: LastDays = 3
    activation_links: bool = Field(
        default=False,
        description="Give people without a way to sign in a fresh activation link, by office mail only; earlier unused ones end.",
    )


def default_plan(settings: ReminderSettings) -> Plan:
    """Return the schedule of a round nobody has changed; raises `CannotStart` for settings that make none."""
    names = ("every_days", "last_days", "at", "quiet_from", "quiet_until", "most_per_round", "most_per_day")
    values = {name: getattr(settings, name) for name in names}
    channels = [name.strip() for name in settings.channels.split(",") if name.strip()]
    days = {
        f"{kind}_{name}": getattr(settings, name)
        for kind in ("escalation", "recap")
        for name in ("every_days", "last_days")
    }
    try:
        return Plan.model_validate(values | days | {"channels": channels})
    except ValidationError as error:
        faults = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
        raise CannotStart(f"PAKTA_REMINDER_*: {faults}") from None
