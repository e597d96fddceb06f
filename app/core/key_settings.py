"""Settings of the service's own keys: those that lie in a PKCS #11 token."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class TokenKeySettings(BaseSettings):
    """Where the keys of the authorities lie; one without URI is an encrypted file in the data folder."""

    model_config = SettingsConfigDict(env_prefix="PAKTA_PKCS11_", frozen=True, extra="ignore")
    module: str = Field("", description="Path of the PKCS#11 library, for URIs without module-path.")
    root_uri: str = Field("", description="PKCS#11 URI (RFC 7512) of the root's key while it is online.")
    issuing_uri: str = Field(
        "", description="PKCS#11 URI of the issuing CA's key: pkcs11:token=<label>;object=<label>."
    )
    tsa_uri: str = Field("", description="PKCS#11 URI of the time-stamping authority's key.")
    e_seal_uri: str = Field("", description="PKCS#11 URI of the e-seal's key.")
    keys_pin: SecretStr = Field(SecretStr(""), description="User PIN of those tokens, for URIs without pin-source.")

    @property
    def uris(self) -> dict[str, str]:
        """The URIs given, by the key's name."""
        named = {"root": self.root_uri, "issuing": self.issuing_uri, "tsa": self.tsa_uri, "e-seal": self.e_seal_uri}
        return {name: uri for name, uri in named.items() if uri}
