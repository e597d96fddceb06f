"""The refresh from SIASN against a server that has SIASN's bad days."""

from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.asn.siasn import service as siasn
from app.asn.siasn import simulator
from app.asn.siasn.client import SiasnClient
from app.asn.siasn.errors import SiasnOff, SiasnRefused, SiasnUnavailable
from app.asn.siasn.simulator import Gateway
from app.core.db import Database
from app.core.settings import Settings, SiasnSettings
from app.device.signer import API
from tests.asn.test_history_api import get, later
from tests.service import Service
from tests.signing.opened_round import nip_of, person_row

HERE = "http://siasn.test"
SETUP = SiasnSettings(
    base_url=HERE,
    token_url=f"{HERE}/oauth2/token",
    client_id=simulator.CLIENT,
    client_secret=SecretStr(simulator.SECRET),
    sso_url=f"{HERE}/sso/token",
    sso_client_id=simulator.SSO_CLIENT,
    sso_secret=SecretStr(simulator.SSO_SECRET),
    page_size=2,
    seconds=0.2,
)


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A person as the gateway tells of them, with more than is wanted."""
    return {
        "id": f"T{number}",
        "nipBaru": nip_of(number),
        "nik": "3573010101850001",
        "agama": "-",
        "nama": f"PEGAWAI {'ABCDEFGHIJ'[number % 10]}",
        "tglLahir": "01-01-1985",
        "jenisPegawaiNama": "PNS Daerah",
        "kedudukanHukumId": "01",
        "statusCpnsPns": "P",
        "golRuangAkhir": "III/b",
        "jenisJabatanId": "4",
        "jabatanNama": "Pengolah Data",
        "unorId": "A2",
        "eselonId": "99",
        **changes,
    }


async def told(gateway: Gateway, setup: SiasnSettings = SETUP) -> list[str]:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    transport = httpx.ASGITransport(app=simulator.build(gateway))
    async with httpx.AsyncClient(transport=transport) as http:
        client = SiasnClient(setup, http, pause)
        return [one["id"] async for page in client.changed_since(date(2026, 11, 1)) for one in page]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
async def test_every_page_is_read_once(count: int) -> None:
    assert await told(Gateway([person(n) for n in range(count)])) == [f"T{n}" for n in range(count)]


@pytest.mark.parametrize(
    "faults", [["expired"], ["error"], ["html"], ["slow"], ["error", "html", "expired"], ["", "error", "", "slow"]]
)
async def test_a_bad_moment_is_waited_out_and_nobody_is_lost(faults: list[str]) -> None:
    gateway = Gateway([person(n) for n in range(5)], list(faults), slow_seconds=5)
    assert await told(gateway) == [f"T{n}" for n in range(5)]
    assert gateway.faults == []


@pytest.mark.parametrize(("fault", "reason"), [("error", "500"), ("html", "html"), ("slow", "0")])
async def test_a_bad_day_is_told_as_what_it_is(fault: str, reason: str) -> None:
    with pytest.raises(SiasnUnavailable) as refused:
        await told(Gateway([person(1)], [fault] * 9, slow_seconds=5))
    assert refused.value.params == {"reason": reason}


async def test_tokens_that_are_never_accepted_end_the_refresh() -> None:
    with pytest.raises(SiasnRefused):
        await told(Gateway([person(1)], ["expired"] * 9))


@pytest.mark.parametrize(("changed", "what"), [("client_secret", "gateway"), ("sso_secret", "sso")])
async def test_wrong_credentials_are_refused_at_once_and_say_which(changed: str, what: str) -> None:
    wrong = SETUP.model_copy(update={changed: SecretStr("salah")})
    with pytest.raises(SiasnRefused) as refused:
        await told(Gateway([person(1)]), wrong)
    assert refused.value.params == {"what": what}


async def refresh(service: Service, gateway: Gateway, setup: SiasnSettings = SETUP) -> Any:
    held = service.held.get(Settings)
    given = [held.service, held.storage, held.database, held.mail, held.limits, setup]
    transport = httpx.ASGITransport(app=simulator.build(gateway))
    async with httpx.AsyncClient(transport=transport) as http, service.held.get(Database).transaction() as session:
        return await siasn.refresh(session, Settings(given=given), http, now=service.clock.now())


async def test_changed_persons_are_staged_as_an_import_and_nobody_else_is_missing(town: Service) -> None:
    await town.import_roster([person_row(n) for n in (11, 12, 13)])
    gateway = Gateway([person(11, jabatanNama="Arsiparis Terampil"), person(14), person(15, nipBaru="123")])
    staged = await refresh(town, gateway)
    counts = {name: staged.counts[name] for name in ("new", "changed", "rejected", "missing")}
    assert counts == {"new": 1, "changed": 1, "rejected": 1, "missing": 0}
    listed = await get(town, f"/roster-imports/{staged.id}")
    assert (listed["source"], listed["status"]) == ("siasn", "staged")
    reply = await town.http.post(f"{API}/roster-imports/{staged.id}/apply", headers=town.as_admin())
    assert reply.status_code == 200
    assert (await town.person(nip_of(11)))["position"] == "Arsiparis Terampil"
    assert (await town.person(nip_of(12)))["position"] == "Pengolah Data"


async def test_the_next_refresh_asks_from_a_day_before_the_last(town: Service) -> None:
    await town.import_roster([person_row(11)])
    gateway = Gateway([person(11)])
    await refresh(town, gateway)
    await later(town, 7)
    gateway.persons = []
    assert await refresh(town, gateway) is None
    assert [query["since"] for query in gateway.asked] == ["2026-10-24", "2026-11-22"]


async def test_a_failed_refresh_stages_nothing(town: Service) -> None:
    await town.import_roster([person_row(11)])
    wrong = SETUP.model_copy(update={"client_secret": SecretStr("salah")})
    with pytest.raises(SiasnRefused):
        await refresh(town, Gateway([person(11)]), wrong)
    with pytest.raises(SiasnOff):
        await refresh(town, Gateway([]), SiasnSettings())
    assert town.held.get(Settings).siasn.base_url == ""
