"""How long an official waits who takes note of many pledges in one act, in a real browser that is as slow as a phone.

    python -m benchmarks.noting [--documents 300] [--slower 4]

A server with one process in a temporary folder; as many people of one agency sign, then their head opens the list in Chromium at
360 x 740 with the page's processor slowed down (CDP `Emulation.setCPUThrottlingRate`), goes on with all of them, reads to the end, and
taps. Each figure is in seconds on the browser's side: until the list stands, from going on until everything is hashed and the button
awake, and from the tap to the receipt. Server, database and browser share the machine; throttling slows the page's own thread, not
WebCrypto's pool. Needs Debian's `chromium`.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from app.cli.bench_http import serving, token_of
from app.core.clock import SystemClock
from app.device.signer import API, Device
from tests.journeys.browser import Phone, launch
from tests.service import HEADER, UNITS
from tests.signing.noted_round import HEAD, head_row
from tests.signing.opened_round import HEALTH, birth_date, nip_of, person_row

AT_ONCE = 4  # people who sign at the same time while the round is made ready
PATIENCE = 300_000  # milliseconds


class Office:
    """The administration of the town, over the API."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """Return what the API answers."""
        reply = await self._http.request(method, f"{API}{path}", headers=self._headers, **more)
        reply.raise_for_status()
        return reply.json()

    async def prepare(self, people: int) -> None:
        """One agency with its head, and a countersigned round over it."""
        rows = [*(person_row(n, HEALTH) for n in numbers(people)), head_row()]
        files = {
            "file": ("roster.csv", "\n".join([HEADER, *rows]).encode(), "text/csv"),
            "units": ("unor.csv", UNITS.encode(), "text/csv"),
        }
        staged = await self.call("POST", "/roster-imports", files=files)
        await self.call("POST", f"/roster-imports/{staged['id']}/apply")
        now = SystemClock().now()
        body = {
            "title": "Putaran pengukuran",
            "election": "Pemilihan Kepala Daerah Serentak",
            "year": now.year,
            "cut_off": now.date().isoformat(),
            "opens_at": (now - timedelta(minutes=1)).isoformat(),
            "closes_at": (now + timedelta(days=1)).isoformat(),
            "countersign": True,
            "pledges": ["pakta_integritas"],
        }
        made = await self.call("POST", "/rounds", json=body)
        await self.call("POST", f"/rounds/{made['id']}/open")
        while (await self.call("GET", f"/rounds/{made['id']}"))["status"] != "open":  # noqa: ASYNC110 - asks a server
            await asyncio.sleep(0.2)

    async def links(self, nips: Sequence[str]) -> dict[str, str]:
        """Return an activation code for each of some people."""
        found = [(await self.call("GET", "/employees", params={"nip": nip}))[0]["id"] for nip in nips]
        made = await self.call("POST", "/activations", json={"employee_ids": found})
        codes = {one["employee_id"]: one["code"] for one in made}
        return {nip: codes[one] for nip, one in zip(nips, found, strict=True)}


def numbers(people: int) -> list[int]:
    """Numbers of as many people, none of them the head's."""
    return [n for n in range(1, people + 2) if n != HEAD][:people]


async def sign_all(url: str, links: dict[str, str]) -> None:
    """Everybody signs the one pledge they owe."""
    waiting = list(links.items())

    async def work() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            while waiting:
                nip, code = waiting.pop()
                device = Device(http, url, "localhost")
                await device.activate(code, birth_date(nip))
                await device.sign(await device.open([one["id"] for one in await device.pending()]))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def note(page: Page, url: str) -> dict[str, float]:
    """Go through the list and the act; return the seconds of each wait."""
    told = {}
    begun = time.perf_counter()
    await page.goto(f"{url}/mengetahui")
    await page.get_by_role("button", name="Lanjutkan dengan yang dipilih").wait_for()
    told["list"] = time.perf_counter() - begun
    begun = time.perf_counter()
    await page.get_by_role("button", name="Lanjutkan dengan yang dipilih").click()
    await page.locator("main[data-prepared=yes]").wait_for()
    told["prepared"] = time.perf_counter() - begun
    await page.locator(".end").first.scroll_into_view_if_needed()
    await page.locator("button.confirm").first.click()
    await page.locator("main[data-state=confirmed]").wait_for()
    begun = time.perf_counter()
    await page.locator("#passkey").click()
    await page.wait_for_url("**/selesai/*", wait_until="load")
    told["tap_to_receipt"] = time.perf_counter() - begun
    return {name: round(seconds, 2) for name, seconds in told.items()}


async def measure(documents: int, slower: float) -> dict[str, Any]:
    """Return the seconds an official waits for."""
    with tempfile.TemporaryDirectory(prefix="pakta-bench-") as folder:
        data = Path(folder) / "data"
        async with (
            serving(data, 1) as (_, url),
            httpx.AsyncClient(base_url=url, timeout=600) as http,
            async_playwright() as playwright,
        ):
            office = Office(http, await token_of(data))
            await office.prepare(documents)
            people = [nip_of(n) for n in numbers(documents)]
            links = await office.links([*people, nip_of(HEAD)])
            head = links.pop(nip_of(HEAD))
            await sign_all(url, links)
            browser = await launch(playwright)
            phone = await Phone.open(browser, url)
            phone.page.context.set_default_timeout(PATIENCE)
            await phone.confirm_birth_date(head, nip_of(HEAD))
            await phone.tap("Buat kunci sandi")
            await phone.page.wait_for_url("**/beranda")
            devtools = await phone.page.context.new_cdp_session(phone.page)
            await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            seconds = await note(phone.page, url)
            noted = await phone.page.get_by_role("link", name="Unduh PDF").count()
            await browser.close()
    return {"documents": noted, "slower": slower, "seconds": seconds}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--slower", type=float, default=4)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.documents, given.slower))))


if __name__ == "__main__":
    main()
