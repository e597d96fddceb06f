"""Settings of the signing providers beside the signer's own device: which are on, and how each is reached."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _prefix(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore")


class SigningSettings(BaseSettings):
    """Which ways of signing are offered."""

    model_config = _prefix("PAKTA_SIGNING_")
    providers: str = Field(
        "device",
        description="Ways of signing that are on, with commas: device, pkcs12, pkcs11, bsre-v1, bsre-v2, csc-v1, csc-v2, wet_scan.",
    )
    scan_mb: int = Field(10, ge=1, le=20, description="Largest uploaded scan of a pledge signed on paper, MB.")

    @property
    def names(self) -> tuple[str, ...]:
        """The providers in the order they are offered."""
        return tuple(dict.fromkeys(name.strip() for name in self.providers.split(",") if name.strip()))


class BsreSettings(BaseSettings):
    """The Esign Client Service of BSrE on the agency's network."""

    model_config = _prefix("PAKTA_BSRE_")
    base_url: str = Field("", description="Address of the Esign Client Service.")
    username: str = Field("", description="The application's user (HTTP Basic).")
    password: SecretStr = Field(SecretStr(""), description="The application's password.")
    identify_by: Literal["nik", "email"] = Field(
        "nik", description="How a signer is named to v2: nik (needs PAKTA_NIK_KEEP) or email. v1 knows nik only."
    )
    roots: Path | None = Field(None, description="PEM file of the root certificates that BSrE's signatures chain to.")
    tls_verify: bool = Field(True, description="Check the gateway's TLS certificate.")
    tls_ca: Path | None = Field(None, description="PEM file of the CA behind that certificate; empty: the system's.")
    connect_seconds: float = Field(10.0, gt=0, description="Longest wait for a connection.")
    seconds: float = Field(90.0, gt=0, description="Longest wait for an answer; after it the outcome is unknown.")
    batch: int = Field(20, ge=1, le=300, description="Documents in one call of v2.")


class CscSettings(BaseSettings):
    """A remote signing service with the API of the Cloud Signature Consortium."""

    model_config = _prefix("PAKTA_CSC_")
    base_url: str = Field("", description="Address of the service, up to before /csc.")
    username: str = Field("", description="The application's user at the service (HTTP Basic, auth/login).")
    password: SecretStr = Field(SecretStr(""), description="The application's password at the service.")
    roots: Path | None = Field(None, description="PEM file of the root certificates its signatures chain to.")
    tls_verify: bool = Field(True, description="Check the service's TLS certificate.")
    tls_ca: Path | None = Field(None, description="PEM file of the CA behind that certificate; empty: the system's.")
    connect_seconds: float = Field(10.0, gt=0, description="Longest wait for a connection.")
    seconds: float = Field(60.0, gt=0, description="Longest wait for an answer; after it the outcome is unknown.")
    batch: int = Field(20, ge=1, le=300, description="Digests signed under one authorization.")


class Pkcs12Settings(BaseSettings):
    """Key files of officials: each opens with the owner's own passphrase, asked for at every act and never kept."""

    model_config = _prefix("PAKTA_PKCS12_")
    folder: Path | None = Field(None, description="Folder of key files, one <NIP>.p12 a person.")
    roots: Path | None = Field(None, description="PEM file of the root certificates they chain to.")


class Pkcs11Settings(BaseSettings):
    """Keys of officials in a hardware module."""

    model_config = _prefix("PAKTA_PKCS11_")
    token: str = Field(
        "",
        description="PKCS#11 URI of the token (RFC 7512) with module-path; key and certificate are labelled with the NIP.",
    )
    pin: SecretStr = Field(SecretStr(""), description="The token's user PIN.")
    roots: Path | None = Field(None, description="PEM file of the root certificates its certificates chain to.")


SIGNING_GROUPS: tuple[type[BaseSettings], ...] = (
    SigningSettings,
    BsreSettings,
    CscSettings,
    Pkcs12Settings,
    Pkcs11Settings,
)
