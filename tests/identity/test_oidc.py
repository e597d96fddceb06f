"""Signing in with the agency's sign-on: a real provider, and tokens no provider would sign."""

import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.db import Database
from app.core.oidc_settings import OidcSettings
from app.core.postgres import LocalPostgres
from app.device.authenticator import b64
from app.identity.errors import OidcUnavailable
from app.identity.oidc import service as oidc
from app.identity.oidc.claims import Ended
from app.identity.oidc.provider import KEYS_PAUSE, OidcProvider
from app.signing.act import unb64
from tests.identity.administrator import administrator
from tests.identity.oidc_server import SECRET, Web, at_provider, listening, real_provider
from tests.service import Service, running_service
from tests.web.visits import Visit, database_of_a_module

NIP, JOKO, RATNA = "198501012010012001", "198802022023211004", "198004042005012005"
BUDI = "197505052000031002"
NURAINI_AT_SIASN = "P3"


@dataclass
class Sso:
    """The service with a real provider beside it; `ticks` is the time its metadata and keys are kept by."""

    service: Service
    issuer: str
    web: Web
    logout: str
    ticks: list[float] = field(default_factory=lambda: [0.0])

    def use(self, **changes: Any) -> None:
        given = {
            "issuer": self.issuer,
            "client_id": "pakta",
            "client_secret": SecretStr(SECRET),
            "skew_seconds": 300,  # our clock stands still, the provider's does not
        } | changes
        provider = OidcProvider(OidcSettings(**given), timer=lambda: self.ticks[0])
        self.service.held.add(OidcProvider, provider)

    async def back(self, hint: str, visit: Visit, begin: str = "/masuk/sso") -> str:
        async with httpx.AsyncClient() as browser:
            return await at_provider(visit, hint, browser, begin)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
async def town(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sso]:
    web, folder = Web({"/logout": {}}), tmp_path_factory.mktemp("sso")
    with database_of_a_module(postgres) as url:
        async with listening(web.reply) as logout, running_service(url, folder, datetime.now(UTC)) as service:
            await service.import_roster()
            with real_provider(free_port(), f"{logout}/logout") as issuer:
                yield Sso(service, issuer, web, f"{logout}/logout")


@pytest.fixture
def sso(town: Sso) -> Sso:
    """The same for every test; each takes people of its own."""
    town.use()
    return town


async def test_a_person_of_the_roster_comes_in_and_chooses_what_to_sign_with(sso: Sso) -> None:
    visit = Visit(sso.service.http)
    assert "/masuk/sso?lanjut=/beranda" in (await visit.get("/masuk")).text
    entered = await visit.get(await sso.back(NIP, visit))
    assert (entered.status_code, entered.headers["location"]) == (303, "/cara-masuk")
    await visit.get("/cara-masuk")
    chosen = await visit.post("/cara-masuk", {"pin": "295817", "again": "295817"})
    assert chosen.headers["location"] == "/beranda", chosen.text
    history = (await visit.get("/riwayat-akses")).text
    assert "PIN dibuat" in history
    assert "Masuk" in history
    again = Visit(sso.service.http)
    assert (await again.get(await sso.back(NIP, again))).headers["location"] == "/beranda"
    await again.get("/beranda")
    made_up = {"id": "x", "rawId": "x", "type": "public-key", "response": {}}
    given = {"json": made_up, "headers": {"x-csrf-token": again.csrf}}
    one_more = await again._send("POST", "/api/v1/me/passkeys", **given)
    assert (one_more.status_code, one_more.json()["code"]) == (401, "identity.login_needed")
    refused = await again.post("/cara-masuk", {"pin": "664209", "again": "664209"})
    assert refused.status_code == 303  # to the sign-in page: who has a way changes it by a slip
    assert refused.headers["location"].startswith("/masuk")


async def test_a_person_may_be_named_by_siasns_id(sso: Sso) -> None:
    sso.use(person_claim="pns_id", person_is="pns_id")
    visit = Visit(sso.service.http)
    assert (await visit.get(await sso.back(NURAINI_AT_SIASN, visit))).status_code == 303
    assert "Nur" in (await visit.get("/cara-masuk")).text


async def test_an_administrator_comes_by_the_agency_first_and_needs_the_passkey_of_that_account(sso: Sso) -> None:
    begin = "/masuk/sso?lanjut=/dashboard/masuk"
    person, other = await sso.service.person(BUDI), await administrator(sso.service)
    admin = await administrator(sso.service, employee_id=person["id"])
    desk = Visit(sso.service.http)
    assert begin in (await desk.get("/dashboard/masuk")).text
    back = await desk.get(await sso.back(BUDI, desk, begin))
    assert (back.status_code, back.headers["location"]) == (303, "/dashboard/masuk")
    admin.cookies = desk.cookies  # the browser in which the agency's sign-on has vouched
    for path in ("/sessions", "/accounts", "/me/obligations"):
        assert await admin.code("GET", path) == (401, "identity.login_needed")  # alone it opens nothing
    options = await admin.told("POST", "/sessions/passkey-options", {})
    assert options["credentials"] == [b64(admin.passkey.credential_id)]
    wrong = other.passkey.get(unb64(options["challenge"]))
    assert await admin.code("POST", "/sessions", wrong) == (403, "account.refused")
    await admin.sign_in()
    assert len(await admin.told("GET", "/sessions")) == 2
    async with sso.service.held.get(Database).transaction() as session:
        subject = text("SELECT oidc_subject FROM account_session WHERE oidc_subject IS NOT NULL AND ended_at IS NULL")
        named = (await session.execute(subject)).scalar_one()
        ended = Ended(named, None, sso.service.clock.now())
        await oidc.logout(session, ended, now=sso.service.clock.now())
    assert await admin.code("GET", "/sessions") == (401, "identity.login_needed")  # signed out there is signed out here
    stranger = Visit(sso.service.http)
    refused = await stranger.get(await sso.back(JOKO, stranger, begin))
    assert (refused.status_code, "account.refused" in refused.text) == (403, True)


