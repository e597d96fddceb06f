"""Settings of the agency's single sign-on."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OidcSettings(BaseSettings):
    """The agency's single sign-on (OpenID Connect). Off while the issuer is empty."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_OIDC_", frozen=True, extra="ignore")
    issuer: str = Field("", description="Address of the provider, exactly as its tokens say `iss`; empty: off.")
    client_id: str = Field("", description="Client id at the provider.")
    client_secret: SecretStr = Field(
        SecretStr(""), description="Secret of the client; empty for a public client (PKCE alone)."
    )
    label: str = Field("SSO ASN", description="What the button on the sign-in page calls the provider.")
    scopes: str = Field("openid", description="Scopes asked for, with spaces between.")
    person_claim: str = Field("nip", description="Claim of the ID token that says who somebody is.")
    person_is: Literal["nip", "pns_id"] = Field(
        "nip", description="What that claim holds: nip, or pns_id (SIASN's id)."
    )
    algorithms: str = Field("RS256 ES256 EdDSA", description="Signature algorithms accepted; none and HMAC never are.")
    acr: str = Field(
        "",
        description="Strengths of sign-in (`acr`) asked of the provider and accepted, with spaces between; empty: any.",
    )
    logout_typ: str = Field(
        "logout+jwt",
        description="Type a logout token's header must name (Back-Channel Logout 1.0 §2.4); empty: not looked at.",
    )
    skew_seconds: int = Field(60, ge=0, le=300, description="How far the provider's clock may be off, seconds.")
    seconds: float = Field(10.0, gt=0, description="Longest wait for an answer of the provider.")

    @property
    def enabled(self) -> bool:
        """Whether there is one."""
        return bool(self.issuer and self.client_id)
