"""An administrator with a passkey in a real browser: invited, signed in, asked again before a dangerous act, other sessions ended."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from sqlalchemy import text

from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from tests.identity.administrator import invite
from tests.journeys.browser import Phone, launch, newest_mail, serving
from tests.service import Service
from tests.web.visits import database_of_a_module

PICTURES = os.environ.get("PAKTA_TEST_PICTURES")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture
async def site(postgres: LocalPostgres, tmp_path: Path) -> AsyncIterator[tuple[Service, str]]:
    with database_of_a_module(postgres) as url:
        async with serving(url, tmp_path) as (service, origin):
            await service.import_roster()
            yield service, origin


async def pictured(phone: Phone, name: str) -> None:
    await phone.fits()
    if PICTURES:
        await phone.page.screenshot(path=f"{PICTURES}/{name}-360.png", full_page=True)
        await phone.page.set_viewport_size({"width": 1280, "height": 800})
        await phone.page.screenshot(path=f"{PICTURES}/{name}-1280.png", full_page=True)
        await phone.page.set_viewport_size({"width": 360, "height": 740})


async def grow_stale(service: Service) -> None:
    """Let the time pass in which dangerous acts do not ask again."""
    async with service.held.get(Database).transaction() as session:
        await session.execute(text("UPDATE account_session SET confirmed_at = confirmed_at - interval '6 minutes'"))


async def test_an_administrator_joins_signs_in_confirms_and_ends_a_session(
    browser: Browser, site: tuple[Service, str]
) -> None:
    service, origin = site
    invited = await invite(service, name="Rina Pengelola")
    phone = await Phone.open(browser, origin)
    await phone.go(f"/kantor/undangan/{invited['code']}")
    await phone.page.locator("#passkey").wait_for()
    await pictured(phone, "undangan")
    await phone.tap("Buat kunci sandi dan masuk")
    await phone.page.wait_for_url("**/kantor/sesi")
    await pictured(phone, "sesi")
    await phone.tap("Keluar")
    await phone.page.wait_for_url("**/dashboard/masuk")
    await phone.page.locator("#passkey").wait_for()
    await pictured(phone, "masuk")
    await phone.refuse_verification(refuse=True)  # the wrong finger signs nobody in
    await phone.tap("Masuk dengan kunci sandi")
    await phone.page.get_by_text("Anda belum masuk").wait_for()
    await phone.refuse_verification(refuse=False)
    await phone.go("/kantor/akun")
    await phone.tap("Masuk dengan kunci sandi")
    await phone.page.get_by_text("Undang pengelola").wait_for()  # the way in stands at the same address
    await pictured(phone, "akun")

    await grow_stale(service)
    await phone.tap("Undang pengelola")
    await phone.page.wait_for_url("**/kantor/konfirmasi**")
    await pictured(phone, "konfirmasi")
    await phone.tap("Pakai kunci sandi")
    await phone.page.wait_for_url("**/kantor/akun/undang")
    await phone.page.get_by_label("Nama").fill("Bayu Pemeriksa")
    await phone.page.get_by_label("Surel").fill("bayu@kota.example")
    await phone.page.get_by_label("Peran").select_option(Role.AUDITOR.value)
    await pictured(phone, "undang")
    await phone.tap("Kirim undangan")
    link = await phone.page.locator(".card a").inner_text()
    await pictured(phone, "diundang")

    desk = await Phone.open(browser, origin)
    await desk.page.goto(link)
    await desk.tap("Buat kunci sandi dan masuk")
    await desk.page.wait_for_url("**/kantor/sesi")
    await desk.go("/kantor/riwayat")
    await pictured(desk, "riwayat")
    assert "Bayu Pemeriksa" in await desk.page.locator("main").inner_text()

    await phone.go("/kantor/akun")
    await phone.tap("Bayu Pemeriksa")
    await phone.page.get_by_role("heading", name="Sedang masuk").wait_for()
    await pictured(phone, "akun-bayu")
    await phone.tap("Akhiri semua sesinya")
    await phone.page.get_by_text("sedang tidak masuk di mana pun").wait_for()
    await desk.go("/kantor/riwayat")
    assert "/dashboard/masuk" in desk.page.url

    await phone.go("/kantor/sesi")
    await grow_stale(service)
    await phone.tap("Tambah kunci sandi")
    await phone.page.wait_for_url("**/kantor/konfirmasi**")
    await phone.tap("Pakai kunci sandi")
    await phone.page.wait_for_url("**/kantor/sesi")
    await phone.tap("Tambah kunci sandi")
    await phone.page.get_by_text("sudah terdaftar untuk akun Anda").wait_for()  # one device holds one
    complaints = [one for one in phone.complaints + desk.complaints if "403" not in one]
    assert complaints == []
    assert link.rsplit("/", 1)[1] in newest_mail(service.folder)
    await phone.close()
    await desk.close()
