"""A kiosk without a browser: who may make one, who is let in at it, and for how long."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.conftest import NOON
from tests.identity.test_slips_api import told
from tests.service import Service, running_service
from tests.web.visits import BUDI, JOKO, NUR, SITI, Visit, activated, birth_date, database_of_a_module

PIN = "295817"


@pytest.fixture(scope="module")
async def city(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("kiosk"), NOON) as service:
            await service.import_roster()
            await service.open_round()
            yield service


async def call(city: Service, method: str, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await city.http.request(method, f"{API}{path}", headers=headers, **body)


async def make(city: Service, opd: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    body = {"opd": opd, "name": "Tablet aula"}
    made = await call(city, "POST", "/kiosks", headers or city.as_admin(), json=body)
    assert made.status_code == 201, made.text
    return made.json()


async def enrolled(city: Service, nip: str = SITI) -> tuple[Visit, dict[str, Any]]:
    """A tablet that is a kiosk of the OPD somebody works in."""
    made = await make(city, (await city.person(nip))["agency_id"])
    tablet = Visit(city.http)
    assert (await tablet.post("/kiosk", {"code": made["code"]})).headers["location"] == "/kiosk"
    return tablet, made


async def slip(city: Service, nip: str) -> str:
    body = {"employee_ids": [(await city.person(nip))["id"]]}
    printed = await call(city, "POST", "/activation-slips", city.as_admin(), json=body)
    ((_, (address,)),) = told(printed.content)
    return address


async def arrive(tablet: Visit, address: str, nip: str, **changes: str) -> httpx.Response:
    asked = await tablet.post("/kiosk/kartu", {"code": address})
    assert asked.status_code == 200, asked.text
    found = re.search(r'name="code" value="(\w+)"', asked.text)
    assert found is not None
    return await tablet.post("/kiosk/orang", birth_date(nip) | {"code": found[1]} | changes)


async def test_an_opds_administrator_makes_lists_and_revokes_the_own_kiosks_only(city: Service) -> None:
    health, inspectorate = [(await city.person(nip))["agency_id"] for nip in (SITI, BUDI)]
    officer = await city.token(Role.OPD_ADMIN, [health])
    foreign = await make(city, inspectorate)
    own = await make(city, health, officer)
    refused = await call(city, "POST", "/kiosks", officer, json={"opd": inspectorate, "name": "x"})
    assert refused.status_code == 404
    unit = (await city.person(SITI))["unit_id"]  # a unit below the OPD is none
    assert (await call(city, "POST", "/kiosks", officer, json={"opd": unit, "name": "x"})).status_code == 404
    listed = (await call(city, "GET", "/kiosks?limit=1", officer)).json()
    assert [(one["id"], one["state"]) for one in listed] == [(own["id"], "waiting")]
    assert foreign["id"] not in (await call(city, "GET", "/kiosks", officer)).text
    assert (await call(city, "DELETE", f"/kiosks/{foreign['id']}", officer)).status_code == 404
    for _ in range(2):
        assert (await call(city, "DELETE", f"/kiosks/{own['id']}", officer)).status_code == 204
    assert (await Visit(city.http).post("/kiosk", {"code": own["code"]})).status_code == 403
    kinds = [one["kind"] for one in (await call(city, "GET", "/access-events", city.as_admin())).json()]
    assert kinds[:3] == ["kiosk_revoked", "kiosk_made", "kiosk_made"]


async def test_a_code_enrols_one_tablet_within_an_hour(city: Service) -> None:
    tablet, made = await enrolled(city)
    assert "Tablet aula" in (await tablet.get("/kiosk")).text
    again = await Visit(city.http).post("/kiosk", {"code": made["code"]})
    assert (again.status_code, "tidak berlaku" in again.text) == (403, True)
    late = await make(city, made["opd"])
    city.clock.advance(timedelta(hours=1, seconds=1))
    assert (await Visit(city.http).post("/kiosk", {"code": late["code"]})).status_code == 403
    states = {one["id"]: one["state"] for one in (await call(city, "GET", "/kiosks", city.as_admin())).json()}
    assert (states[made["id"]], states[late["id"]]) == ("active", "expired")


async def test_the_camera_is_for_enrolled_kiosks_and_no_other_page_signs_in_there(city: Service) -> None:
    tablet, _ = await enrolled(city)
    assert "camera=(self)" in (await tablet.get("/kiosk")).headers["permissions-policy"]
    assert "camera=()" in (await Visit(city.http).get("/kiosk")).headers["permissions-policy"]
    code = (await slip(city, JOKO)).rpartition("/")[2]
    for path in ("/", "/masuk", "/aktivasi", f"/aktivasi/{code}", "/beranda", "/masuk/sso"):
        assert (await tablet.get(path)).headers["location"] == "/kiosk", path
    posted = await tablet.post(f"/aktivasi/{code}", birth_date(JOKO))
    assert posted.headers["location"] == "/kiosk"
    assert (await Visit(city.http).post("/kiosk/kartu", {"code": code})).headers["location"] == "/masuk"


async def test_a_person_is_in_for_ten_minutes_and_the_kiosk_is_nobodys_known_browser(city: Service) -> None:
    tablet, _ = await enrolled(city)
    entered = await arrive(tablet, await slip(city, NUR), NUR)
    assert entered.headers["location"] == "/kiosk/pin"
    await tablet.get("/kiosk/pin")
    weak = await tablet.post("/kiosk/pin", {"pin": "123456", "again": "123456"})
    assert (weak.status_code, "mudah ditebak" in weak.text) == (422, True)
    differ = await tablet.post("/kiosk/pin", {"pin": PIN, "again": "295818"})
    assert "Kedua PIN tidak sama" in differ.text
    assert (await tablet.post("/kiosk/pin", {"pin": PIN, "again": PIN})).headers["location"] == "/beranda"
    home = await tablet.get("/beranda")
    assert "Baca dan tanda tangani 2 dokumen" in home.text
    assert 'href="/riwayat-akses"' not in home.text
    assert set(tablet.cookies) == {"pakta", "pakta-kiosk"}
    city.clock.advance(timedelta(minutes=10, seconds=1))
    assert (await tablet.get("/beranda")).headers["location"] == "/kiosk"
    elsewhere = await tablet.post("/kiosk/berikutnya", {})
    assert elsewhere.headers["location"] == "/kiosk"
    assert elsewhere.headers["clear-site-data"] == '"cache", "storage"'


async def test_somebody_with_a_pin_enters_it_and_wrong_ones_are_taken_from_the_slip(city: Service) -> None:
    await activated(city, SITI)
    tablet, _ = await enrolled(city)
    address = await slip(city, SITI)
    wrong = await arrive(tablet, address, SITI, day="2")
    assert (wrong.status_code, "Sisa percobaan: 4" in wrong.text) == (403, True)
    await arrive(tablet, address, SITI)
    await tablet.get("/kiosk/pin")
    for left in (3, 2):
        refused = await tablet.post("/kiosk/pin", {"pin": "918273"})
        assert (refused.status_code, f"Sisa percobaan: {left}" in refused.text) == (403, True)
    assert (await tablet.post("/kiosk/pin", {"pin": PIN})).headers["location"] == "/beranda"
    assert "Baca dan tanda tangani 2 dokumen" in (await tablet.get("/beranda")).text  # not held: nothing was recovered
    await tablet.post("/kiosk/berikutnya", {})
    assert (await tablet.post("/kiosk/kartu", {"code": address})).status_code == 403
    second = await slip(city, SITI)
    await arrive(tablet, second, SITI)
    await tablet.get("/kiosk/pin")
    statuses = [(await tablet.post("/kiosk/pin", {"pin": "918273"})).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [410]
    assert (await tablet.post("/kiosk/pin", {"pin": PIN})).status_code == 410


async def test_a_slip_of_another_opd_is_refused_and_leaves_no_trace_of_its_person(city: Service) -> None:
    tablet, _ = await enrolled(city, BUDI)
    address = await slip(city, JOKO)
    code = address.rpartition("/")[2]
    for path, fields in (("/kiosk/kartu", {"code": address}), ("/kiosk/orang", birth_date(JOKO) | {"code": code})):
        refused = await tablet.post(path, fields)
        assert (refused.status_code, "perangkat daerah lain" in refused.text) == (403, True)
        assert "Joko" not in refused.text
    assert set(tablet.cookies) == {"pakta-kiosk"}


async def test_no_passkey_is_made_at_a_kiosk_and_a_revoked_one_is_over_at_once(city: Service) -> None:
    tablet, made = await enrolled(city)
    await arrive(tablet, await slip(city, JOKO), JOKO)
    await tablet.get("/kiosk/pin")
    cookie = {"cookie": "; ".join(f"{k}={v}" for k, v in tablet.cookies.items()), "x-csrf-token": tablet.csrf}
    await call(city, "POST", "/me/passkey-options", cookie, json={})
    body = {"id": "x", "rawId": "x", "type": "public-key", "response": {}}
    refused = await call(city, "POST", "/me/passkeys", cookie, json=body)
    assert (refused.status_code, refused.json()["params"]["reason"]) == (403, "kiosk")
    assert (await call(city, "DELETE", f"/kiosks/{made['id']}", city.as_admin())).status_code == 204
    assert (await tablet.get("/kiosk/pin")).headers["location"] == "/kiosk"
    over = await tablet.get("/kiosk")
    assert "sudah tidak aktif" in over.text