@pytest.mark.parametrize("hint", ["198501012010012999", "PX", "nobody"])
async def test_a_stranger_to_the_roster_is_told_so_and_nobody_is_created(sso: Sso, hint: str) -> None:
    async def counts() -> list[int]:
        async with sso.service.held.get(Database).transaction() as session:
            tables = ("login_session", "employee")
            return [(await session.execute(text(f"SELECT count(*) FROM {one}"))).scalar_one() for one in tables]

    visit, before = Visit(sso.service.http), await counts()
    refused = await visit.get(await sso.back(hint, visit))
    assert refused.status_code == 403
    assert "tidak tercatat pada daftar pegawai" in refused.text
    assert await counts() == before


async def test_an_answer_that_is_not_ours_opens_nothing(sso: Sso) -> None:
    async def reason(visit: Visit, path: str) -> str:
        refused = await visit.get(path)
        assert refused.status_code == 403, path
        return re.search(r"belum masuk \((\w+)\)", refused.text)[1]

    visit = Visit(sso.service.http)
    good = await sso.back(JOKO, visit)
    assert await reason(Visit(sso.service.http), good) == "browser"  # a link made for somebody else
    assert await reason(visit, re.sub(r"state=[^&]+", "state=other", good)) == "state"
    assert await reason(visit, re.sub(r"&iss=[^&]+", "", good)) == "iss"
    assert await reason(visit, re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", good)) == "iss"
    assert await reason(visit, re.sub(r"code=[^&]+", "error=access_denied", good)) == "denied"
    assert await reason(visit, re.sub(r"code=[^&]+", "code=made-up", good)) == "code"
    kept = dict(visit.cookies)
    assert (await visit.get(good)).status_code == 303
    visit.cookies = kept
    assert await reason(visit, good) == "code"  # used before
    late = await sso.back(JOKO, visit)
    sso.service.clock.advance(timedelta(minutes=10, seconds=1))
    try:
        assert await reason(visit, late) == "browser"
    finally:
        sso.service.clock.advance(-timedelta(minutes=10, seconds=1))


async def test_a_provider_that_changes_its_key_is_followed(sso: Sso) -> None:
    visit = Visit(sso.service.http)
    assert (await visit.get(await sso.back(JOKO, visit))).status_code == 303
    port = free_port()
    with real_provider(port, sso.logout, "first") as issuer:
        sso.use(issuer=issuer)
        assert (await visit.get(await sso.back(JOKO, visit))).status_code == 303
    with real_provider(port, sso.logout, "second"):
        sso.ticks[0] += KEYS_PAUSE
        visit = Visit(sso.service.http)
        assert (await visit.get(await sso.back(JOKO, visit))).status_code == 303


async def test_signing_out_there_signs_out_here(sso: Sso) -> None:
    visit, other = Visit(sso.service.http), Visit(sso.service.http)
    async with httpx.AsyncClient() as browser:
        await visit.get(await at_provider(visit, RATNA, browser))
        await other.get(await sso.back(RATNA, other))  # the same person, another session there
        page = await browser.get(f"{sso.issuer}/session/end")
        xsrf = re.search(r'name="xsrf" value="(\w+)"', page.text)[1]
        await browser.post(f"{sso.issuer}/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"})
    ((token,),) = [posted["logout_token"] for posted in sso.web.posted]
    assert (await visit.get("/cara-masuk")).status_code == 200
    told = await sso.service.http.post("/oidc/backchannel-logout", data={"logout_token": token})
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
    assert (await visit.get("/cara-masuk")).status_code == 303
    assert (await other.get("/cara-masuk")).status_code == 200
    made_up = await sso.service.http.post("/oidc/backchannel-logout", data={"logout_token": token[:-4] + "AAAA"})
    assert (made_up.status_code, made_up.json()["error"]) == (400, "invalid_request")


async def test_without_a_provider_there_is_no_button_and_no_page(service: Service) -> None:
    visit = Visit(service.http)
    assert "/masuk/sso" not in (await visit.get("/masuk")).text
    for path in ("/masuk/sso", "/masuk/sso/kembali"):
        assert (await visit.get(path)).status_code == 404


async def test_a_provider_that_is_away_or_names_itself_otherwise_is_refused() -> None:
    web = Web()
    async with listening(web.reply) as issuer:
        for document in (None, {"issuer": "https://evil.example"}, {"issuer": issuer}, []):
            web.documents = {"/.well-known/openid-configuration": document}
            with pytest.raises(OidcUnavailable):
                await OidcProvider(OidcSettings(issuer=issuer, client_id="pakta")).metadata()
    with pytest.raises(OidcUnavailable):
        await OidcProvider(OidcSettings(issuer=issuer, client_id="pakta")).metadata()
    with pytest.raises(OidcUnavailable):
        await OidcProvider(OidcSettings(issuer="http://sso.example", client_id="pakta")).metadata()
