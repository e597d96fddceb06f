"""Finding people as they are asked for: misspelled, in old spelling, by parts, by NIP, by unit, and inside the caller's scope only."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.asn.search import service
from app.asn.search.wanted import slips, tidy
from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.asn.test_history_api import get, later
from tests.asn.uploads import import_all, roster
from tests.service import PEOPLE, Service, running_service
from tests.signing.opened_round import NOON, new_database, nip_of, person_row

NAMES = {
    101: ("SUTJIPTO WIBOWO", "A2"),
    102: ("SUCIPTO", "A2"),
    103: ("HADISUCIPTO", "A1"),
    104: ("SUCIPTONO RAHAYU", "B1"),
    105: ("DJOKO SOEJONO", "B1"),
    106: ("JOKO SUYONO", "A1"),
    107: ("ACHMAD CHAIRUL", "A1"),
    108: ("AHMAD KHAIRUL", "A2"),
    109: ("ANDRÉ MA'RUF", "A2"),
    110: ("SITI RAHAYUNINGSIH", "A1"),
    111: ("SINTA BARENG", "B1"),
    112: ("RATNA SCUIPTO", "A2"),
}


@pytest.fixture(scope="module")
async def people(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """An application of this module's own: others would add people who are found too."""
    rows = [person_row(n, unit=unit, **{"NAMA": name, "GELAR DEPAN": "Dr."}) for n, (name, unit) in NAMES.items()]
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("search"), NOON) as service:
            await service.import_roster([*PEOPLE, *rows])
            yield service


async def names(service: Service, q: str, headers: dict[str, str] | None = None, **params: Any) -> list[str]:
    found = await get(service, "/employees", headers, q=q, **params)
    return [person["name"].removeprefix("Dr. ") for person in found]


@pytest.mark.parametrize("q", ["Sutjipto", "sucipto", "SOETJIPTO", "Succipto", "Dr. Sucipto, S.Kom., M.Si."])
async def test_old_and_new_spelling_find_the_same_people_whole_words_first(people: Service, q: str) -> None:
    assert await names(people, q) == ["Sucipto", "Sutjipto Wibowo", "Suciptono Rahayu", "Hadisucipto", "Ratna Scuipto"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("Joko Suyono", ["Djoko Soejono", "Joko Suyono"]),
        ("djoko soejono", ["Djoko Soejono", "Joko Suyono"]),
        ("Akhmad", ["Achmad Chairul", "Ahmad Khairul"]),
        ("khairul ahmad", ["Achmad Chairul", "Ahmad Khairul"]),
        ("Maruf", ["André Ma'ruf"]),
        ("andre", ["André Ma'ruf"]),
        ("ma’ruf", ["André Ma'ruf"]),
    ],
)
async def test_spelling_accents_and_apostrophes_do_not_matter(people: Service, q: str, found: list[str]) -> None:
    assert await names(people, q) == found


@pytest.mark.parametrize("q", ["Scuipto", "Suciptp", "Ucipto", "Suciipto", "Sucpto"])
async def test_one_slip_of_the_pen_is_forgiven(people: Service, q: str) -> None:
    assert "Sucipto" in await names(people, q)


async def test_every_word_must_be_in_the_name_and_their_order_does_not_matter(people: Service) -> None:
    assert await names(people, "rahayu sucip") == ["Suciptono Rahayu"]
    assert await names(people, "siti rahayu") == ["Siti Rahayu, S.Kom., M.Si.", "Siti Rahayuningsih"]
    assert await names(people, "sitti rahayuu") == ["Siti Rahayu, S.Kom., M.Si.", "Siti Rahayuningsih"]
    assert await names(people, "siti sucipto") == []


@pytest.mark.parametrize("q", [nip_of(105), "19850101 201001 2 105", "2010012105", "2105", "2010 01 2105"])
async def test_a_nip_is_found_from_any_printed_group_on(people: Service, q: str) -> None:
    assert await names(people, q) == ["Djoko Soejono"]


async def test_a_name_and_a_part_of_the_nip_narrow_each_other(people: Service) -> None:
    assert await names(people, "19850101 sucipto") == await names(people, "sucipto")
    assert await names(people, "1970 sucipto") == []


async def test_people_of_a_unit_so_named_come_last(people: Service) -> None:
    found = await names(people, "bareng")
    assert found[0] == "Sinta Bareng"
    assert set(found[1:]) >= {"Sutjipto Wibowo", "Sucipto", "Joko Susilo, A.Md."}
    assert await names(people, "sucipto puskesmas") == ["Sucipto", "Sutjipto Wibowo", "Ratna Scuipto"]


async def test_pages_hold_everybody_once_and_in_the_same_order(people: Service) -> None:
    for q in ("sucipto", "a", "ba", "puskesmas", "rahayu", "1985", "ra"):
        whole = await names(people, q, limit=1000)
        assert whole, q
        assert len(set(whole)) == len(whole), q
        for size in (1, 3):
            paged, url = [], f"{API}/employees?q={q}&limit={size}"
            while url:
                reply = await people.http.get(url, headers=people.as_admin())
                paged += [person["name"].removeprefix("Dr. ") for person in reply.json()]
                url = reply.links["next"]["url"] if "next" in reply.links else ""
            assert paged == whole, (q, size)


