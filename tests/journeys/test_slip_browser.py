"""A caretaker with a printed slip and a small phone: from the paper to the first pledge, and the history of the own account."""

import os
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Browser, async_playwright

from app.core.postgres import LocalPostgres
from app.identity.origin.service import link_of
from app.identity.slips.code import SlipPress
from tests.identity.administrator import invite
from tests.identity.test_slips_api import told
from tests.journeys.browser import AUTHENTICATOR, Phone, activation_code, launch, round_opened, serving
from tests.service import Service
from tests.web.visits import BUDI, JOKO, NUR, SITI, database_of_a_module

MOST_TAPS, MOST_TAPS_AGAIN = 4, 2
MOST_SECONDS = 60
A_TAP, A_KEY, A_WORD, A_PROMPT = 2.0, 1.0, 0.25, 5.0
"""Seconds a slow hand takes: to find and tap, to type a character (half as fast as the beginners of Card, Moran and Newell), to read a
word (240 a minute), and to answer the phone's own question for the finger. The machine's own time is none of them: a few tenths a page."""
PICTURES = os.environ.get("PAKTA_TEST_PICTURES")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    with database_of_a_module(postgres) as url:
        async with serving(url, tmp_path_factory.mktemp("slips")) as (service, origin):
            await service.import_roster()
            await round_opened(service, await service.open_round())
            yield service, origin


async def pictured(phone: Phone, name: str) -> None:
    await phone.fits()
    if PICTURES:
        await phone.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def test_a_slip_leads_to_the_first_pledge_in_four_taps(browser: Browser, site: tuple[Service, str]) -> None:
    service, origin = site
    person = await service.person(SITI)
    printed = await service.http.post(
        "/api/v1/activation-slips", json={"employee_ids": [person["id"]]}, headers=service.as_admin()
    )
    ((words, (address,)),) = told(printed.content)
    code = address.rsplit("/", 1)[1]
    assert address.startswith(f"{origin}/aktivasi/")
    assert f"{code[:5]}-{code[5:]}" in words
    phone = await Phone.open(browser, origin)
    taps, words_read = 0, 0

    async def words_to_read() -> int:
        return len((await phone.page.locator("main").inner_text()).split())

    await phone.go("/masuk")
    await pictured(phone, "masuk")
    await phone.go("/aktivasi")
    words_read += await words_to_read()
    await phone.page.get_by_label("Kode kartu").fill("00000-00000")
    await phone.tap("Lanjutkan")
    assert "Kode ini tidak berlaku" in await phone.page.get_by_role("alert").inner_text()
    await pictured(phone, "kode-salah")
    await phone.page.get_by_label("Kode kartu").fill(f"{code[:5]}-{code[5:]}".lower())
    await pictured(phone, "kode")
    await phone.tap("Lanjutkan")
    await phone.page.wait_for_url(f"**/aktivasi/{code}")
    words_read += await words_to_read()
    taps += 1
    await phone.confirm_birth_date(code, SITI)
    taps += 1
    await phone.page.locator("#passkey-way").wait_for()
    words_read += await words_to_read()
    await phone.tap("Buat kunci sandi")
    await phone.page.wait_for_url("**/beranda")
    taps += 1
    await pictured(phone, "beranda")
    await phone.tap("Baca")
    await phone.page.wait_for_url("**/tanda-tangan/*")
    taps += 1
    await phone.page.locator("main[data-state=reading]").wait_for()
    assert taps <= MOST_TAPS
    keys = len(code) + len(SITI[:8])
    assert taps * A_TAP + keys * A_KEY + words_read * A_WORD + A_PROMPT <= MOST_SECONDS, (taps, keys, words_read)
    await phone.go("/riwayat-akses")
    await pictured(phone, "riwayat")
    listed = await phone.page.locator("main").inner_text()
    for word in (
        "Kunci sandi ditambahkan",
        "Aktivasi dibuka",
        "Kartu atau tautan aktivasi diterbitkan",
        "Anda sendiri",
    ):
        assert word in listed
    assert [one for one in phone.complaints if "404" not in one] == []
    await phone.close()


