"""The whole main job with the keys of CA, TSA and e-seal in a SoftHSM2 token, each process with sessions of its own."""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.core.clock import SetClock
from app.core.settings import Settings
from app.main import create_app
from app.pki import token
from tests.conftest import NOON
from tests.pki.soft_token import MODULE, SoftToken, make_soft_token
from tests.service import ORIGIN, settings_for


@pytest.fixture
def soft(tmp_path: Path) -> SoftToken:
    return make_soft_token(tmp_path)


async def test_the_demo_runs_with_every_authority_in_a_token(
    fresh_database: str, soft: SoftToken, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    environment = os.environ | soft.settings() | {"PAKTA_DATABASE_URL": fresh_database}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "demo", "--once", "--json", "--people", "500", "--sign", "0.08"),
        *("--data-dir", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    told, words = await process.communicate()
    assert process.returncode == 0, words.decode()[-3000:]
    result = json.loads(told)
    assert result["faults"] == {}
    assert result["signed"] == 40
    assert result["sealed"] == result["verified"] == 80
    assert sorted(path.name for path in (folder / "keys").glob("*.key")) == ["log.key"]
    assert all(secret.encode() not in told + words for secret in (soft.settings()["PAKTA_PKCS11_KEYS_PIN"],))


async def test_a_service_whose_token_is_gone_is_not_ready_and_signs_nothing(
    fresh_database: str, soft: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in soft.settings().items():
        monkeypatch.setenv(name, value)
    clock = SetClock(NOON)
    app = create_app(settings_for(fresh_database, tmp_path), clock=clock)
    async with app.router.lifespan_context(app):
        settings = app.state.resources.get(Settings)
        assert set(settings.token_keys.uris) == {"root", "issuing", "tsa", "e-seal"}
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            assert (await http.get("/readyz")).json()["ready"] is True
            soft.store.rename(tmp_path / "away")
            soft.store.mkdir()
            token.restart(MODULE)
            try:
                ready = await http.get("/readyz")
                assert ready.status_code == 503
                assert any("keys.token" in fault for fault in ready.json()["faults"])
                # the list of this moment is due in a month: the only thing a stranger can ask to be signed
                clock.advance(timedelta(days=40))
                listed = await http.get("/ca/issuing.crl")
                assert listed.status_code == 503
                assert listed.json()["code"] == "keys.unavailable"
            finally:
                soft.store.rmdir()
                (tmp_path / "away").rename(soft.store)
                token.restart(MODULE)
