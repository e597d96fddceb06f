"""The pages of scans by forms alone: who hands in, who judges, and who sees nothing."""

import email
import email.policy
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.signing_settings import Pkcs12Settings, SigningSettings
from app.device.signer import API
from app.document.models import PaperSheet
from app.obligation.models import Obligation
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.signing.acts import mails
from tests.web.visits import BUDI, NUR, SITI, Visit, activated, database_of_a_module, office


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


async def test_who_is_refused_gets_a_mail_that_says_where_the_reason_stands_and_no_number(town: Service) -> None:
    visit, desk = await activated(town, BUDI), await office(town, Role.BKPSDM_ADMIN)
    await hand_in(visit, f"/pindaian/{await owed(town, BUDI)}")
    scan = (await desk.get("/kantor/pindaian")).text.split('href="/kantor/pindaian/')[1].split('"')[0]
    await desk.get(f"/kantor/pindaian/{scan}")
    await town.run_jobs()
    known = mails(town.folder)
    assert (await desk.post(f"/kantor/pindaian/{scan}/tolak", {"reason": f"Ini lembar {SITI}."})).status_code == 303
    await town.run_jobs()
    (letter,) = mails(town.folder) - known
    message = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
    body = message.get_content()
    assert message["to"] == "budi@malangkota.example"
    assert "“Pakta Integritas Netralitas”" in body
    assert "/pindaian; di sana" in body
    assert not re.search(r"\d{16}", body)


async def test_an_officer_hands_in_the_sheet_of_somebody_else_and_another_one_judges(town: Service) -> None:
    person, agency = [(await town.person(NUR))[key] for key in ("id", "agency_id")]
    desk = await office(town, Role.OPD_ADMIN, [agency])
    assert 'href="/kantor/pindaian/unggah"' in (await desk.get("/kantor/pindaian")).text
    path = f"/kantor/pindaian/unggah/{person}"
    for words in (NUR, (await town.person(NUR))["name"].split()[0]):
        assert f'href="{path}"' in (await desk.get(f"/kantor/pindaian/unggah?cari={words}")).text
    assert "Tidak ada pegawai yang cocok" in (await desk.get("/kantor/pindaian/unggah?cari=%3Ci%3E")).text
    form = f"{path}/{await owed(town, NUR)}"
    assert f'action="{form}"' in (await desk.get(path)).text
    broken = await desk.post(form, {}, files={"file": ("lembar.png", b"GIF89a", "image/png")})
    assert (broken.status_code, broken.text.count('role="alert"')) == (422, 1)
    assert (await hand_in(desk, form)).headers["location"] == "/kantor/pindaian?hasil=uploaded"
    waiting = (await desk.get(path)).text
    assert "Sudah ada pindaian sejak" in waiting
    assert "action=" not in waiting.split("<main")[1]
    scan = (await desk.get("/kantor/pindaian")).text.split('href="/kantor/pindaian/')[1].split('"')[0]
    assert "Anda yang mengunggah pindaian ini" in (await desk.get(f"/kantor/pindaian/{scan}")).text
    assert (await desk.post(f"/kantor/pindaian/{scan}/terima", {})).status_code == 403
    admin = await office(town, Role.BKPSDM_ADMIN)
    await admin.get(f"/kantor/pindaian/{scan}")
    assert (await admin.post(f"/kantor/pindaian/{scan}/terima", {})).status_code == 303
    assert "tidak ada pernyataan" in (await desk.get(path)).text.lower()


async def test_the_code_on_a_sheet_leads_to_its_person_and_no_further_than_the_own_agency(town: Service) -> None:
    rounds = (await town.http.get(f"{API}/rounds", headers=town.as_admin())).json()
    printed = await town.http.get(f"{API}/rounds/{rounds[0]['id']}/print.pdf", headers=town.as_admin())
    assert printed.status_code == 200, printed.text
    person = await town.person(BUDI)
    async with town.held.get(Database).transaction() as session:
        found = select(PaperSheet.code).join(Obligation, Obligation.id == PaperSheet.obligation_id)
        code = await session.scalar(found.where(Obligation.employee_id == UUID(person["id"])))
    agencies = (await town.http.get(f"{API}/opd", headers=town.as_admin())).json()
    foreign = next(a["id"] for a in agencies if a["id"] != person["agency_id"])
    path, page = f"/kantor/pindaian/unggah?cari={code}", f"/kantor/pindaian/unggah/{person['id']}"
    admin, elsewhere = await office(town, Role.BKPSDM_ADMIN), await office(town, Role.OPD_ADMIN, [foreign])
    assert (await admin.get(path)).headers["location"] == page
    assert (await admin.get(page)).status_code == 200
    assert person["name"] not in (await elsewhere.get(path)).text
    assert (await elsewhere.get(page)).status_code == 404
    assert (await hand_in(elsewhere, f"{page}/{await owed(town, BUDI)}")).status_code == 404
    for role in (Role.AUDITOR, Role.HEAD, Role.DASHBOARD):
        other = await office(town, role)
        assert [(await other.get(one)).status_code for one in (path, page)] == [403, 403]


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
