"""Settings of webhooks: a group of `app/core/settings.py`."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebhookSettings(BaseSettings):
    """Where messages to other systems may go, and for how long an endpoint that fails is tried."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_WEBHOOK_", frozen=True, extra="ignore")
    plain_http: bool = Field(False, description="Also deliver to http:// addresses; for trying out and for intranets.")
    ports: str = Field("443", description="Ports messages may go to, with commas.")
    allowed_networks: str = Field(
        "",
        description="Private networks messages may go to all the same, with commas, such as 10.20.0.0/16; empty: none.",
    )
    tls_ca: Path | None = Field(None, description="PEM file of further CAs of endpoints; empty: the system's alone.")
    connections: int = Field(4, ge=1, le=32, description="Messages under way to one endpoint at the same time.")
    seconds: float = Field(
        10.0, gt=0, le=60, description="Longest time for one delivery, from the look-up of the name to the answer."
    )
    failing_days: int = Field(5, ge=1, description="Days of nothing but failures after which an endpoint is disabled.")
    backlog: int = Field(200_000, ge=100, description="Waiting messages of one endpoint at which it is disabled.")
    keep_days: int = Field(30, ge=1, description="Days messages and their attempts are kept, and can be replayed.")
    overlap_hours: int = Field(24, ge=1, description="Hours both secrets sign after a rotation.")

    @field_validator("ports")
    @classmethod
    def _ports(cls, value: str) -> str:
        if not all(one.strip().isdecimal() and 0 < int(one) < 65536 for one in value.split(",")):
            raise ValueError("numbers from 1 to 65535 are expected")
        return value

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in filter(None, value.split(",")):
            ip_network(one.strip())
        return value

    @property
    def port_numbers(self) -> frozenset[int]:
        """The ports messages may go to."""
        return frozenset(int(one) for one in self.ports.split(","))

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The private networks messages may go to."""
        return tuple(ip_network(one.strip()) for one in filter(None, self.allowed_networks.split(",")))
