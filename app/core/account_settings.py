"""Settings of administrators' accounts."""

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
