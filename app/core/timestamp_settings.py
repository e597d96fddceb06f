"""Settings of time-stamping authorities of others."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TimestampSettings(BaseSettings):
    """Time-stamping authorities (RFC 3161) that give the archive time stamps; without an address the service's own TSA does."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_TSA_", frozen=True, extra="ignore")
    urls: str = Field("", description="Addresses of TSAs, with commas; the first that answers well is taken.")
    roots: Path | None = Field(
        None, description="PEM file of the root certificates their tokens chain to; stays when an address is taken out."
    )
    policy: str = Field("", description="Dotted identifier of the policy asked for; empty: the TSA's own.")
    seconds: float = Field(10.0, gt=0, description="Longest wait for one answer of one TSA.")
    rest_seconds: float = Field(60.0, ge=0, description="A TSA that failed is left alone so long.")
    clock_seconds: float = Field(300.0, gt=0, description="A token further from our own clock than this is refused.")
    together: int = Field(8, ge=1, le=64, description="Tokens asked for at the same time.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses in their order."""
        return tuple(dict.fromkeys(one.strip() for one in self.urls.split(",") if one.strip()))
