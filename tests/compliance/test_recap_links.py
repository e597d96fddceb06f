"""Addresses by which spreadsheets read the recap: figures only, until they are over or revoked."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.permission import Role
from app.device.signer import API
from tests.service import PEOPLE, Service
from tests.signing.acts import count


@pytest.fixture
async def round_id(service: Service) -> str:
    await service.import_roster()
    return await service.open_round()


async def create(service: Service, round_id: str, **body: Any) -> dict[str, Any]:
    made = await service.http.post(
        f"{API}/rounds/{round_id}/recap-links", json={"name": "Sheets"} | body, headers=service.as_admin()
    )
    assert made.status_code == 201, made.text
    return made.json()


async def test_the_address_gives_the_table_a_dashboard_sees_without_any_header(service: Service, round_id: str) -> None:
    url = (await create(service, round_id))["url"]
    read = await service.http.get(url)
    assert (read.status_code, read.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    headers = await service.token(Role.DASHBOARD)
    same = await service.http.get(f"{API}/rounds/{round_id}/recap.csv", headers=headers)
    assert read.text == same.text
    for row in PEOPLE:
        _, nip, name, *_ = row.split(",")
        assert nip not in read.text
        assert name.lower() not in read.text.lower()


async def test_names_cannot_be_asked_for(service: Service, round_id: str) -> None:
    url = (await create(service, round_id))["url"]
    agency = (await service.person("197505052000031002"))["agency_id"]
    assert (await service.http.get(url, params={"annex": agency})).text == (await service.http.get(url)).text


async def test_an_address_ends_when_it_is_over_or_revoked(service: Service, round_id: str) -> None:
    short, other = await create(service, round_id, days=1), await create(service, round_id, days=30)
    service.clock.advance(timedelta(hours=23))
    assert (await service.http.get(short["url"])).status_code == 200
    path = f"{API}/rounds/{round_id}/recap-links/{other['id']}"
    for _ in range(2):
        assert (await service.http.delete(path, headers=service.as_admin())).status_code == 204
    assert (await service.http.get(other["url"])).status_code == 404
    service.clock.advance(timedelta(hours=1))
    assert (await service.http.get(short["url"])).status_code == 404
    assert (await service.http.get(f"{API}/recap-links/unknown/recap.csv")).status_code == 404


async def test_the_token_is_shown_once_and_kept_as_its_hash(service: Service, round_id: str) -> None:
    made = await create(service, round_id)
    token = made["url"].split("/")[-2]
    listed = await service.http.get(f"{API}/rounds/{round_id}/recap-links", headers=service.as_admin())
    assert [one["id"] for one in listed.json()] == [made["id"]]
    assert token not in listed.text
    found = "SELECT count(*) FROM recap_link WHERE token_hash = sha256(convert_to(:token, 'UTF8'))"
    assert await count(service, found, token=token) == 1


async def test_a_link_of_another_round_is_not_revoked_by_this_one(service: Service, round_id: str) -> None:
    made = await create(service, round_id)
    other = await service.open_round(title="Putaran lain", cut_off="2026-11-22")
    path = f"{API}/rounds/{other}/recap-links/{made['id']}"
    assert (await service.http.delete(path, headers=service.as_admin())).status_code == 404
    assert (await service.http.get(made["url"])).status_code == 200


async def test_guessing_addresses_is_limited(service: Service, round_id: str) -> None:
    url = (await create(service, round_id))["url"]
    answers = [(await service.http.get(f"{API}/recap-links/guess{n}/recap.csv")).status_code for n in range(30)]
    assert set(answers) == {404}
    limited = await service.http.get(url)
    assert (limited.status_code, limited.json()["code"]) == (429, "request.too_many")