@pytest.mark.parametrize(("transport", "nip"), [("usb", BUDI), ("hybrid", JOKO)])
async def test_a_key_that_is_carried_around_signs_in_at_a_desk_in_two_taps(
    browser: Browser, site: tuple[Service, str], transport: str, nip: str
) -> None:
    service, origin = site
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="id-ID")
    page = await context.new_page()
    desk = Phone(page, origin)
    page.on("console", lambda message: desk.complaints.append(message.text) if message.type == "error" else None)
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | {"transport": transport}})
    await page.goto(f"{origin}/aktivasi/{await activation_code(service, nip)}")
    for label, digits in (("Tanggal", nip[6:8]), ("Bulan", nip[4:6]), ("Tahun", nip[:4])):
        await page.get_by_label(label, exact=True).fill(digits)
    await desk.tap("Ya, ini saya")
    await page.locator("#other-key").wait_for()
    assert await page.get_by_label("PIN baru").is_visible()
    await desk.tap("Buat kunci sandi")
    await page.wait_for_url("**/beranda")
    await desk.tap("Keluar")
    await page.wait_for_url(f"{origin}/")
    await page.goto(f"{origin}/masuk?lanjut=/beranda")
    taps = 0
    await desk.tap("Masuk dengan kunci sandi")
    taps += 1
    await page.wait_for_url("**/beranda")
    await desk.tap("Baca")
    taps += 1
    await page.wait_for_url("**/tanda-tangan/*")
    await page.locator("main[data-state=reading]").wait_for()
    assert taps <= MOST_TAPS_AGAIN
    assert desk.complaints == []
    await context.close()


async def test_pages_of_the_way_in_and_of_sessions_have_nothing_axe_objects_to(
    browser: Browser, site: tuple[Service, str]
) -> None:
    service, origin = site
    phone = await Phone.open(browser, origin)
    found: list[str] = []

    async def look(name: str) -> None:
        await pictured(phone, f"{name}-360")
        found.extend(await phone.judged())
        await phone.page.set_viewport_size({"width": 1280, "height": 800})
        if PICTURES:
            await phone.page.screenshot(path=f"{PICTURES}/{name}-1280.png")
        await phone.page.set_viewport_size({"width": 360, "height": 740})

    for path in ("/masuk", "/aktivasi", "/kiosk", "/dashboard/masuk"):
        await phone.go(path)
        await phone.settled()
        await look(path.strip("/").replace("/", "-"))
    code = await activation_code(service, NUR)
    await phone.go(f"/aktivasi/{code}")
    await look("tanggal-lahir")
    await phone.confirm_birth_date(code, NUR)
    await phone.page.locator("#passkey-way").wait_for()
    await look("cara-masuk")
    await phone.tap("Buat kunci sandi")
    await phone.page.wait_for_url("**/beranda")
    other = await Phone.open(browser, origin)
    await other.go("/masuk")
    await phone.go("/riwayat-akses")
    await look("perangkat")
    assert "di sini" in await phone.page.locator("main").inner_text()
    activation = (
        await service.http.get("/api/v1/activations", params={"used": True}, headers=service.as_admin())
    ).json()[0]
    await phone.go(f"/bukan-saya/{link_of(service.held.get(SlipPress).secret, UUID(activation['id']))}")
    await look("bukan-saya")
    await phone.tap("Bukan saya")
    await phone.page.get_by_text("Akun ini dihentikan").wait_for()
    invited = await invite(service)
    await phone.go(f"/kantor/undangan/{invited['code']}")
    await look("undangan")
    await phone.tap("Buat kunci sandi dan masuk")
    await phone.page.wait_for_url("**/kantor/sesi")
    await look("kantor-sesi")
    await phone.go("/kantor/aktivasi")
    assert "Dipersoalkan" in await phone.page.locator("main").inner_text()
    await phone.page.locator("details").first.click()
    await look("kantor-aktivasi")
    assert found == []
    await phone.close()
    await other.close()
