"""The figures' pages: who gets in and how, what they show, what they never show."""

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import openpyxl
import pytest

from app.compliance.recap.printed import RecapPrinter, check_code
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.settings import Settings
from app.web import assets
from app.web.number import exact, percent
from app.web.office import LIFE, seal, unseal
from tests.conftest import NOON
from tests.identity.administrator import administrator
from tests.service import Service, running_service
from tests.web.visits import SITI, Visit, database_of_a_module

WRONG = "Token ini tidak berlaku"


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    """A service with an open round in which one person has signed."""
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("dashboard"), NOON) as service:
            await service.import_roster()
            round_id = await service.open_round()
            service.clock.advance(timedelta(hours=2))
            device = await service.device(SITI)
            await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
            yield service, round_id


async def entered(service: Service, role: Role = Role.BKPSDM_ADMIN, agencies: list[str] | None = None) -> Visit:
    token = (await service.token(role, agencies))["authorization"].removeprefix("Bearer ")
    visit = Visit(service.http)
    answer = await visit.post("/dashboard/masuk", {"token": token, "lanjut": "/dashboard"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    return visit


async def test_a_stranger_is_shown_the_way_in_and_back(city: tuple[Service, str]) -> None:
    service, round_id = city
    for path in ("/dashboard", f"/dashboard/{round_id}", f"/layar/{round_id}"):
        answer = await Visit(service.http).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard/masuk?lanjut={path}")
    page = await Visit(service.http).get(f"/dashboard/masuk?lanjut=/layar/{round_id}")
    assert f'value="/layar/{round_id}"' in page.text
    for elsewhere in ("//evil.example", "https://evil.example", "/beranda", "/dashboard/../masuk"):
        page = await Visit(service.http).get(f"/dashboard/masuk?lanjut={elsewhere}")
        assert 'name="lanjut" value="/dashboard"' in page.text


async def test_a_wrong_token_is_refused_and_no_cookie_is_set(city: tuple[Service, str]) -> None:
    service, _ = city
    for token in ("", "pakta_wrong", "€", "x" * 200, "a b"):
        answer = await Visit(service.http).post("/dashboard/masuk", {"token": token})
        assert (answer.status_code, WRONG in answer.text) == (403, True), token
        assert "set-cookie" not in answer.headers


async def test_the_cookie_is_kept_from_scripts_and_other_sites_and_does_not_hold_the_token(
    city: tuple[Service, str],
) -> None:
    service, _ = city
    token = (await service.token(Role.DASHBOARD))["authorization"].removeprefix("Bearer ")
    answer = await Visit(service.http).post("/dashboard/masuk", {"token": token})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={int(LIFE.total_seconds())}"} <= set(cookie.split("; "))
    assert token not in cookie
    assert token.removeprefix("pakta_")[:12] not in cookie


async def test_a_form_of_another_site_brings_nobody_in_or_out(city: tuple[Service, str]) -> None:
    service, _ = city
    for path in ("/dashboard/masuk", "/dashboard/keluar"):
        answer = await service.http.post(path, data={"token": "x"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_a_cookie_ends_and_a_changed_one_opens_nothing(city: tuple[Service, str]) -> None:
    service, _ = city
    storage = service.held.get(Settings).storage
    value = seal(storage, "pakta_x", NOON)
    assert unseal(storage, value, NOON + LIFE - timedelta(seconds=1)) == "pakta_x"
    assert unseal(storage, value, NOON + LIFE) is None
    for spoilt in (value[:-8], ("B" if value[0] == "A" else "A") + value[1:], value.swapcase(), "", "%", "pakta_x"):
        assert unseal(storage, spoilt, NOON) is None
    assert seal(storage, "pakta_x", NOON) != value


async def test_the_dashboard_shows_the_figures_of_the_api_and_those_that_need_attention_first(
    city: tuple[Service, str],
) -> None:
    service, round_id = city
    visit = await entered(service)
    front = await visit.get("/dashboard")
    assert front.headers["location"] == f"/dashboard/{round_id}"
    page = await visit.get(f"/dashboard/{round_id}")
    figures = await service.compliance(round_id)
    assert page.status_code == 200
    assert percent(figures["total"]["percent"], "id") in page.text
    assert "1 dari 4 ASN yang wajib" in page.text
    names = re.findall(r'/opd/[0-9a-f-]{36}">([^<]+)</a>', page.text)
    assert names == ["Inspektorat Daerah", "Dinas Kesehatan"]
    assert "Perkiraan: dengan laju 2 jam terakhir" in page.text
    by_name = await visit.get(f"/dashboard/{round_id}?urut=nama")
    assert re.findall(r'/opd/[0-9a-f-]{36}">([^<]+)</a>', by_name.text) == ["Dinas Kesehatan", "Inspektorat Daerah"]
    found = await visit.get(f"/dashboard/{round_id}?cari=inspek&keadaan=belum")
    assert re.findall(r'/opd/[0-9a-f-]{36}">([^<]+)</a>', found.text) == ["Inspektorat Daerah"]
    nothing = await visit.get(f"/dashboard/{round_id}?cari=<b>&keadaan=selesai")
    assert "Tidak ada perangkat daerah yang cocok" in nothing.text
    assert "<b>" not in nothing.text


async def test_whether_heads_have_signed_and_how_many_documents_are_sealed_stands_beside_the_figures(
    city: tuple[Service, str],
) -> None:
    service, round_id = city
    for nip in (SITI, "197505052000031002"):
        person = await service.person(nip)
        body = {"employee_id": person["id"], "kind": "definitive", "valid_from": service.clock.now().date().isoformat()}
        made = await service.http.post(
            f"/api/v1/opd/{person['agency_id']}/heads", json=body, headers=service.as_admin()
        )
        assert made.status_code == 201, made.text
    await service.run_jobs()
    page = (await (await entered(service)).get(f"/dashboard/{round_id}")).text
    inspectorate, health = page.index("Inspektorat Daerah</a>"), page.index("Dinas Kesehatan</a>")
    assert inspectorate < page.index("Kepala belum menandatangani") < health < page.index("Kepala sudah menandatangani")
    assert "2 dokumen bersegel" in page
    assert "diketahui" not in page
    assert (
        "menandatangani</small>"
        not in (await (await entered(service, Role.DASHBOARD)).get(f"/dashboard/{round_id}")).text
    )


async def test_names_are_shown_to_those_who_may_read_them_only(city: tuple[Service, str]) -> None:
    service, round_id = city
    groups = {g["name"]: g["id"] for g in (await service.compliance(round_id))["groups"]}
    agency = f"/dashboard/{round_id}/opd/{groups['Dinas Kesehatan']}"
    for role, status, nip in (
        (Role.BKPSDM_ADMIN, 200, "19900303 201503 2 003"),
        (Role.AUDITOR, 200, "19900303 ****** 2 003"),
        (Role.DASHBOARD, 403, ""),
    ):
        visit = await entered(service, role)
        page = await visit.get(agency)
        assert page.status_code == 200
        assert ("/orang" in page.text) is (status == 200), role
        people = await visit.get(f"{agency}/orang")
        assert people.status_code == status, role
        assert nip in people.text
        assert ("Nur" in people.text) is (status == 200), role
        names = await visit.get(f"/dashboard/{round_id}/rekap.xlsx?opd={groups['Dinas Kesehatan']}")
        assert names.status_code == status


async def test_an_agencys_token_sees_that_agency_only(city: tuple[Service, str]) -> None:
    service, round_id = city
    groups = {g["name"]: g["id"] for g in (await service.compliance(round_id))["groups"]}
    visit = await entered(service, Role.OPD_ADMIN, [groups["Inspektorat Daerah"]])
    page = await visit.get(f"/dashboard/{round_id}")
    assert "Inspektorat Daerah" in page.text
    assert "Dinas Kesehatan" not in page.text
    for tail in ("", "/orang"):
        assert (await visit.get(f"/dashboard/{round_id}/opd/{groups['Dinas Kesehatan']}{tail}")).status_code == 404
    screen = await visit.get(f"/layar/{round_id}")
    assert '<strong id="signed" aria-live="off">0</strong>' in screen.text


async def test_the_recap_is_downloaded_with_the_cookie(city: tuple[Service, str]) -> None:
    service, round_id = city
    visit = await entered(service, Role.DASHBOARD)
    book = await visit.get(f"/dashboard/{round_id}/rekap.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(book.content)).active["B8"].value == "Jumlah"
    assert (await visit.get(f"/dashboard/{round_id}/rekap.csv")).text.startswith("no,opd,pns,")
    assert (await visit.get(f"/dashboard/{round_id}/rekap.exe")).status_code == 422


async def test_the_screen_shows_the_figures_without_any_script(city: tuple[Service, str]) -> None:
    service, round_id = city
    visit = await entered(service, Role.DASHBOARD)
    page = await visit.get(f"/layar/{round_id}")
    assert '<strong id="signed" aria-live="off">1</strong>' in page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.text
    assert f'data-events="/layar/{round_id}/kejadian"' in page.text
    assert len(assets.assets()["screen.js"].data) < 4096


async def test_out_is_out(city: tuple[Service, str]) -> None:
    service, round_id = city
    visit = await entered(service)
    answer = await visit.post("/dashboard/keluar", {})
    assert answer.headers["location"] == "/dashboard/masuk"
    assert 'pakta-office=""' in answer.headers["set-cookie"]
    assert (await Visit(service.http).get(f"/dashboard/{round_id}")).status_code == 303


async def test_no_address_ever_holds_the_token(city: tuple[Service, str]) -> None:
    service, _ = city
    token = (await service.token(Role.BKPSDM_ADMIN))["authorization"].removeprefix("Bearer ")
    answer = await Visit(service.http).get(f"/dashboard?token={token}")
    assert answer.headers["location"] == "/dashboard/masuk?lanjut=/dashboard"


async def test_pages_in_english_are_english(city: tuple[Service, str]) -> None:
    service, round_id = city
    visit = await entered(service)
    visit.language = "en"
    for path in (f"/dashboard/{round_id}", f"/layar/{round_id}", "/dashboard/masuk"):
        page = await visit.get(path)
        assert [word for word in ("Sudah", "Belum", "Perangkat", "dari", "Batas waktu") if word in page.text] == [], (
            path
        )


@pytest.mark.parametrize(("number", "told"), [(0, "0 %"), (53.25, "53,2 %"), (99.99, "99,9 %"), (100, "100 %")])
def test_nearly_all_is_never_called_all(number: float, told: str) -> None:
    assert percent(number, "id") == told


async def test_a_printed_recap_is_compared_with_the_register_for_ever(city: tuple[Service, str]) -> None:
    service, round_id = city
    groups = {g["name"]: g["id"] for g in (await service.compliance(round_id))["groups"]}
    printer = service.held.get(RecapPrinter)
    at = service.clock.now()
    await service.http.get(f"/api/v1/rounds/{round_id}/recap.pdf", headers=service.as_admin())
    whole = check_code(printer.secret, UUID(round_id), at, None)
    own = check_code(printer.secret, UUID(round_id), at, frozenset({UUID(groups["Inspektorat Daerah"])}))
    first = await Visit(service.http).get(f"/rekap/{whole}")
    assert first.status_code == 200
    assert "Dinas Kesehatan" in first.text
    assert exact((await service.compliance(round_id))["total"]["percent"], "id") in first.text
    scoped = await Visit(service.http).get(f"/rekap/{own}")
    assert ("Inspektorat Daerah" in scoped.text, "Dinas Kesehatan" in scoped.text) == (True, False)
    service.clock.advance(timedelta(days=1))
    again = await Visit(service.http).get(f"/rekap/{whole}")
    assert again.text == first.text
    altered = whole[:-4] + ("B" if whole[-4] == "A" else "A") + whole[-3:]
    for unknown in (altered, "x", "%00"):
        assert (await Visit(service.http).get(f"/rekap/{unknown}")).status_code == 404


async def test_a_recap_with_names_asks_a_stale_account_for_its_passkey_and_is_written_down(
    city: tuple[Service, str],
) -> None:
    service, round_id = city
    admin = await administrator(service)
    visit = Visit(service.http, cookies=admin.cookies)
    fresh = await service.token(Role.BKPSDM_ADMIN)  # days may have passed in this city
    agencies = (await service.http.get("/api/v1/opd", headers=fresh)).json()
    path = f"/dashboard/{round_id}/rekap.csv"
    named = f"{path}?opd={agencies[0]['id']}"
    service.clock.advance(timedelta(minutes=5))
    assert (await visit.get(path)).status_code == 200
    asked = await visit.get(named)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/kantor/konfirmasi?lanjut={quote(named)}")
    assert f'data-onward="{named}"' in (await visit.get(asked.headers["location"])).text
    await admin.confirm()
    assert (await visit.get(named)).status_code == 200
    seen = await admin.told("GET", "/access-events", params={"kind": "list_exported", "by": admin.account})
    assert [one["data"]["opd"] for one in seen] == [agencies[0]["id"]]
