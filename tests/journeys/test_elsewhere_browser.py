"""Signing through BSrE's simulator in a real browser: wrong and right passphrase, an end nobody saw, and what is done about it."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, async_playwright

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.settings import NikSettings
from app.core.signing_settings import SigningSettings
from app.device.signer import API
from app.simulator import bsre, csc
from app.simulator.authority import make_authority
from app.simulator.people import BUILT_IN, PASSPHRASE, TOTP
from tests.journeys.browser import Phone, launch, round_opened, serving
from tests.service import Service
from tests.signing.opened_round import nip_of, person_row
from tests.signing.providers.cases import WRONG, bsre_settings, csc_settings, served
from tests.web.visits import Visit, activated, database_of_a_module, office


@dataclass
class Site:
    """A server whose people may sign through simulated services or on paper; `numbers` gives people nobody has used yet."""

    service: Service
    origin: str
    gateway: bsre.Gateway
    csc: csc.Service
    numbers: Any

    async def phone(self, browser: Browser) -> Phone:
        """The phone of somebody new whom the gateway knows, on the home page."""
        nip = nip_of(next(self.numbers))
        employee = await self.service.person(nip)
        path = f"{API}/employees/{employee['id']}/nik"
        kept = await self.service.http.put(path, json={"nik": BUILT_IN[0].nik}, headers=self.service.as_admin())
        assert kept.status_code == 204, kept.text
        phone = await self._signed_in(browser, await activated(self.service, nip))
        await phone.go("/beranda")
        return phone

    async def office(self, browser: Browser) -> Phone:
        """The browser of the personnel office."""
        return await self._signed_in(browser, await office(self.service, Role.BKPSDM_ADMIN))

    async def _signed_in(self, browser: Browser, visit: Visit) -> Phone:
        phone = await Phone.open(browser, self.origin, passkeys=False)
        cookies = [{"name": name, "value": value, "url": self.origin} for name, value in visit.cookies.items()]
        await phone.page.context.add_cookies(cookies)
        return phone


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("elsewhere")
    authority = make_authority("BSrE", datetime.now(UTC))
    gateway = bsre.Gateway(authority, lambda: datetime.now(UTC), shape="json")
    with database_of_a_module(postgres) as url:
        remote = csc.Service(authority, lambda: datetime.now(UTC))
        async with served(bsre.build(gateway)) as gateway_url, served(csc.build(remote)) as csc_url:
            roots = authority.write_root(folder / "root.pem")
            given = [
                SigningSettings(providers="device,bsre-v1,csc-v2,wet_scan"),
                bsre_settings(gateway_url, roots=roots),
                csc_settings(csc_url, roots=roots),
                NikSettings(keep=True),
            ]
            async with serving(url, folder, given) as (service, origin):
                await service.import_roster([person_row(n) for n in range(1, 7)])
                await round_opened(service, await service.open_round(pledges=["pakta_integritas"]))
                yield Site(service, origin, gateway, remote, count(1))


async def to_the_passphrase(phone: Phone, service: str = "BSrE") -> None:
    """From the home page through the statement to the field."""
    await phone.tap(f"Tanda tangani 1 dokumen lewat {service}")
    await phone.page.locator("main[data-state=reading]").wait_for()
    await phone.page.locator(".end").scroll_into_view_if_needed()
    await phone.page.locator("button.confirm").click()
    await phone.page.locator("main[data-state=confirmed]").wait_for()


async def send(phone: Phone, passphrase: str) -> None:
    await phone.page.get_by_label("Passphrase BSrE Anda").fill(passphrase)
    await phone.page.keyboard.press("Enter")


async def test_a_wrong_passphrase_is_told_and_the_right_one_signs(browser: Browser, site: Site) -> None:
    phone = await site.phone(browser)
    page = phone.page
    await phone.seen("lewat-beranda")
    await to_the_passphrase(phone)
    await phone.seen("lewat-passphrase")
    await send(phone, WRONG)
    await page.get_by_text("Passphrase, PIN, atau kode sekali pakai salah").wait_for()
    assert await page.locator("main").get_attribute("data-code") == "provider.passphrase_wrong"
    assert await page.get_by_label("Passphrase BSrE Anda").input_value() == ""
    await phone.seen("lewat-salah", judged=False)
    await page.get_by_role("link", name="Saya tidak bersedia").locator("visible=true").click()
    await page.get_by_label("Alasan Anda").fill("Jabatan saya keliru")
    await phone.seen("menolak")
    await phone.tap("Lanjutkan")
    await phone.seen("menolak-yakin", judged=False)
    await phone.tap("Kembali membaca dan menandatangani")
    await page.locator("main[data-state=confirmed]").wait_for()  # what was read is remembered
    await send(phone, PASSPHRASE)
    await page.wait_for_url("**/selesai/*")
    await phone.seen("lewat-selesai", judged=False)
    for secret, sent in ((WRONG, 1), (PASSPHRASE, 1)):
        assert sum(secret in body for body in phone.bodies) == sent
        assert secret not in await page.content()
        assert not any(secret in url for url in phone.transferred)
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert phone.complaints == []
    await phone.close()


async def test_a_service_that_wants_pin_and_code_is_given_both_and_a_cut_connection_is_settled_first(
    browser: Browser, site: Site
) -> None:
    phone, remote = await site.phone(browser), "layanan tanda tangan jarak jauh"
    page, site.csc.both = phone.page, True
    await to_the_passphrase(phone, remote)
    await phone.seen("lewat-csc")
    pin, code = page.get_by_label(f"Passphrase {remote} Anda"), page.get_by_label(f"Kode sekali pakai {remote}")
    for given in ((WRONG, TOTP), (PASSPHRASE, ""), ("", TOTP)):
        await pin.fill(given[0])
        await code.fill(given[1])
        async with page.expect_response(lambda reply: reply.request.method == "GET" and "/me/remote-" in reply.url):
            await page.keyboard.press("Enter")
        await pin.wait_for()
        await page.get_by_text("Passphrase, PIN, atau kode sekali pakai salah").wait_for()
        assert (await pin.input_value(), await code.input_value()) == ("", "")
    site.csc.faults.waiting[:] = ["cut_after"]
    await sign_both(phone, pin, code)
    await page.get_by_role("heading", name="Kami belum tahu").wait_for()
    await phone.seen("belum-pasti-csc", judged=False)
    assert await page.get_by_label("Berkas PDF").count() == 0  # a raw signature is of no use to anybody
    desk = await site.office(browser)
    await desk.go("/kantor/belum-pasti")
    await desk.page.locator("summary").last.click()
    await desk.page.get_by_label("Bagaimana Anda mengetahuinya?").fill("Layanan tidak menyimpan tanda tangan")
    await desk.tap("Catat putusan ini")
    await desk.page.get_by_text("Putusan tercatat").wait_for()
    await page.reload()
    await page.wait_for_url("**/beranda")
    await to_the_passphrase(phone, remote)
    await sign_both(phone, pin, code)
    await page.wait_for_url("**/selesai/*")
    kept = await page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert not any(secret in text for text in (kept, *phone.transferred) for secret in (PASSPHRASE, TOTP))
    assert phone.complaints + desk.complaints == []
    await phone.close()
    await desk.close()


async def sign_both(phone: Phone, pin: Locator, code: Locator) -> None:
    await pin.fill(PASSPHRASE)
    await code.fill(TOTP)
    await phone.page.keyboard.press("Enter")


async def test_an_end_nobody_saw_is_asked_about_until_it_is_known(browser: Browser, site: Site) -> None:
    phone = await site.phone(browser)
    page = phone.page
    await to_the_passphrase(phone)
    site.gateway.faults.waiting[:] = [
        "none",
        "html_error",
        "html_error",
    ]  # signed, but twice the file cannot be fetched
    await send(phone, PASSPHRASE)
    await page.get_by_role("heading", name="Kami belum tahu").wait_for()
    await phone.seen("belum-pasti")
    signed = site.gateway.faults.signed
    await phone.go("/beranda")
    assert await page.get_by_role("button", name="tanda tangan").count() == 0
    await phone.seen("belum-pasti-beranda", judged=False)
    await phone.tap("Lihat apa yang terjadi")
    await page.get_by_label("Berkas PDF").set_input_files(
        {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 bukan"}
    )
    await phone.tap("Serahkan berkas")
    await page.get_by_text("bukan dokumen yang kami kirim").wait_for()
    await phone.tap("Tanyakan lagi sekarang")
    await page.get_by_role("alert").or_(page.get_by_text("belum dapat memastikan")).wait_for()
    await phone.seen("belum-pasti-lagi", judged=False)
    desk = await site.office(browser)
    await desk.go("/kantor/belum-pasti")
    await desk.page.get_by_text("tetapi berkasnya tidak dapat diambil").wait_for()
    await desk.tap("Tanyakan lagi sekarang")
    await desk.page.get_by_text("Ternyata sudah ditandatangani").wait_for()
    await phone.page.reload()
    await page.wait_for_url("**/selesai/*")
    assert site.gateway.faults.signed == signed
    await phone.close()
    await desk.close()


async def test_the_office_decides_that_nothing_was_signed_and_it_is_asked_for_again(
    browser: Browser, site: Site
) -> None:
    phone = await site.phone(browser)
    await to_the_passphrase(phone)
    site.gateway.faults.waiting[:] = ["cut_before"]
    await send(phone, PASSPHRASE)
    await phone.page.get_by_role("heading", name="Kami belum tahu").wait_for()
    desk = await site.office(browser)
    await desk.go("/kantor/belum-pasti")
    for summary in await desk.page.locator("summary").all():
        await summary.click()
    await desk.seen("kantor-belum-pasti")
    await desk.page.get_by_label("Bagaimana Anda mengetahuinya?").fill("Portal BSrE tidak memuat dokumen ini")
    await desk.tap("Catat putusan ini")
    await desk.page.get_by_text("Putusan tercatat").wait_for()
    await desk.seen("kantor-belum-pasti-kosong", judged=False)
    await desk.go("/kantor/kunci")
    await desk.seen("kantor-kunci")
    await phone.page.reload()
    await phone.page.wait_for_url("**/beranda")
    assert await phone.page.get_by_role("button", name="Tanda tangani 1 dokumen lewat BSrE").is_visible()
    assert [one for one in desk.complaints + phone.complaints if "409" not in one] == []
    await phone.close()
    await desk.close()


def sheet() -> dict[str, Any]:
    """A photograph of a signed sheet, as a phone hands it in."""
    out = io.BytesIO()
    Image.new("RGB", (1200, 1700), "#f4f1e8").save(out, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def test_a_scan_from_the_phone_is_refused_with_a_reason_handed_in_again_and_accepted(
    browser: Browser, site: Site
) -> None:
    phone, desk = await site.phone(browser), await site.office(browser)
    page = phone.page
    await phone.tap("Saya menandatangani di kertas")
    await page.get_by_label("Foto atau pindaian").set_input_files(sheet() | {"buffer": b"GIF89a"})
    await phone.tap("Serahkan")
    await page.get_by_text("bukan PDF, JPEG, atau PNG").wait_for()
    await phone.seen("pindaian")
    for decision in ("refused", "accepted"):
        await page.get_by_label("Foto atau pindaian").set_input_files(sheet())
        await phone.tap("Serahkan")
        await page.get_by_text("Kami terima pada").wait_for()
        await desk.go("/kantor/pindaian")
        await desk.tap("Periksa")
        assert (
            await desk.page.locator("img.sheet").evaluate("image => image.decode().then(() => image.naturalWidth)")
            > 1000
        )
        if decision == "accepted":
            await desk.tap("Terima pindaian ini")
            await desk.page.get_by_text("Pindaian diterima").wait_for()
            break
        await phone.seen("pindaian-menunggu", judged=False)
        await desk.page.get_by_text("Tidak dapat diterima").click()
        await desk.page.get_by_label("Alasan").fill("Bagian bawah lembar terpotong.")
        await desk.seen("kantor-pindaian-satu")
        await desk.tap("Tolak pindaian ini")
        await desk.page.get_by_text("Pindaian ditolak").wait_for()
        await phone.go("/pindaian")
        await page.get_by_text("Bagian bawah lembar terpotong.").wait_for()
        await phone.seen("pindaian-ditolak", judged=False)
    await phone.go("/beranda")
    await page.get_by_text("Sudah Anda tanda tangani").wait_for()
    assert [one for one in desk.complaints + phone.complaints if "422" not in one] == []
    await phone.close()
    await desk.close()
