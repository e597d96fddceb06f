"""All settings, read once from the environment. Groups are passed on, the whole is not.

Each group reads its own prefix, so `PAKTA_DATABASE_URL` is `settings.database.url`. `docs/settings.md` is generated from here.
"""

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar, cast

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core import faults
from app.core.account_settings import AccountSettings, ActivationSettings, SessionSettings
from app.core.errors import CannotStart
from app.core.key_settings import TokenKeySettings
from app.core.oidc_settings import OidcSettings
from app.core.reminder_settings import ReminderSettings, SmsSettings, WhatsappSettings
from app.core.signing_settings import (
    SIGNING_GROUPS,
    BsreSettings,
    CscSettings,
    Pkcs11Settings,
    Pkcs12Settings,
    SigningSettings,
)
from app.core.timestamp_settings import TimestampSettings
from app.core.webhook_settings import WebhookSettings

G = TypeVar("G", bound=BaseSettings)


def _prefix(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore")


class Mode(StrEnum):
    """How strict the service is about its own settings."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ServiceSettings(BaseSettings):
    """Who runs the service and where it is reached."""

    model_config = _prefix("PAKTA_")
    mode: Mode = Field(Mode.DEVELOPMENT, description="demo, development or production (refuses insecure settings).")
    base_url: str = Field(
        "http://localhost:8000", description="Address people reach the service at; printed in QR codes."
    )
    institution: str = Field("Pemerintah Kota Malang", description="The local government's name, as on its letterhead.")
    office: str = Field(
        "Badan Kepegawaian dan Pengembangan SDM",
        description="The office that runs the rounds (second line).",
    )
    address: str = Field("Jalan Tugu Nomor 1, Kota Malang", description="Address line of the letterhead.")
    place: str = Field("Malang", description="Place printed before the date of a pledge.")
    timezone: Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"] = Field(
        "Asia/Jakarta", description="Zone of printed times: Asia/Jakarta, Asia/Makassar or Asia/Jayapura."
    )
    smallest_group: int = Field(
        5, ge=1, description="Groups of fewer people are merged in figures for the `dashboard` role."
    )
    four_eyes: bool = Field(
        False, description="Opening or closing a round and granting a role wait for a second administrator."
    )
    jobs: bool = Field(True, description="Run jobs in the server's own processes; off when `pakta worker` runs them.")
    log_format: Literal["console", "json"] = Field("console", description="console or json.")
    log_access: bool = Field(
        False, description="Write access events (ids, address, kind) to standard output as well, for a log collector."
    )

    @property
    def secure(self) -> bool:
        """Whether people reach the service over TLS."""
        return self.base_url.startswith("https://")


class StorageSettings(BaseSettings):
    """Where bytes are kept."""

    model_config = _prefix("PAKTA_")
    data_dir: Path = Field(Path("data"), description="Folder of everything the service keeps itself.")
    blobs: str = Field(
        "", description="The document store: a folder, or s3://bucket/folder; empty: `blobs` in the data folder."
    )
    s3_endpoint: str = Field("", description="Address of the S3 server; empty: Amazon's own.")
    s3_region: str = Field("us-east-1", description="Region the S3 server expects in signatures.")
    s3_access_key_id: str = Field(
        "", description="Access key of the bucket; empty: what the machine's AWS_* settings say."
    )
    s3_secret_access_key: SecretStr = Field(SecretStr(""), description="Secret of the access key.")
    master_key: SecretStr = Field(
        SecretStr(""), description="Passphrase the keys are encrypted under; empty: a 0600 file in the data folder."
    )

    @property
    def blob_dir(self) -> Path:
        """Folder of the local blob store."""
        return Path(self.blobs) if self.blobs else self.data_dir / "blobs"


class DatabaseSettings(BaseSettings):
    """The PostgreSQL server."""

    model_config = _prefix("PAKTA_DATABASE_")
    url: SecretStr = Field(
        SecretStr(""), description="postgresql://… of an external server (15 or newer); empty: embedded."
    )
    owner_url: SecretStr = Field(
        SecretStr(""), description="The same database as its owner, for migrations; empty: as PAKTA_DATABASE_URL."
    )
    pool_size: int = Field(
        3,
        ge=1,
        le=200,
        description="Connections each process keeps open; up to three times as many more are opened for who waits long. "
        "Few are faster than many on one machine; a database far away wants more.",
    )


class PostgresSettings(BaseSettings):
    """The embedded server."""

    model_config = _prefix("PAKTA_PG_")
    bin: Path | None = Field(None, description="Folder with initdb and postgres; empty: the bundled binaries.")


class MailSettings(BaseSettings):
    """How one-time codes and activation links are sent."""

    model_config = _prefix("PAKTA_SMTP_")
    url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:port, smtps://… or dir:///folder (one .eml file a message).",
    )
    sender: str = Field("pakta@localhost", description="Address mail is sent from.")


class LimitSettings(BaseSettings):
    """Bounds on what a request may ask for."""

    model_config = _prefix("PAKTA_LIMIT_")
    upload_mb: int = Field(64, ge=1, description="Largest uploaded roster, MB.")
    roster_memory_mb: int = Field(
        3000, ge=256, description="Memory the process that reads a roster may take, MB (address space)."
    )
    roster_seconds: int = Field(300, ge=10, description="Time the process that reads a roster may take.")
    verify_mb: int = Field(20, ge=1, description="Largest PDF checked by /verifications, MB.")
    evidence_mb: int = Field(5, ge=1, le=50, description="Largest evidence of an exemption, MB.")
    verify_per_minute: int = Field(30, ge=1, description="Verifications an address may ask for each minute.")
    token_per_minute: int = Field(6000, ge=1, description="Requests an API token may make each minute.")
    person_per_minute: int = Field(300, ge=1, description="API requests a signed-in person may make each minute.")
    metric_opds: int = Field(100, ge=1, le=1000, description="OPDs with gauges of their own in /metrics.")
    challenge_per_minute: int = Field(
        1200,
        ge=1,
        description="Challenges for passkeys an address is given each minute; a whole OPD may have one address.",
    )
    login_per_minute: int = Field(
        120,
        ge=1,
        description="Refused sign-ins, PINs in unknown browsers and unknown codes an address may try each minute.",
    )


class RetentionSettings(BaseSettings):
    """How long personal data is kept that nothing needs for ever. Documents, obligations and histories are never deleted."""

    model_config = _prefix("PAKTA_RETENTION_")
    staged_days: int = Field(90, ge=1, description="Rows of uploaded rosters, but for the newest applied one.")
    left_days: int = Field(730, ge=1, description="E-mail and phone of people who left the roster.")
    login_days: int = Field(180, ge=1, description="Sign-in sessions and activation links after they ended.")
    request_days: int = Field(1825, ge=1, description="Answered requests for correction of personal data.")


class NikSettings(BaseSettings):
    """NIKs (identity numbers). Nothing but BSrE needs them."""

    model_config = _prefix("PAKTA_NIK_")
    keep: bool = Field(False, description="Keep NIKs, sealed; only where BSrE signs.")
    previous_master_key: SecretStr = Field(
        SecretStr(""), description="The master key before, until every NIK is sealed with the new one (a night)."
    )


class SiasnSettings(BaseSettings):
    """SIASN's web service as a source of the roster. Off while the address is empty."""

    model_config = _prefix("PAKTA_SIASN_")
    base_url: str = Field("", description="Address of the gateway's API; empty: the adapter is off.")
    changes_path: str = Field("/persons/changed", description="Path of the list of changed persons below it.")
    token_url: str = Field("", description="Where the gateway gives out its token (client credentials).")
    client_id: str = Field("", description="Client id at the gateway.")
    client_secret: SecretStr = Field(SecretStr(""), description="Secret of the client at the gateway.")
    sso_url: str = Field("", description="Where the single sign-on gives out its token.")
    sso_client_id: str = Field("", description="Client id at the single sign-on.")
    sso_username: str = Field("", description="User of the single sign-on; empty: client credentials.")
    sso_secret: SecretStr = Field(SecretStr(""), description="The user's password, or the client's secret.")
    page_size: int = Field(100, ge=1, le=1000, description="Persons asked for at a time.")
    seconds: float = Field(30.0, gt=0, description="Longest wait for one answer.")
    first_days: int = Field(30, ge=1, description="How far back the first refresh looks, days.")


def variable(kind: type[BaseSettings], field: str) -> str:
    """Return the environment variable of a field."""
    return f"{kind.model_config.get('env_prefix', '')}{field}".upper()


def _read(kind: type[G]) -> G:
    """Read a group; a value that does not fit is told by its variable's name, without the value (it may be a secret)."""
    try:
        return kind()
    except ValidationError as error:
        faults = [f"{variable(kind, str(e['loc'][0]))}: {e['msg']}." for e in error.errors()]
        raise CannotStart("\n".join(faults)) from None


class Settings:
    """The groups together, read from the environment except those given."""

    def __init__(self, *, given: Sequence[BaseSettings] = ()) -> None:
        by_kind = {type(group): group for group in given}

        def group(kind: type[G]) -> G:
            return cast("G", by_kind.get(kind)) or _read(kind)

        self.service = group(ServiceSettings)
        self.storage = group(StorageSettings)
        self.database = group(DatabaseSettings)
        self.postgres = group(PostgresSettings)
        self.mail = group(MailSettings)
        self.limits = group(LimitSettings)
        self.accounts = group(AccountSettings)
        self.sessions = group(SessionSettings)
        self.activation = group(ActivationSettings)
        self.retention = group(RetentionSettings)
        self.nik = group(NikSettings)
        self.siasn = group(SiasnSettings)
        self.signing = group(SigningSettings)
        self.bsre = group(BsreSettings)
        self.csc = group(CscSettings)
        self.pkcs12 = group(Pkcs12Settings)
        self.pkcs11 = group(Pkcs11Settings)
        self.token_keys = group(TokenKeySettings)
        self.timestamps = group(TimestampSettings)
        self.reminder = group(ReminderSettings)
        self.whatsapp = group(WhatsappSettings)
        self.sms = group(SmsSettings)
        self.webhook = group(WebhookSettings)
        self.oidc = group(OidcSettings)
        self._check()

    def _check(self) -> None:
        if self.service.mode is not Mode.PRODUCTION:
            return
        if not self.service.secure:
            raise CannotStart(
                "PAKTA_BASE_URL must be https:// in production: passkeys and signing need a secure address."
            )
        if os.environ.get(faults.VARIABLE):
            raise CannotStart(f"{faults.VARIABLE} lets tests kill the service; production refuses it.")
        for group in (self.bsre, self.csc):
            if not group.tls_verify:
                name = variable(type(group), "tls_")
                raise CannotStart(
                    f"{name}VERIFY must be on in production: passphrases go there; {name}CA names its CA."
                )
        if not self.storage.master_key.get_secret_value():
            raise CannotStart(
                "PAKTA_MASTER_KEY must be set in production; keep it apart from the data folder and its backups."
            )


GROUPS: tuple[type[BaseSettings], ...] = (
    ServiceSettings,
    StorageSettings,
    DatabaseSettings,
    PostgresSettings,
    MailSettings,
    LimitSettings,
    AccountSettings,
    SessionSettings,
    ActivationSettings,
    RetentionSettings,
    NikSettings,
    SiasnSettings,
    *SIGNING_GROUPS,
    TokenKeySettings,
    TimestampSettings,
    ReminderSettings,
    WhatsappSettings,
    SmsSettings,
    WebhookSettings,
    OidcSettings,
)
