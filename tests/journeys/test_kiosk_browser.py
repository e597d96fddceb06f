"""An OPD's tablet at the assembly: two people one after the other, and nothing of the first for the second."""

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Page, async_playwright
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.identity.test_slips_api import told
from tests.journeys.browser import launch, round_opened, serving
from tests.service import Service
from tests.web.visits import BUDI, NUR, SITI, database_of_a_module

PICTURES = os.environ.get("PAKTA_TEST_PICTURES")
KEPT = """async () => ({
  databases: (await indexedDB.databases()).length, local: localStorage.length, session: sessionStorage.length,
  caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""

# Debian's Chromium reads no QR codes, as tablets do: this one reads the same code off every picture the camera gives.
SEEING = """window.BarcodeDetector = class { async detect(video) {
  if (video.videoWidth === 0) throw new Error("no picture");
  return [{ rawValue: "ADDRESS" }];
} };"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture
async def site(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    with database_of_a_module(postgres) as url:
        async with serving(url, tmp_path_factory.mktemp("kiosk")) as (service, origin):
            await service.import_roster()
            await round_opened(service, await service.open_round())
            yield service, origin


class Tablet:
    """The screen of a kiosk."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def picture(self, name: str) -> None:
        """No page scrolls sideways, and every control is large enough for a finger."""
        size = self.page.viewport_size or {"width": 0}
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= size["width"], self.page.url
        for button in await self.page.locator("button:visible").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        if PICTURES:
            await self.page.screenshot(path=f"{PICTURES}/kiosk-{name}.png")

    async def back(self) -> str:
        """Press the back button; return what is shown then. What a form sent is not kept: Chromium says so instead."""
        with suppress(Error):
            await self.page.go_back()
        while True:
            with suppress(Error):  # it goes on to the first page
                await self.page.wait_for_load_state("networkidle")
                return await self.page.content()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).first.click()

    async def scan(self, address: str) -> None:
        """A scanner types what the QR code holds, and Enter."""
        await self.page.wait_for_url("**/kiosk")
        await self.page.get_by_label("Kode kartu").press_sequentially(address)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/kiosk/kartu")

    async def be(self, nip: str) -> None:
        for label, digits in (("Tanggal", nip[6:8]), ("Bulan", nip[4:6]), ("Tahun", nip[:4])):
            await self.page.get_by_label(label, exact=True).fill(digits)
        await self.press("Ya, ini saya")
        await self.page.wait_for_url("**/kiosk/pin")

    async def choose(self, pin: str) -> None:
        await self.page.get_by_label("PIN baru").fill(pin)
        await self.page.get_by_label("Ulangi PIN").fill(pin)
        await self.press("Lanjutkan")
        await self.page.wait_for_url("**/beranda")

    async def read(self, count: int) -> None:
        await self.press("Baca dan tanda tangani")
        await self.page.locator("main[data-state=reading]").wait_for()
        for _ in range(count):
            statement = self.page.locator("section[data-document]:visible")
            await statement.locator(".end").scroll_into_view_if_needed()
            await statement.locator("button.confirm").click()
        await self.page.locator("main[data-state=confirmed][data-prepared=yes]").wait_for()


async def slips(service: Service, officer: dict[str, str], *nips: str) -> list[str]:
    """Print slips; return the addresses in their QR codes, by person."""
    found = []
    for nip in nips:
        body = {"employee_ids": [(await service.person(nip))["id"]]}
        printed = await service.http.post(f"{API}/activation-slips", json=body, headers=officer)
        ((_, (address,)),) = told(printed.content)
        found.append(address)
    return found


async def evidence(service: Service) -> list[dict[str, Any]]:
    async with service.held.get(Database).transaction() as session:
        return [data for (data,) in await session.execute(text("SELECT data FROM signing_evidence"))]


async def test_two_people_sign_one_after_the_other_and_the_second_sees_nothing_of_the_first(
    browser: Browser, site: tuple[Service, str]
) -> None:
    service, origin = site
    agency = (await service.person(SITI))["agency_id"]
    officer = await service.token(Role.OPD_ADMIN, [agency])
    made = (
        await service.http.post(f"{API}/kiosks", json={"opd": agency, "name": "Tablet aula"}, headers=officer)
    ).json()
    first, second, foreign = await slips(service, service.as_admin(), SITI, NUR, BUDI)
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="id-ID", has_touch=True)
    context.set_default_timeout(15_000)
    page = await context.new_page()
    tablet = Tablet(page, origin)

    await page.goto(f"{origin}/kiosk")
    await tablet.picture("daftar")
    await page.get_by_label("Kode kiosk").fill(made["code"].lower())
    await tablet.press("Aktifkan kiosk")
    await page.get_by_role("heading", name="Pindai kartu").wait_for()
    await tablet.picture("mulai")
    await tablet.scan(first)
    await tablet.picture("orang")
    await tablet.be(SITI)
    await tablet.picture("pin")
    await tablet.choose("295817")
    await tablet.picture("beranda")
    await tablet.read(2)
    await tablet.picture("tanda-tangan")
    await page.locator("#kiosk-pin").fill("295818")
    await tablet.press("Saya menyatakan dan menandatangani")
    await page.locator("#status.problem").wait_for()
    await page.locator("#kiosk-pin").fill("295817")
    await tablet.press("Saya menyatakan dan menandatangani")
    await page.wait_for_url("**/selesai/*")
    assert "2 dokumen sudah Anda tanda tangani" in await page.locator("h1").inner_text()
    assert await page.locator("a[download], a[target]").count() == 0
    await tablet.picture("selesai")
    (kept,) = await evidence(service)
    assert (kept["method"], kept["kiosk"]) == ("pin+slip", {"id": made["id"], "name": "Tablet aula"})
    await tablet.press("Selesai – orang berikutnya")
    await page.get_by_role("heading", name="Pindai kartu").wait_for()

    assert {cookie["name"] for cookie in await context.cookies()} == {"pakta-kiosk"}
    assert set((await page.evaluate(KEPT)).values()) == {0}
    for _ in range(6):
        shown = await tablet.back()
        assert "RAHAYU" not in shown.upper()
        assert "Siti" not in shown
        assert SITI not in shown.replace(" ", "")
    await page.goto(f"{origin}/beranda")
    await page.wait_for_url("**/kiosk")
    await page.goto(f"{origin}/masuk")
    await page.wait_for_url("**/kiosk")

    tablet.complaints.clear()
    await page.set_viewport_size({"width": 768, "height": 1024})
    await tablet.scan(foreign)
    assert "perangkat daerah lain" in await page.get_by_role("alert").inner_text()
    await context.grant_permissions(["camera"])
    await page.add_init_script(SEEING.replace("ADDRESS", second))
    await page.goto(f"{origin}/kiosk")
    await tablet.press("Pindai dengan kamera")
    await page.wait_for_url("**/kiosk/kartu")
    await page.clock.install()
    await tablet.be(NUR)
    await page.clock.run_for(46_000)
    await page.locator("#idle").wait_for()
    assert "keluar otomatis dalam" in await page.locator("#idle").inner_text()
    await tablet.picture("diam")
    await page.clock.run_for(20_000)
    await page.get_by_role("heading", name="Pindai kartu").wait_for()
    assert {cookie["name"] for cookie in await context.cookies()} == {"pakta-kiosk"}
    await tablet.scan(second)
    await tablet.be(NUR)
    await tablet.choose("739146")
    await tablet.read(2)
    await tablet.picture("tanda-tangan-tegak")
    assert (await service.http.delete(f"{API}/kiosks/{made['id']}", headers=officer)).status_code == 204
    await page.locator("#kiosk-pin").fill("739146")
    await tablet.press("Saya menyatakan dan menandatangani")
    await page.locator("main[data-state=refused]").wait_for()
    await page.get_by_role("link", name="Muat ulang").click()
    await page.wait_for_url("**/kiosk")
    assert "sudah tidak aktif" in await page.get_by_role("alert").inner_text()
    await tablet.picture("dicabut")
    assert await context.cookies() == []
    assert len(await evidence(service)) == 1
    expected = ("403", "401")
    assert [one for one in tablet.complaints if not any(status in one for status in expected)] == []
    await context.close()
