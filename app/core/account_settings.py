"""Settings of administrators' accounts, and of people's sessions."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AccountSettings(BaseSettings):
    """Sessions of administrators' accounts."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_ACCOUNT_", frozen=True, extra="ignore")
    idle_minutes: int = Field(30, ge=1, le=1440, description="A session ends after so many minutes without a request.")
    session_hours: int = Field(
        10, ge=1, le=24, description="A session ends after so many hours, whatever is done in it."
    )
    confirm_minutes: int = Field(
        5,
        ge=1,
        le=60,
        description="For so many minutes after the passkey was used dangerous acts do not ask for it again.",
    )
    invitation_hours: int = Field(72, ge=1, le=720, description="Life of an invitation's link.")


class SessionSettings(BaseSettings):
    """Sessions of people (ASN). On the own phone they outlast a long read; on a computer others use they end soon."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_SESSION_", frozen=True, extra="ignore")
    idle_minutes: int = Field(120, ge=1, le=1440, description="A session ends after so many minutes without a request.")
    hours: int = Field(12, ge=1, le=24, description="A session ends after so many hours, whatever is done in it.")
    shared_idle_minutes: int = Field(
        10, ge=1, le=1440, description="The same on a shared computer, as somebody said when signing in."
    )
    shared_minutes: int = Field(
        60, ge=1, le=1440, description="On a shared computer a session ends after so many minutes in any case."
    )

    def life(self, *, shared: bool) -> timedelta:
        """How long a session lasts whatever is done in it."""
        return timedelta(minutes=self.shared_minutes) if shared else timedelta(hours=self.hours)

    def idle(self, *, shared: bool) -> timedelta:
        """How long a session lasts without a request."""
        return timedelta(minutes=self.shared_idle_minutes if shared else self.idle_minutes)


class ActivationSettings(BaseSettings):
    """First activations that a second administrator has to look at before anything is signed."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_ACTIVATION_", frozen=True, extra="ignore")
    witness: bool = Field(
        False,
        description="On: so does every first activation of somebody without a mail address (kiosks excepted), who cannot be told.",
    )
    most_in_a_browser: int = Field(
        3,
        ge=1,
        le=1000,
        description="So many people take up activations in one browser in two weeks before the next is looked at.",
    )
