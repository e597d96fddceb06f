"""The service comes up with a login that owns nothing, beside an owner who only migrates; compose.yaml has it so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import make_url

from app.core.db import driver_url, libpq_url
from app.core.schema import prepare_login
from app.device.signer import API
from tests.conftest import NOON
from tests.service import running_service

ROOT = Path(__file__).resolve().parents[2]
NAME = "compose_app"


@pytest.fixture
def confined(fresh_database: str) -> Iterator[str]:
    """The URL of the login that `pakta db upgrade` makes, in a database that is migrated already."""
    url = make_url(driver_url(fresh_database)).set(username=NAME, password="p'w").render_as_string(hide_password=False)
    for _ in range(2):  # a second start finds it there
        prepare_login(fresh_database, url)
    yield url
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {NAME}")


async def test_the_service_starts_and_works_with_the_confined_login(
    confined: str, fresh_database: str, tmp_path: Path
) -> None:
    async with running_service(confined, tmp_path, NOON) as service:
        await service.import_roster()
        assert (await service.http.get(f"{API}/opd", headers=service.as_admin())).status_code == 200
    with psycopg.connect(fresh_database) as connection:
        asked = "SELECT rolsuper, rolinherit, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s"
        assert connection.execute(asked, [NAME]).fetchone() == (False,) * 5
        owned = "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s"
        assert connection.execute(owned, [NAME]).fetchone() == (0,)
    with psycopg.connect(libpq_url(confined), autocommit=True) as connection:
        for forbidden in (
            "CREATE TABLE mine (id int)",
            "ALTER TABLE pin DISABLE ROW LEVEL SECURITY",
            "SELECT FROM pin",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_compose_gives_the_owners_password_to_the_migration_alone_and_names_the_proxy() -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services, owner = compose["services"], compose["services"]["database"]["environment"]["POSTGRES_USER"]
    for name in ("server", "worker"):
        environment = services[name]["environment"]
        assert "POSTGRES_PASSWORD" not in str(environment)
        assert f"//{owner}:" not in environment["PAKTA_DATABASE_URL"]
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert f"//{owner}:" in services["migrate"]["environment"]["PAKTA_DATABASE_OWNER_URL"]
    gateway = compose["networks"]["default"]["ipam"]["config"][0]["gateway"]
    command = services["server"]["command"]
    assert command[command.index("--proxy") + 1] == f"${{PAKTA_PROXY:-{gateway}}}"
