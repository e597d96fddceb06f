"""The projector's screen and the dashboard in a real browser: they fit, follow the signing, and break no rule of the pages' policy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from app.device.signer import Device
from tests.journeys.browser import activation_code, launch, round_opened, serving
from tests.service import Service
from tests.signing.opened_round import birth_date
from tests.web.visits import BUDI, SITI

SIZES = ((360, 740), (1280, 800), (1920, 1080))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await launch(playwright)
        yield opened
        await opened.close()


async def entered(browser: Browser, origin: str, token: str, size: tuple[int, int]) -> tuple[Page, list[str]]:
    """Return a page that came in with the token, and what it complains about from then on."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="id-ID")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{origin}/dashboard")
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Buka dashboard").click()
    await page.wait_for_url("**/dashboard/*")
    return page, complaints


async def fits(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def sign(service: Service, origin: str, nip: str) -> None:
    device = Device(service.http, origin, "localhost")
    await device.activate(await activation_code(service, nip), birth_date(nip))
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))


async def test_the_pages_fit_every_screen_and_the_ceremony_is_followed_live(
    browser: Browser, fresh_database: str, tmp_path: Path
) -> None:
    async with serving(fresh_database, tmp_path) as (service, origin):
        await service.import_roster()
        made = await service.http.post("/api/v1/rounds", json=ROUND, headers=service.as_admin())
        round_id = made.json()["id"]
        await service.http.post(f"/api/v1/rounds/{round_id}/open", headers=service.as_admin())
        await round_opened(service, round_id)
        token = service.admin
        for size in SIZES:
            page, complaints = await entered(browser, origin, token, size)
            assert await fits(page), size
            await page.get_by_role("link", name="Dinas Kesehatan").click()
            assert await fits(page), size
            await page.get_by_role("link", name="orang yang belum").click()
            assert await fits(page), size
            assert complaints == []
            await page.context.close()
        page, complaints = await entered(browser, origin, token, (1280, 720))
        await page.goto(f"{origin}/layar/{round_id}")
        await expect(page.locator("body")).to_have_attribute("data-state", "live")
        await expect(page.locator("#signed")).to_have_text("0")
        await sign(service, origin, SITI)
        await expect(page.locator("#signed")).to_have_text("1")
        await expect(page.locator("#complete")).to_have_text("0")
        await sign(service, origin, BUDI)
        await expect(page.locator("#percent")).to_have_text("50 %")
        await expect(page.locator("#latest li").first).to_have_text("Inspektorat Daerah")
        assert await page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
        await service.http.post(f"/api/v1/rounds/{round_id}/close", headers=service.as_admin())
        await expect(page.locator("body")).to_have_attribute("data-state", "ended")
        assert complaints == []
        await page.context.close()


ROUND = {
    "title": "Pilkada serentak",
    "election": "Pemilihan Kepala Daerah Serentak",
    "year": 2026,
    "cut_off": "2026-01-01",
    "opens_at": "2026-01-01T00:00:00Z",
    "closes_at": "2099-01-01T00:00:00Z",
}
