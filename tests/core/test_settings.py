"""Settings are read once, checked at once, and refuse to start with a sentence."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from app.core.errors import CannotStart
from app.core.settings import GROUPS, Mode, ServiceSettings, Settings, StorageSettings, variable
from app.core.signing_settings import BsreSettings, CscSettings

HTTPS = "https://ikrar.malangkota.example"


def production(**changes: object) -> ServiceSettings:
    return ServiceSettings.model_validate({"mode": Mode.PRODUCTION, "base_url": HTTPS, **changes})


def test_production_refuses_an_insecure_address() -> None:
    with pytest.raises(CannotStart, match="PAKTA_BASE_URL"):
        Settings(
            given=[production(base_url="http://ikrar.malangkota.example"), StorageSettings(master_key=SecretStr("x"))]
        )


def test_production_refuses_a_master_key_beside_the_data() -> None:
    with pytest.raises(CannotStart, match="PAKTA_MASTER_KEY"):
        Settings(given=[production(), StorageSettings(master_key=SecretStr(""))])


@pytest.mark.parametrize("group", [BsreSettings(tls_verify=False), CscSettings(tls_verify=False)])
def test_production_sends_no_passphrase_to_whoever_answers(group: BaseSettings) -> None:
    with pytest.raises(CannotStart, match="TLS_VERIFY must be on"):
        Settings(given=[production(), StorageSettings(master_key=SecretStr("long enough")), group])


def test_production_starts_with_both() -> None:
    settings = Settings(given=[production(), StorageSettings(master_key=SecretStr("long enough"))])
    assert settings.service.secure


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAKTA_MODE", "produktion"),
        ("PAKTA_TIMEZONE", "Europe/Berlin"),
        ("PAKTA_DATABASE_POOL_SIZE", "0"),
        ("PAKTA_LIMIT_UPLOAD_MB", "banyak"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CannotStart, match=f"^{name}: "):
        Settings()


def test_the_environment_is_read_and_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAKTA_DATABASE_URL", "postgresql://pakta:rahasia@db/pakta")
    monkeypatch.setenv("PAKTA_DATA_DIR", "/srv/pakta")
    settings = Settings()
    assert settings.database.url.get_secret_value().endswith("@db/pakta")
    assert settings.storage.blob_dir == Path("/srv/pakta/blobs")
    assert "rahasia" not in repr(settings.database)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ServiceSettings().mode = Mode.PRODUCTION


def test_every_field_says_what_it_is_and_has_a_variable_of_its_own() -> None:
    fields = [(variable(group, name), field) for group in GROUPS for name, field in group.model_fields.items()]
    assert [name for name, field in fields if not field.description] == []
    assert len({name for name, _ in fields}) == len(fields)
