"""The page of keys and certificates: who sees it, what ends, whose time stamps fail, and that the figures point there."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from app.core.clock import SetClock
from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.texts import text
from app.document.models import StampFault
from app.pki.errors import TokenFault
from app.pki.keycheck import check_keys
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.web.visits import database_of_a_module, office

PATH = "/kantor/kunci"
NOTICE = f'<a href="{PATH}">Lihat kunci dan sertifikat</a>'


@pytest.fixture(scope="module")
async def town(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("keys"), NOON) as service:
            await service.import_roster()
            await service.open_round(pledges=["pakta_integritas"])
            yield service


async def test_an_administrator_sees_every_certificate_and_nobody_else_does(town: Service) -> None:
    desk = await office(town, Role.BKPSDM_ADMIN)
    figures = (await desk.get((await desk.get("/dashboard")).headers["location"])).text
    assert f'href="{PATH}">Kunci</a>' in figures
    assert NOTICE not in figures
    page = (await desk.get(PATH)).text
    assert page.count("<b>berlaku</b>") == 4
    assert "Semua kunci dan sertifikat baik" in page
    for role in (Role.AUDITOR, Role.OPD_ADMIN, Role.HEAD, Role.DASHBOARD):
        other = await office(town, role)
        assert (await other.get(PATH)).status_code == 403
        assert PATH not in (await other.get((await other.get("/dashboard")).headers["location"])).text


async def test_a_time_stamping_authority_that_fails_is_named_with_what_to_do(town: Service) -> None:
    fault = {"url": "https://tsa.contoh.go.id/<b>", "reason": "502 <i>Bad Gateway</i>"}
    async with town.held.get(Database).transaction() as session:
        session.add(StampFault(since=NOON, seen_at=NOON, **fault))
    desk = await office(town, Role.BKPSDM_ADMIN)
    assert NOTICE in (await desk.get((await desk.get("/dashboard")).headers["location"])).text
    page = (await desk.get(PATH)).text
    assert "https://tsa.contoh.go.id/&lt;b&gt;" in page
    assert "502 &lt;i&gt;Bad Gateway" in page
    assert "PAKTA_TSA_URLS" in page
    assert "Semua kunci" not in page
    async with town.held.get(Database).transaction() as session:
        await session.delete(await session.get(StampFault, fault["url"]))


async def test_what_ends_next_month_comes_with_its_command(town: Service) -> None:
    listed = (await town.http.get("/api/v1/keys", headers=town.as_admin())).json()["certificates"]
    end = next(one["not_after"] for one in listed if one["name"] == "e-seal")
    clock = town.clock
    assert isinstance(clock, SetClock)
    clock.advance(datetime.fromisoformat(end) - timedelta(days=30) - clock.now())
    desk = await office(town, Role.BKPSDM_ADMIN)
    assert NOTICE in (await desk.get((await desk.get("/dashboard")).headers["location"])).text
    for language, word in (("id", "segera berakhir"), ("en", "ends soon")):
        desk.language = language
        page = (await desk.get(PATH)).text
        assert f"<b>{word}</b>" in page
        assert "<code>pakta keys rotate e-seal</code>" in page
        assert "keys.expiring" in page
        assert ("e-seal.crt berakhir" in page) is (language == "id")


def test_everything_that_may_be_wrong_has_words() -> None:
    codes = set(re.findall(r"`(keys\.\w+)`", check_keys.__doc__ or "")) | {"keys.superseded"}
    codes |= {one.code for one in TokenFault.__subclasses__()}
    assert len(codes) > 19
    for code in codes:
        for language in ("id", "en"):
            assert text(f"page.keys.finding.{code}", language) != f"page.keys.finding.{code}", code
