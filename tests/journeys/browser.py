"""A real server and a real browser: what the journeys of `test_browser.py` stand on."""

import asyncio
import email
import os
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.async_api import Browser, CDPSession, Page, Playwright
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.permission import Role
from app.core.settings import DatabaseSettings, LimitSettings, MailSettings, ServiceSettings, Settings, StorageSettings
from app.identity import service as identity
from app.main import create_app
from tests.service import Service

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera that shows a moving ball
]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PICTURES = os.environ.get("PAKTA_TEST_PICTURES")
AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
DEPEND_ON_WIDTH = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")
"""The rules of axe-core whose answer a wider layout may change; the others read the same document at every width."""
# Runs before the page's own scripts: remembers every key pair that is made and how.
WATCH_KEYS = """
window.keysMade = [];
const make = SubtleCrypto.prototype.generateKey;
SubtleCrypto.prototype.generateKey = async function (...given) {
  const pair = await make.apply(this, given);
  window.keysMade.push(pair);
  return pair;
};
"""


@asynccontextmanager
async def serving(url: str, folder: Path, given: Sequence[BaseSettings] = ()) -> AsyncIterator[tuple[Service, str]]:
    """Serve the application with its jobs on a free port, `given` settings beside the usual; yield it and its origin."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    origin = f"http://localhost:{listening.getsockname()[1]}"
    settings = Settings(
        given=[
            ServiceSettings(base_url=origin, jobs=True),
            StorageSettings(data_dir=folder / "data"),
            DatabaseSettings(url=SecretStr(url), pool_size=5),
            MailSettings(url=SecretStr(f"dir://{folder}/mail")),
            LimitSettings(login_per_minute=1000),
            *given,
        ]
    )
    clock = SystemClock()
    app = create_app(settings, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(30):
            while not server.started:
                assert not running.done(), "the server did not start"
                await asyncio.sleep(0.02)
        async with httpx.AsyncClient(base_url=origin, timeout=30) as http:
            held = app.state.resources
            async with held.get(Database).transaction() as session:
                life = timedelta(days=1)
                admin = await identity.create_token(
                    session, name="admin", role=Role.BKPSDM_ADMIN, agencies=None, life=life, now=clock.now()
                )
            yield Service(app, held, clock, http, admin, folder), origin
    finally:
        server.should_exit = True
        await running


async def launch(playwright: Playwright) -> Browser:
    """Start Debian's Chromium."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "Install the Debian package `chromium` to run the browser journeys."
    return await playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)


@dataclass
class Phone:
    """A page with a 360 x 740 screen; what it complained about and what it sent."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    transferred: dict[str, int] = field(default_factory=dict)
    authenticator: tuple[CDPSession, str] | None = None

    @classmethod
    async def open(cls, browser: Browser, origin: str, *, passkeys: bool = True, language: str = "id-ID") -> "Phone":
        context = await browser.new_context(
            viewport={"width": 360, "height": 740}, locale=language, has_touch=True, accept_downloads=True
        )
        context.set_default_timeout(15_000)
        page = await context.new_page()
        phone = cls(page, origin)
        page.on("console", lambda message: phone.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: phone.complaints.append(str(error)))
        page.on("request", lambda request: phone.bodies.append(request.post_data or ""))
        await page.add_init_script(WATCH_KEYS)
        await phone._count_bytes()
        if passkeys:
            session = await context.new_cdp_session(page)
            await session.send("WebAuthn.enable")
            made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
            phone.authenticator = session, made["authenticatorId"]
        return phone

    async def _count_bytes(self) -> None:
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Network.enable")
        urls: dict[str, str] = {}
        session.on(
            "Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]})
        )
        session.on(
            "Network.loadingFinished",
            lambda event: self.transferred.update({urls.get(event["requestId"], "?"): int(event["encodedDataLength"])}),
        )

    async def go(self, path: str) -> None:
        """Open a page of the service and make sure that it fits the screen."""
        await self.page.goto(self.origin + path)
        await self.fits()

    async def fits(self) -> None:
        """No page scrolls sideways."""
        width = await self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{self.page.url} is {width} px wide"

    async def tap(self, name: str) -> None:
        """Tap the button or link with this name."""
        control = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        await control.locator("visible=true").first.click()

    async def confirm_birth_date(self, code: str, nip: str) -> None:
        """The first screen of an activation."""
        await self.go(f"/aktivasi/{code}")
        await self.page.get_by_label("Tanggal", exact=True).fill(nip[6:8])
        await self.page.get_by_label("Bulan", exact=True).fill(nip[4:6])
        await self.page.get_by_label("Tahun", exact=True).fill(nip[:4])
        await self.tap("Ya, ini saya")
        await self.page.wait_for_url("**/cara-masuk")
        await self.fits()

    async def read_everything(self, statements: int) -> None:
        """Scroll through each statement and confirm it; its button sleeps until the end was reached."""
        await self.page.locator("main[data-state=reading]").wait_for()
        for number in range(1, statements + 1):
            statement = self.page.locator("section[data-document]:visible")
            await statement.wait_for()
            confirm = statement.locator("button.confirm")
            assert await self.page.locator("#position").inner_text() == str(number)
            assert await confirm.is_disabled()
            assert await self.page.locator("#sign").is_hidden()
            await self.fits()
            await statement.locator(".end").scroll_into_view_if_needed()
            await confirm.click()
        await self.page.locator("main[data-state=confirmed][data-prepared=yes]").wait_for()

    async def refuse_verification(self, *, refuse: bool) -> None:
        """Let the finger be the wrong one, or the right one again."""
        assert self.authenticator is not None
        session, name = self.authenticator
        await session.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": not refuse})

    async def seen(self, name: str, *, judged: bool = True) -> None:
        """The page as it stands fits a phone and a desk and breaks no rule of accessibility; `PAKTA_TEST_PICTURES` keeps pictures.

        Not `judged`: the same template was, so it is only where pictures are wanted.
        """
        for width in (1280, 360):
            await self.page.set_viewport_size({"width": width, "height": 740})
            assert await self.page.evaluate("document.documentElement.scrollWidth") <= width, (self.page.url, width)
            if PICTURES:
                await self.page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
            if judged or PICTURES:
                assert await self.judged(DEPEND_ON_WIDTH if width > 360 else ()) == []

    async def judged(self, rules: Sequence[str] = ()) -> list[str]:
        """What axe-core (WCAG 2.2 A and AA, and its best practices, or these rules) finds wrong with the page as it stands."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
        found = await self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{self.page.url}: {one['id']} {node['target']} {node.get('failureSummary', '')}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    async def settled(self) -> None:
        """Wait until the page has nothing left to load."""
        await self.page.wait_for_load_state("networkidle")

    async def close(self) -> None:
        await self.page.context.close()


async def activation_code(service: Service, nip: str) -> str:
    person = await service.person(nip)
    body = {"employee_ids": [person["id"]]}
    links = await service.http.post("/api/v1/activations", json=body, headers=service.as_admin())
    assert links.status_code == 201, links.text
    return links.json()[0]["code"]


async def round_opened(service: Service, round_id: str) -> None:
    """Wait until the server's own worker has opened a round."""
    async with asyncio.timeout(30):
        while True:
            found = await service.http.get(f"/api/v1/rounds/{round_id}", headers=service.as_admin())
            if found.json()["status"] == "open":
                return
            await asyncio.sleep(0.05)


def newest_mail(folder: Path) -> str:
    """Return the text of the newest message in the mail folder."""
    newest = max((folder / "mail").glob("*.eml"))
    message: Any = email.message_from_bytes(newest.read_bytes())
    return message.get_payload(decode=True).decode()