async def test_a_scoped_caller_finds_and_reads_the_own_agency_only(people: Service) -> None:
    agencies = {a["name"]: a["id"] for a in await get(people, "/opd")}
    own = agencies["Inspektorat Daerah"]
    token = await people.token(Role.OPD_ADMIN, [own])
    assert await names(people, "sucipto", token) == ["Suciptono Rahayu"]
    assert await names(people, "sucipto", token, opd=agencies["Dinas Kesehatan"]) == []
    assert await names(people, "puskesmas", token) == []
    assert await names(people, nip_of(102), token) == []
    assert await names(people, "khairul", token) == []
    async with people.held.get(Database).transaction() as session:
        for way in ("seqscan", "bitmapscan"):  # which are as good for so few people, without statistics
            await session.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = await session.execute(
            text(
                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) SELECT word FROM employee_term "
                "WHERE agency_id = :own AND word >= 'sucipto' AND word < 'sucipto~'"
            ),
            {"own": own},
        )
        assert "Rows Removed" not in "\n".join(plan.scalars())


async def test_filters_narrow_what_is_found(people: Service) -> None:
    person = await people.person(nip_of(103))
    assert await names(people, "sucipto", unit=person["unit_id"]) == ["Hadisucipto"]
    assert await names(people, "sucipto", opd=person["agency_id"], employment="pppk") == []
    assert await names(people, "joko", employment="pppk") == ["Joko Susilo, A.Md."]


async def test_an_auditor_cannot_ask_for_the_digits_that_are_masked(people: Service) -> None:
    token = await people.token(Role.AUDITOR)
    assert await names(people, "2010012105", token) == []
    assert await names(people, nip_of(105), token) == ["Djoko Soejono"]


@pytest.mark.parametrize(
    "q", ["", " ", "'", "%", "_", "\\", "., -", "😀", "%_%", "' OR 1=1 --", "qwrtpsdfghklmnbvc", "O'", "ﷺ"]
)
async def test_nonsense_finds_nobody_and_breaks_nothing(people: Service, q: str) -> None:
    reply = await people.http.get(f"{API}/employees", params={"q": q}, headers=people.as_admin())
    assert reply.status_code == 200
    assert reply.json() == []


@pytest.mark.parametrize("cursor", ["x", "MQ", "OR9h", "Nx9hH2IfeB95"])
async def test_a_foreign_cursor_is_refused(people: Service, cursor: str) -> None:
    reply = await people.http.get(f"{API}/employees", params={"q": "a", "cursor": cursor}, headers=people.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "list.cursor")


async def test_who_is_renamed_moves_or_leaves_is_found_as_they_are_now(town: Service) -> None:
    await town.import_roster([person_row(11, NAMA="DEWI ANGGRAENI"), person_row(12, NAMA="TONO", unit="B1")])
    assert await names(town, "anggraeni") == ["Dewi Anggraeni"]
    await later(town, 1)
    await import_all(town, roster(person_row(11, NAMA="DEWI KARTIKA", unit="B1")))
    assert await names(town, "anggraeni") == []
    agencies = {a["name"]: a["id"] for a in await get(town, "/opd")}
    former = await town.token(Role.OPD_ADMIN, [agencies["Dinas Kesehatan"]])
    assert await names(town, "kartika", former) == []
    assert await names(town, "kartika") == ["Dewi Kartika"]


@given(st.text(alphabet="abcdefghij", min_size=4, max_size=9), st.data())
@settings(max_examples=200, deadline=None)
def test_words_one_slip_apart_share_a_key(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    other = data.draw(st.sampled_from("abcdefghij"))
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    for changed in (
        *(word[:place] + word[place + 1 :], word[:place] + other + word[place:]),
        *(word[:place] + other + word[place + 1 :], swapped),
    ):
        assert set(slips(word)) & set(slips(changed))


def test_degrees_behind_a_comma_are_left_out_and_names_are_not() -> None:
    assert tidy("Siti Rahayu, S.Kom., M.Si.").split() == ["Siti", "Rahayu"]
    assert tidy("Rahayu, Siti").split() == ["Rahayu", "Siti"]
    assert tidy("19680411 199303 1 009").strip() == "196804111993031009"


@pytest.mark.parametrize(
    "cell", ["ab" * 20_000, "a" * 40_000, "h." * 20_000, "x " * 20_000, "\u0301" * 40_000, "ﷺ" * 5_000]
)
async def test_a_name_of_any_length_is_folded_in_no_time(people: Service, cell: str) -> None:
    async with people.held.get(Database).transaction() as session:
        await session.execute(text("SET LOCAL statement_timeout = '1s'"))
        folded = await session.execute(text("SELECT length(pakta_fold_name(:cell))"), {"cell": cell})
        assert folded.scalar_one() <= 300


async def test_a_name_in_units_is_found_alike_where_few_and_where_many_stand_there(
    people: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await names(people, "sucipto puskesmas")
    assert whole == ["Sucipto", "Sutjipto Wibowo", "Ratna Scuipto"]
    own = await people.token(Role.OPD_ADMIN, [(await people.person(nip_of(102)))["agency_id"]])
    assert await names(people, "sucipto puskesmas", own) == whole
    monkeypatch.setattr(service, "_FEW_STAFF", 1)
    for size in (1, 2, 50):
        assert await names(people, "sucipto puskesmas", limit=size) == whole[:size]
        assert await names(people, "sucipto puskesmas", own, limit=size) == whole[:size]


async def test_words_of_before_units_were_noted_are_found_in_their_units(
    people: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await names(people, "sucipto puskesmas")
    monkeypatch.setattr(service, "_FEW_STAFF", 1)
    async with people.held.get(Database).transaction() as session:
        await session.execute(text("UPDATE employee_term SET unit_id = NULL"))
    assert await names(people, "sucipto puskesmas") == whole
