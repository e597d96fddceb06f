"""The pages of administrators' accounts, without any script: who sees what, and what their forms do."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.settings import Settings
from app.web.browser_name import browser_name
from app.web.pages.account import onward
from tests.conftest import NOON
from tests.identity.administrator import Administrator, administrator, invite
from tests.identity.role_bodies import NOBODY
from tests.service import Service, running_service
from tests.web.visits import Visit, database_of_a_module


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("account_pages"), NOON) as service:
            await service.import_roster()
            yield service


async def entered(city: Service, role: Role = Role.BKPSDM_ADMIN, **more: object) -> tuple[Administrator, Visit]:
    """Somebody whose account is signed in, and the browser they do it in."""
    admin = await administrator(city, role, **more)
    visit = Visit(city.http, cookies=admin.cookies)  # one browser: one jar
    await visit.get("/kantor/sesi")
    return admin, visit


async def with_token(city: Service, role: Role) -> Visit:
    token = (await city.token(role))["authorization"].removeprefix("Bearer ")
    visit = Visit(city.http)
    assert (await visit.post("/dashboard/masuk", {"token": token})).status_code == 303
    return visit


def links(page: str) -> set[str]:
    return set(re.findall(r'href="(/kantor/[a-z]+)"', page))


async def test_a_stranger_is_shown_the_way_in(city: Service) -> None:
    for path in ("/kantor/akun", "/kantor/sesi", "/kantor/riwayat", "/kantor/persetujuan", "/kantor/konfirmasi"):
        answer = await Visit(city.http).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard/masuk?lanjut={path}")
    page = (await Visit(city.http).get("/dashboard/masuk?lanjut=/kantor/akun")).text
    assert 'data-act="sign-in" data-onward="/kantor/akun"' in page
    assert page.index("Masuk dengan kunci sandi") < page.index('name="token"')


async def test_each_role_is_offered_what_it_may_see(city: Service) -> None:
    _, admin = await entered(city)
    _, auditor = await entered(city, Role.AUDITOR)
    everything = {"/kantor/akun", "/kantor/aktivasi", "/kantor/persetujuan", "/kantor/riwayat", "/kantor/sesi"}
    assert links((await admin.get("/kantor/akun")).text) >= everything
    assert links((await auditor.get("/kantor/riwayat")).text) == {"/kantor/aktivasi", "/kantor/riwayat", "/kantor/sesi"}
    for path in ("/kantor/akun", "/kantor/persetujuan", f"/kantor/akun/{NOBODY}"):
        assert (await auditor.get(path)).status_code == 403, path
    token = await with_token(city, Role.BKPSDM_ADMIN)
    page = (await token.get("/kantor/akun")).text
    assert links(page) >= everything - {"/kantor/sesi"}
    assert "/kantor/sesi" not in links(page)
    assert (await token.get("/kantor/sesi")).headers["location"] == "/dashboard"


async def test_an_invitation_page_names_who_is_invited_and_a_wrong_code_says_what_to_do(city: Service) -> None:
    invited = await invite(city, Role.AUDITOR, name="Wulan Pemeriksa")
    page = await Visit(city.http).get(f"/kantor/undangan/{invited['code']}")
    assert page.status_code == 200
    assert "Wulan Pemeriksa" in page.text
    assert "Pemeriksa (auditor)" in page.text
    wrong = await Visit(city.http).get(f"/kantor/undangan/{'0' * 26}")
    assert (wrong.status_code, "Mintalah tautan baru" in wrong.text) == (410, True)


async def test_inviting_by_the_form_shows_the_link_once_and_keeps_what_was_typed(city: Service) -> None:
    _, visit = await entered(city)
    page = (await visit.get("/kantor/akun/undang")).text
    agency = re.findall(r'name="agencies" value="([0-9a-f-]+)"', page)[0]
    wrong = {"name": "Dewi", "email": "bukan surel", "role": "opd_admin"}
    answer = await visit.post("/kantor/akun/undang", wrong)
    assert (answer.status_code, 'value="Dewi"' in answer.text) == (422, True)
    answer = await visit.post("/kantor/akun/undang", wrong | {"email": "dewi@kota.example"})
    assert (answer.status_code, "sedikitnya satu OPD" in answer.text) == (422, True)
    good = wrong | {"email": "dewi@kota.example", "agencies": agency}
    answer = await visit.post("/kantor/akun/undang", good)
    assert re.search(r"/kantor/undangan/[0-9A-Z]{26}<", answer.text), answer.text
    assert (await visit.post("/kantor/akun/undang", good)).status_code == 409
    listed = (await visit.get("/kantor/akun")).text
    assert "dewi@kota.example" in listed
    assert "/kantor/undangan/" not in listed
    assert "1 perangkat daerah" in listed


async def test_another_account_is_changed_renewed_and_closed_by_forms(city: Service) -> None:
    _, visit = await entered(city)
    helper, _ = await entered(city, Role.AUDITOR, name="Yusuf")
    path = f"/kantor/akun/{helper.account}"
    page = (await visit.get(path)).text
    only = re.findall(r'name="only" value="([0-9a-f-]+)"', page)
    assert len(only) == 1
    assert (await visit.post(f"{path}/sesi", {"only": only[0]})).status_code == 303
    assert await helper.code("GET", "/sessions") == (401, "identity.login_needed")
    assert (await visit.post(f"{path}/peran", {"role": "dashboard"})).status_code == 303
    assert "Dasbor" in (await visit.get(path)).text
    assert "/kantor/undangan/" in (await visit.post(f"{path}/undangan", {})).text
    await visit.get(path)
    assert (await visit.post(f"{path}/tutup", {})).status_code == 303
    assert "Akun ini ditutup" in (await visit.get(path)).text


async def test_a_form_without_the_token_of_its_page_does_nothing(city: Service) -> None:
    admin, visit = await entered(city)
    helper, _ = await entered(city, Role.AUDITOR)
    visit.csrf = "0" * 64
    for path in (f"/kantor/akun/{helper.account}/tutup", "/kantor/sesi/lain", f"/kantor/persetujuan/{NOBODY}"):
        answer = await visit.post(path, {"decision": "refuse", "reason": "tidak perlu"})
        assert (answer.status_code, "request.foreign" in answer.text) == (403, True), path
    assert await helper.code("GET", "/sessions") == (200, None)
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await visit.post("/dashboard/keluar", {}, headers=foreign)).status_code == 403
    assert await admin.code("GET", "/sessions") == (200, None)


async def test_a_stale_session_is_led_to_the_confirmation_and_back(city: Service) -> None:
    admin, visit = await entered(city)
    helper, _ = await entered(city, Role.AUDITOR)
    await visit.get("/kantor/akun")
    city.clock.advance(timedelta(minutes=5))
    asked = await visit.get("/kantor/akun/undang")
    assert asked.headers["location"] == "/kantor/konfirmasi?lanjut=/kantor/akun/undang"
    sent = await visit.post(f"/kantor/akun/{helper.account}/tutup", {})
    assert (sent.status_code, sent.headers["location"]) == (303, "/kantor/konfirmasi?lanjut=/kantor/akun")
    page = await visit.get(asked.headers["location"])
    assert 'data-act="confirm" data-onward="/kantor/akun/undang"' in page.text
    await admin.confirm()  # what the page's script does
    assert (await visit.get("/kantor/akun/undang")).status_code == 200


def test_the_confirmation_leads_on_to_pages_of_offices_only() -> None:
    for path in ("//evil.example", "https://evil.example", "/beranda", "/dashboard/../beranda", "/kantor\\evil", ""):
        assert onward(path) == "/kantor/sesi", path
    for path in ("/kantor/akun", f"/dashboard/{NOBODY}/rekap.xlsx?opd={NOBODY}"):
        assert onward(path) == path


async def test_own_sessions_are_listed_and_ended_by_forms(city: Service) -> None:
    admin, visit = await entered(city)
    for _ in range(3):
        await admin.another_browser().sign_in()
    page = (await visit.get("/kantor/sesi")).text
    others = re.findall(r'action="/kantor/sesi/([0-9a-f-]{36})"', page)
    assert (len(others), page.count("(di sini)")) == (3, 1)
    assert "Chrome, Linux" in page
    assert (await visit.post(f"/kantor/sesi/{others[0]}", {})).status_code == 303
    assert (await visit.post("/kantor/sesi/lain", {})).status_code == 303
    assert len(await admin.told("GET", "/sessions")) == 1
    answer = await visit.post("/dashboard/keluar", {}, headers={"sec-fetch-site": "same-origin"})
    assert answer.headers["location"] == "/dashboard/masuk"
    assert await admin.another_browser().code("GET", "/sessions") == (401, "identity.login_needed")


async def test_the_history_is_filtered_and_paged_and_names_people(city: Service) -> None:
    _, visit = await entered(city, name="Lestari")
    helper, _ = await entered(city, Role.AUDITOR, name="Pandu")
    for _ in range(51):
        await helper.sign_in()
    page = (await visit.get("/kantor/riwayat")).text
    assert page.count("<li>") == 50
    assert "Pandu" in page
    older = re.search(r'href="(\?[^"]*cursor=[^"]+)"', page)
    assert older is not None
    assert (await visit.get(f"/kantor/riwayat{older[1].replace('&amp;', '&')}")).status_code == 200
    kinds = (await visit.get("/kantor/riwayat?jenis=account_invited")).text
    assert "Pengelola diundang" in kinds
    assert "Pandu" in kinds
    assert kinds.count("Masuk<small>") == kinds.count("Masuk\n<small>") == 0
    mine = (await visit.get(f"/kantor/riwayat?oleh={helper.account}")).text
    assert "Hanya catatan satu orang" in mine
    assert "Lestari" not in re.sub(r"<nav.*?</nav>", "", mine, flags=re.DOTALL)
    day = f"{city.clock.now():%Y-%m-%d}"
    assert "Pandu" in (await visit.get(f"/kantor/riwayat?dari={day}&sampai={day}")).text
    assert "Tidak ada catatan" in (await visit.get("/kantor/riwayat?sampai=2001-01-01")).text
    for odd in ("dari=x", "sampai=9999-12-31", "oleh=x", "jenis=x", "dari=0001-01-01"):
        assert (await visit.get(f"/kantor/riwayat?{odd}")).status_code == 200, odd


async def test_approvals_are_decided_by_forms(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = await entered(city, name="Rina")
    _, second = await entered(city, name="Bayu")
    settings = city.held.get(Settings)
    monkeypatch.setattr(settings, "service", settings.service.model_copy(update={"four_eyes": True}))
    body = {"name": "Kartika", "email": "kartika@kota.example", "role": "auditor"}
    for _ in range(2):
        waits = await first.post("/kantor/akun/undang", body)
        assert (waits.status_code, "Menunggu pengelola kedua" in waits.text) == (202, True)
    own = (await first.get("/kantor/persetujuan")).text
    assert "Setujui dan jalankan" not in own
    assert "Tarik kembali" in own
    page = (await second.get("/kantor/persetujuan")).text
    assert "Kartika (kartika@kota.example)" in page
    assert page.count("Seluruh perangkat daerah") == 2
    newest, older = re.findall(r'action="/kantor/persetujuan/([0-9a-f-]{36})"', page)
    decided = {"decision": "approve", "reason": "sudah dibicarakan"}
    assert "/kantor/undangan/" in (await second.post(f"/kantor/persetujuan/{newest}", decided)).text
    await second.get("/kantor/persetujuan")
    refused = await second.post(f"/kantor/persetujuan/{older}", decided | {"decision": "refuse"})
    assert refused.status_code == 303
    page = (await second.get("/kantor/persetujuan")).text
    assert {"Disetujui", "Ditolak"} <= set(re.findall(r"Disetujui|Ditolak", page))
    assert "Diputuskan Bayu" in page


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("curl/8.0", "curl/8.0"),
        ("", ""),
    ],
)
def test_a_browser_is_told_by_its_name(told: str, name: str) -> None:
    assert browser_name(told) == name
