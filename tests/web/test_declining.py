"""Saying no by forms alone: why, once more, and who reads it."""

from collections.abc import AsyncIterator

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.web.visits import BUDI, SITI, activated, database_of_a_module, office, opened

REASON = "Jabatan saya <keliru> pada dokumen"
SHOWN = "Jabatan saya &lt;keliru&gt; pada dokumen"


@pytest.fixture(scope="module")
async def town(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("declining"), NOON) as service:
            await service.import_roster()
            yield service, await service.open_round()


async def test_somebody_says_no_is_asked_once_more_and_may_come_back(town: tuple[Service, str]) -> None:
    service, round_id = town
    visit = await activated(service, SITI)
    signing = await opened(service, visit)
    assert f'href="{signing}/menolak"' in (await visit.get(signing)).text
    page = f"{signing}/menolak"
    assert (await visit.get(page)).status_code == 200
    short = await visit.post(page, {"reason": " a ", "step": "send"})
    assert short.status_code == 422
    assert 'role="alert"' in short.text
    sure = await visit.post(page, {"reason": REASON, "step": "ask"})
    assert f"<blockquote>{SHOWN}</blockquote>" in sure.text
    assert "<textarea" not in sure.text
    change = await visit.post(page, {"reason": REASON, "step": "change"})
    assert f">{SHOWN}</textarea>" in change.text
    assert SHOWN not in (await visit.get("/beranda")).text  # nothing was said yet
    sent = await visit.post(page, {"reason": REASON, "step": "send"})
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    assert "Sudah kami catat" in (await visit.get(page)).text
    home = (await visit.get("/beranda")).text
    assert SHOWN in home
    assert 'action="/tanda-tangan"' in home  # the way back
    assert await opened(service, visit) != signing
    agencies = (await service.compliance(round_id))["groups"]
    agency = next(one["id"] for one in agencies if one["name"] == "Dinas Kesehatan")
    people = f"/dashboard/{round_id}/opd/{agency}/orang?keadaan=declined"
    for role, sees in ((Role.BKPSDM_ADMIN, True), (Role.OPD_ADMIN, True), (Role.AUDITOR, False)):
        listed = (await (await office(service, role)).get(people)).text
        assert "Siti Rahayu" in listed
        assert "Nur" not in listed
        assert (SHOWN in listed) is sees, role


async def test_a_page_of_somebody_elses_act_is_not_there(town: tuple[Service, str]) -> None:
    service, _ = town
    visit = await activated(service, BUDI)
    signing = await opened(service, visit)
    other = await activated(service, SITI)
    assert (await other.get(f"{signing}/menolak")).status_code == 404
    assert (await other.post(f"{signing}/menolak", {"reason": REASON, "step": "send"})).status_code == 404
    assert (await visit.get(signing)).status_code == 200
