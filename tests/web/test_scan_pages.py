"""The pages of scans by forms alone: who hands in, who judges, and who sees nothing."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.signing_settings import Pkcs12Settings, SigningSettings
from app.device.signer import API
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.web.visits import BUDI, SITI, Visit, activated, database_of_a_module, office


@pytest.fixture(scope="module")
async def town(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        given = [SigningSettings(providers="device,wet_scan")]
        async with running_service(url, tmp_path_factory.mktemp("scans"), NOON, given=given) as service:
            await service.import_roster()
            await service.open_round(pledges=["pakta_integritas"])
            yield service


async def hand_in(visit: Visit, path: str) -> httpx.Response:
    out = io.BytesIO()
    Image.new("L", (900, 1200), "white").save(out, "PNG")
    return await visit.post(path, {}, files={"file": ("lembar.png", out.getvalue(), "image/png")})


async def owed(service: Service, nip: str) -> str:
    rounds = (await service.http.get(f"{API}/rounds", headers=service.as_admin())).json()
    path = f"{API}/rounds/{rounds[0]['id']}/obligations"
    people = (await service.http.get(path, headers=service.as_admin())).json()
    return next(p["obligations"][0]["id"] for p in people if p["nip"] == nip)


async def test_a_scan_is_judged_where_its_person_works_and_by_nobody_who_uploaded_it(town: Service) -> None:
    visit = await activated(town, SITI, language="en")
    assert 'href="/pindaian"' in (await visit.get("/beranda")).text
    path = f"/pindaian/{await owed(town, SITI)}"
    assert (await hand_in(visit, path)).headers["location"] == "/pindaian"
    assert "An officer will look at it" in (await visit.get("/pindaian")).text
    again = await hand_in(visit, path)
    assert (again.status_code, again.text.count('role="alert"')) == (422, 1)
    agencies = (await town.http.get(f"{API}/opd", headers=town.as_admin())).json()
    health = next(a["id"] for a in agencies if a["name"] == "Dinas Kesehatan")
    elsewhere = next(a["id"] for a in agencies if a["name"] == "Inspektorat Daerah")
    desk = await office(town, Role.OPD_ADMIN, [health])
    listed = (await desk.get("/kantor/pindaian")).text
    scan = listed.split('href="/kantor/pindaian/')[1].split('"')[0]
    page = f"/kantor/pindaian/{scan}"
    assert "Siti Rahayu" in (await desk.get(page)).text
    assert (await desk.get(f"{page}/1.jpg")).content.startswith(b"\xff\xd8")
    assert (await desk.get(f"{page}/2.jpg")).status_code == 404
    foreign = await office(town, Role.OPD_ADMIN, [elsewhere])
    assert "Siti" not in (await foreign.get("/kantor/pindaian")).text
    for tail in ("", "/1.jpg"):
        assert (await foreign.get(page + tail)).status_code == 404
    assert (await foreign.post(f"{page}/terima", {})).status_code == 404
    for role in (Role.AUDITOR, Role.HEAD):
        assert (await (await office(town, role)).get("/kantor/pindaian")).status_code == 403
    assert (await desk.post(f"{page}/tolak", {"reason": "ya"})).status_code == 422
    assert (await desk.post(f"{page}/tolak", {"reason": "<i>terpotong"})).status_code == 303
    assert "“&lt;i&gt;terpotong”" in (await visit.get("/pindaian")).text
    assert (await hand_in(visit, path)).status_code == 303
    desk.language = "en"
    scan = (await desk.get("/kantor/pindaian")).text.split('href="/kantor/pindaian/')[1].split('"')[0]
    accepted = await desk.post(f"/kantor/pindaian/{scan}/terima", {})
    assert "recorded as signed by hand" in (await desk.get(accepted.headers["location"])).text
    assert "recorded as signed by hand" in (await desk.get(f"/kantor/pindaian/{scan}")).text
    assert path not in (await visit.get("/pindaian")).text


async def test_nobody_hands_in_for_somebody_else(town: Service) -> None:
    visit = await activated(town, BUDI)
    refused = await hand_in(visit, f"/pindaian/{await owed(town, SITI)}")
    assert refused.status_code in {404, 422}
    assert "Budi" not in (await (await office(town, Role.BKPSDM_ADMIN)).get("/kantor/pindaian")).text


async def test_only_the_personnel_office_sees_what_is_uncertain(town: Service) -> None:
    desk = await office(town, Role.BKPSDM_ADMIN)
    desk.language = "en"
    assert "Nothing is uncertain" in (await desk.get("/kantor/belum-pasti")).text
    for role in (Role.OPD_ADMIN, Role.AUDITOR, Role.HEAD):
        assert (await (await office(town, role)).get("/kantor/belum-pasti")).status_code == 403


async def test_services_elsewhere_are_offered_for_what_an_official_takes_note_of_as_well(
    fresh_database: str, tmp_path: Path
) -> None:
    given = [SigningSettings(providers="device,pkcs12"), Pkcs12Settings(folder=tmp_path)]
    async with running_service(fresh_database, tmp_path, NOON, given=given) as service:
        await service.import_roster()
        await service.open_round(pledges=["pakta_integritas"], countersign=True)
        visit = await activated(service, SITI)
        await service.open_round(pledges=["pakta_integritas"], title="Putaran kedua", election="Pemilihan Umum")
        home = (await visit.get("/beranda")).text
        assert "Tanda tangani 2 dokumen lewat berkas kunci" in home
        assert "Baca dan tanda tangani 2 dokumen" in home
        opened = await visit.post("/tanda-tangan/lewat", {"provider": "pkcs12"})
        act = await visit.get(opened.headers["location"])
        assert act.text.count("<section data-document=") == 2
        stranger = await activated(service, BUDI)
        assert (await stranger.get(opened.headers["location"])).status_code == 404
