"""An official in a real browser: the list, one opened, some left out with a reason, the rest signed in one act."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from app.core.postgres import LocalPostgres
from app.device.signer import Device
from tests.journeys.browser import Phone, activation_code, launch, round_opened, serving
from tests.service import Service
from tests.signing.noted_round import HEAD, head_row
from tests.signing.opened_round import HEALTH, birth_date, nip_of, person_row
from tests.web.visits import database_of_a_module

PEOPLE = range(1, 6)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    """One server with a countersigned round, and an agency whose people have signed."""
    with database_of_a_module(postgres) as url:
        async with serving(url, tmp_path_factory.mktemp("noting")) as (service, origin):
            await service.import_roster([*(person_row(n, HEALTH) for n in PEOPLE), head_row()])
            await round_opened(service, await service.open_round(countersign=True, pledges=["pakta_integritas"]))
            for number in PEOPLE:
                await sign_with(service, origin, nip_of(number))
            yield service, origin


async def sign_with(service: Service, origin: str, nip: str) -> None:
    device = Device(service.http, origin, "localhost")
    await device.activate(await activation_code(service, nip), birth_date(nip))
    await device.sign(await device.open([one["id"] for one in await device.pending()]))


async def test_a_head_opens_one_leaves_two_out_and_signs_the_rest_in_one_act(
    browser: Browser, site: tuple[Service, str]
) -> None:
    service, origin = site
    phone = await Phone.open(browser, origin)
    page = phone.page
    await phone.confirm_birth_date(await activation_code(service, nip_of(HEAD)), nip_of(HEAD))
    await phone.tap("Buat kunci sandi")
    await page.wait_for_url("**/beranda")
    await phone.seen("mengetahui-beranda", judged=False)
    await phone.tap("Lihat daftarnya")
    await page.get_by_text("5 dari 5 dipilih").wait_for()
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Buka dokumen").first.click()
    opened = await opening.value
    await opened.wait_for_load_state()
    assert await opened.evaluate("document.images[0].naturalWidth") > 500
    await opened.close()
    boxes = page.get_by_role("checkbox")
    for place in (2, 4):
        await boxes.nth(place).focus()
        await page.keyboard.press("Space")  # no finger is needed
    await page.get_by_text("3 dari 5 dipilih").wait_for()
    await phone.seen("mengetahui")
    await phone.tap("Lanjutkan dengan yang dipilih")
    reasons = page.locator("input[name=reason]")
    assert await reasons.count() == 2
    await reasons.first.fill("Jabatannya belum diperbarui")
    await phone.seen("mengetahui-alasan")
    await phone.tap("lanjutkan dengan 3 pernyataan")
    await page.locator("main[data-state=reading]").wait_for()
    await page.locator("a.file:visible").first.wait_for()
    await phone.seen("mengetahui-baca")
    await phone.read_everything(1)
    await phone.seen("mengetahui-tanda-tangan")
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.wait_for_url("**/selesai/*")
    assert await page.get_by_role("link", name="Unduh PDF").count() == 3
    await phone.seen("mengetahui-selesai")
    await phone.go("/mengetahui")
    assert await page.get_by_text("Anda keluarkan: Jabatannya belum diperbarui").count() == 2
    assert await page.get_by_role("checkbox", checked=True).count() == 0
    await phone.seen("mengetahui-sisa", judged=False)
    assert phone.complaints == []
    await phone.close()
