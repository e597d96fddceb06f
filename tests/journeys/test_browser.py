"""The browser's side of the ceremony in a real Chromium against a real server."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Route, async_playwright

from app.core.postgres import LocalPostgres
from tests.journeys.browser import Phone, activation_code, launch, newest_mail, round_opened, serving
from tests.service import Service
from tests.web.visits import BUDI, JOKO, NUR, SITI, database_of_a_module

LIGHT = 60_000  # bytes of pages, styles and scripts from the activation link to the signature, on a weak network
EXPORTABLE = """async () => {
  const tried = await Promise.all(keysMade.map(({ privateKey }) =>
    Promise.all(["jwk", "pkcs8"].map((form) => crypto.subtle.exportKey(form, privateKey).then(() => "exported", (e) => e.name)))));
  return tried.flat();
}"""
STORED = """async () => ({
  databases: (await indexedDB.databases()).length, local: localStorage.length, caches: (await caches.keys()).length,
  session: Object.entries(sessionStorage),
})"""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, str]]:
    """One server with an open round for all journeys; each takes a person of its own."""
    folder = tmp_path_factory.mktemp("site")
    with database_of_a_module(postgres) as url:
        async with serving(url, folder) as (service, origin):
            await service.import_roster()
            await round_opened(service, await service.open_round())
            yield service, origin


def swap_attributes(reply: dict[str, Any]) -> None:
    first, second = reply["documents"]
    first["signed_attributes"], second["signed_attributes"] = second["signed_attributes"], first["signed_attributes"]


def add_document(reply: dict[str, Any]) -> None:
    reply["documents"].append(reply["documents"][0])


def send_issuer(reply: dict[str, Any]) -> None:
    reply["certificate"] = reply["chain"][0]


SPOILT = (
    (swap_attributes, "attributes.other"),
    (add_document, "attributes.count"),
    (send_issuer, "certificate.other_key"),
)


def spoiling(spoil: Callable[[dict[str, Any]], None]) -> Callable[[Route], Awaitable[None]]:
    """Stand between server and device and change what the server answered."""

    async def answer(route: Route) -> None:
        reply = await route.fetch()
        body = await reply.json()
        spoil(body)
        await route.fulfill(response=reply, json=body)

    return answer


async def with_passkey(browser: Browser, site: tuple[Service, str], nip: str) -> Phone:
    """A phone that has just been activated with a passkey and opened the statements."""
    service, origin = site
    phone = await Phone.open(browser, origin)
    await phone.confirm_birth_date(await activation_code(service, nip), nip)
    await phone.tap("Buat kunci sandi")
    await phone.page.wait_for_url("**/beranda")
    await phone.fits()
    await phone.tap("Baca dan tanda tangani 2 dokumen")
    await phone.page.wait_for_url("**/tanda-tangan/*")
    return phone


async def test_somebody_activates_reads_signs_downloads_and_anybody_verifies(
    browser: Browser, site: tuple[Service, str], tmp_path: Path
) -> None:
    _, origin = site
    phone = await with_passkey(browser, site, SITI)
    page = phone.page
    await phone.read_everything(2)
    own = {url: size for url, size in phone.transferred.items() if "/api/" not in url}
    assert any("ceremony.js" in url for url in own)
    assert sum(own.values()) <= LIGHT, own
    assert await page.evaluate(EXPORTABLE) == ["InvalidAccessError"] * 2
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.wait_for_url("**/selesai/*")
    await phone.settled()
    await phone.fits()
    assert "2 dokumen sudah Anda tanda tangani" in await page.locator("h1").inner_text()
    assert all(
        [await image.evaluate("image => image.naturalWidth > 0") for image in await page.locator("main img").all()]
    )
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Unduh PDF").first.click()
    file = tmp_path / "signed.pdf"
    await (await waiting.value).save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")
    public = await page.get_by_role("link", name="Halaman pemeriksaan").first.get_attribute("href")

    stranger = await Phone.open(browser, origin, passkeys=False)
    await stranger.go(public or "")
    assert await stranger.page.locator(".verdict .word").inner_text() == "SAH"
    await stranger.go("/periksa")
    await stranger.page.get_by_label("Berkas PDF").set_input_files(file)
    await stranger.tap("Periksa berkas ini")
    assert await stranger.page.locator(".verdict .word").inner_text() == "SAH"
    await stranger.fits()
    content = await stranger.page.content()
    assert SITI not in content
    assert "Siti" not in content
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    (tmp_path / "damaged.pdf").write_bytes(damaged)
    await stranger.go("/periksa")
    await stranger.page.get_by_label("Berkas PDF").set_input_files(tmp_path / "damaged.pdf")
    await stranger.tap("Periksa berkas ini")
    assert await stranger.page.locator(".verdict .word").inner_text() == "TIDAK SAH"
    for path in ("/", "/masuk", "/log", "/v/0000000000000000000000"):
        await stranger.page.goto(origin + path)
        await stranger.fits()

    sent = "\n".join(phone.bodies)
    assert "public_key" in sent
    assert not re.search(r'"d"\s*:|PRIVATE KEY|"private', sent)
    assert phone.complaints == []
    assert [one for one in stranger.complaints if "404" not in one] == []
    assert await page.evaluate(STORED) == {"databases": 0, "local": 0, "caches": 0, "session": []}
    await phone.close()
    await stranger.close()


async def test_a_pin_and_a_mailed_code_sign_where_there_is_no_passkey(
    browser: Browser, site: tuple[Service, str]
) -> None:
    service, origin = site
    phone = await Phone.open(browser, origin, passkeys=False)
    page = phone.page
    await phone.confirm_birth_date(await activation_code(service, BUDI), BUDI)
    assert await page.locator("#passkey-way").is_hidden()
    await page.get_by_label("PIN baru").fill("295817")
    await page.get_by_label("Ulangi PIN").fill("295817")
    await phone.tap("Pakai PIN")
    await page.wait_for_url("**/beranda")
    await phone.tap("Keluar")
    await phone.go("/masuk")
    await page.get_by_label("NIP").fill(BUDI)
    await page.get_by_label("PIN", exact=True).fill("295817")
    await phone.tap("Masuk dengan PIN")
    await page.wait_for_url("**/beranda")
    await phone.tap("Baca dan tanda tangani 2 dokumen")
    await phone.read_everything(2)
    await phone.tap("Kirim kode ke surel saya")
    await page.get_by_label("Kode dari surel").wait_for()
    mail = newest_mail(service.folder)
    assert await page.locator(".mark").inner_text() in mail
    await page.get_by_label("PIN Anda").fill("295817")
    await page.get_by_label("Kode dari surel").fill("000000")
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.locator("#status.problem").wait_for()
    assert "PIN atau kode salah" in await page.locator("#status").inner_text()
    found = re.search(r": (\d{8})\n", mail)
    assert found is not None
    await page.get_by_label("Kode dari surel").fill(found[1])
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.wait_for_url("**/selesai/*")
    assert [one for one in phone.complaints if "403" not in one] == []
    await phone.close()


async def test_a_reload_after_the_certificate_offers_to_begin_again(
    browser: Browser, site: tuple[Service, str]
) -> None:
    phone = await with_passkey(browser, site, NUR)
    page = phone.page
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/signatures", hold)
    await phone.read_everything(2)
    async with page.expect_request("**/signatures"):
        await phone.tap("Saya menyatakan dan menandatangani")
    await page.reload()
    await page.locator("main[data-state=interrupted]").wait_for()
    await phone.fits()
    assert await page.get_by_role("button", name="Ulangi").is_visible()
    assert not await page.locator("#passkey").is_visible()
    await page.unroute("**/signatures")
    await phone.tap("Ulangi")
    await page.locator("main[data-state=confirmed][data-prepared=yes]").wait_for()
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.wait_for_url("**/selesai/*")
    await phone.close()


async def test_what_the_device_cannot_account_for_is_never_signed_and_what_was_lost_is_sent_again(
    browser: Browser, site: tuple[Service, str]
) -> None:
    phone = await with_passkey(browser, site, JOKO)
    page = phone.page

    async def flip_one_bit(route: Route) -> None:
        reply = await route.fetch()
        body = bytearray(await reply.body())
        body[body.index(b"%PDF-") + 1000] ^= 1
        await route.fulfill(response=reply, body=bytes(body))

    await page.route("**/api/v1/me/signing-sessions/*", flip_one_bit)
    await page.reload()
    await page.locator("main[data-state=refused]").wait_for()
    assert await page.locator("main").get_attribute("data-code") == "pdf.other_digest"
    assert await page.evaluate("keysMade.length") == 0
    await page.unroute("**/api/v1/me/signing-sessions/*")
    await phone.tap("Muat ulang")
    await phone.read_everything(2)

    await phone.refuse_verification(refuse=True)
    await phone.tap("Saya menyatakan dan menandatangani")
    await page.locator("#status.problem").wait_for()
    assert await page.locator("main").get_attribute("data-code") == "NotAllowedError"
    assert await page.evaluate("keysMade.length") == 1
    await phone.refuse_verification(refuse=False)

    for spoil, code in SPOILT:
        await page.route("**/certificate", spoiling(spoil))
        await phone.tap("Saya menyatakan dan menandatangani")
        await page.locator("main[data-state=refused]").wait_for()
        assert await page.locator("main").get_attribute("data-code") == code
        await page.unroute("**/certificate")
        await phone.tap("Muat ulang")
        await phone.tap("Ulangi")
        await page.locator("main[data-state=confirmed][data-prepared=yes]").wait_for()
    assert not any('"signatures"' in body for body in phone.bodies)

    bodies: list[str | None] = []
    connected = False

    async def lose_answers(route: Route) -> None:
        bodies.append(route.request.post_data)
        if connected:
            await route.continue_()
            return
        if len(bodies) == 1:
            await route.fetch()  # the signatures arrive, only the answer is lost
        await route.abort()

    await page.route("**/signatures", lose_answers)
    await page.clock.install()
    await phone.tap("Saya menyatakan dan menandatangani")
    while await page.locator("main").get_attribute("data-state") != "lost":
        await page.clock.run_for(500)
    assert await page.locator("#passkey").is_hidden()
    connected = True
    await phone.tap("Lanjutkan")
    await page.wait_for_url("**/selesai/*")
    assert len(bodies) == 6
    assert set(bodies) == {bodies[0]}
    await phone.close()
