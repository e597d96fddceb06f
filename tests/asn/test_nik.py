"""A NIK is sealed for one person, turned over to a new key, and shown to nobody."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from app.asn.nik import sealing, service
from app.asn.nik.sealing import SealBroken
from app.core.db import Database
from app.core.resources import Resources
from app.core.settings import NikSettings, Settings, StorageSettings
from app.device.signer import API
from tests.service import Service
from tests.signing.opened_round import nip_of, person_row

NIK = "3573014101850001"
TODAY = date(2026, 11, 23)


@given(st.binary(min_size=1, max_size=40), st.uuids(), st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_what_is_sealed_opens_for_the_same_person_only(master: bytes, person: Any, nik: str) -> None:
    key = sealing.derive(master)
    sealed = sealing.seal(key, person, nik)
    assert nik.encode() not in sealed
    assert sealing.unseal(key, person, sealed) == nik
    assert sealing.seal(key, person, nik) != sealed
    with pytest.raises(SealBroken):
        sealing.unseal(key, uuid4(), sealed)
    with pytest.raises(SealBroken):
        sealing.unseal(sealing.derive(master + b"x"), person, sealed)


def test_a_flipped_bit_anywhere_behind_the_key_id_is_noticed() -> None:
    key, person = sealing.derive(b"master"), uuid4()
    sealed = sealing.seal(key, person, NIK)
    for place in range(8, len(sealed)):
        spoiled = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            sealing.unseal(key, person, spoiled)


@pytest.mark.parametrize(
    ("nik", "fault"),
    [
        (NIK, None),
        ("3573010101850001", None),
        ("357301410185000", "nik.length"),
        ("35730141018500O1", "nik.length"),
        ("3573013213850001", "nik.birth_date"),
        ("3573017201850001", "nik.birth_date"),
        ("0073014101850001", "nik.characters"),
        ("3573014101850000", "nik.characters"),
    ],
)
def test_a_nik_must_hold_a_day_of_birth(nik: str, fault: str | None) -> None:
    assert sealing.fault(nik, TODAY) == fault


def with_nik(service: Service, keep: bool = True, master: str = "", former: str = "") -> Settings:
    """The settings of a service that keeps NIKs, put in place of its own."""
    held = service.held.get(Settings)
    storage = StorageSettings(data_dir=held.storage.data_dir, master_key=SecretStr(master))
    nik = NikSettings(keep=keep, previous_master_key=SecretStr(former))
    return Settings(given=[held.service, storage, held.database, held.mail, held.limits, nik])


async def put(office: Service, person: str, nik: str) -> Any:
    return await office.http.put(f"{API}/employees/{person}/nik", json={"nik": nik}, headers=office.as_admin())


def use(office: Service, settings: Settings) -> None:
    held: Resources = office.held
    held._held[Settings] = settings


async def test_a_nik_is_kept_sealed_and_no_answer_or_log_holds_it(town: Service, capfd: Any) -> None:
    await town.import_roster([person_row(11)])
    person = (await town.person(nip_of(11)))["id"]
    assert (await put(town, person, NIK)).json()["code"] == "employee.nik_off"
    settings = with_nik(town)
    use(town, settings)
    assert (await put(town, person, NIK)).status_code == 204
    said = []
    for path in (
        "",
        f"/{person}",
        f"/{person}/history?superseded=true",
        f"/{person}/data",
        f"/{person}/data?format=text",
    ):
        reply = await town.http.get(f"{API}/employees{path}", headers=town.as_admin())
        assert reply.status_code == 200
        said.append(reply.text)
    for wrong in (NIK + "1", "35730132" + NIK[8:]):
        reply = await put(town, person, wrong)
        assert reply.status_code == 422
        said.append(reply.text)
        assert wrong not in reply.text
    async with town.held.get(Database).transaction() as session:
        tables = (await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        rows = [
            (await session.execute(text(f'SELECT t::text FROM "{table}" t'))).scalars().all() for table in list(tables)
        ]
        said.append(str(rows))
        assert NIK.encode().hex() not in "".join(said)
        assert await service.open_nik(session, settings, (await town_id(session))) == NIK
    said.extend(capfd.readouterr())
    assert NIK not in "".join(said)


async def town_id(session: Any) -> Any:
    return (await session.execute(text("SELECT employee_id FROM employee_nik"))).scalar_one()


async def test_a_new_master_key_opens_everything_after_a_night_and_the_old_one_nothing(town: Service) -> None:
    await town.import_roster([person_row(11), person_row(12)])
    use(town, with_nik(town, master="lama"))
    for number in (11, 12):
        assert (await put(town, (await town.person(nip_of(number)))["id"], NIK)).status_code == 204
    async with town.held.get(Database).transaction() as session:
        without = with_nik(town, master="baru")
        assert await service.rotate(session, without, now=town.clock.now()) == (0, 2)
        both = with_nik(town, master="baru", former="lama")
        person = (await session.execute(text("SELECT min(employee_id::text)::uuid FROM employee_nik"))).scalar_one()
        assert await service.open_nik(session, both, person) == NIK
        assert await service.rotate(session, both, now=town.clock.now()) == (2, 0)
        assert await service.rotate(session, both, now=town.clock.now()) == (0, 0)
        assert await service.open_nik(session, without, person) == NIK
        with pytest.raises(SealBroken):
            await service.open_nik(session, with_nik(town, master="lama"), person)
        assert await service.open_nik(session, with_nik(town, keep=False, master="baru"), person) is None


async def test_a_deleted_nik_is_gone(town: Service) -> None:
    await town.import_roster([person_row(11)])
    person = (await town.person(nip_of(11)))["id"]
    use(town, with_nik(town))
    assert (await put(town, person, NIK)).status_code == 204
    reply = await town.http.delete(f"{API}/employees/{person}/nik", headers=town.as_admin())
    assert reply.status_code == 204
    async with town.held.get(Database).transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM employee_nik"))).scalar_one() == 0
