"""Spoiled rosters through the whole service: every row gets the outcome and the code it is owed, duplicates too."""

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest

from app.device.signer import API
from tests.asn.rosters import SIASN, SPOILS, person, roster, table, write
from tests.asn.uploads import all_rows, apply, changes
from tests.opd.units import csv_text, unit_records
from tests.service import Service
from tests.signing.opened_round import post_roster

UNIT_FILE = csv_text(unit_records()).encode()


async def staged(town: Service, content: bytes, name: str = "roster.csv") -> dict[str, Any]:
    reply = await post_roster(town, content, name, UNIT_FILE)
    assert reply.status_code == 201, reply.text
    return reply.json()


def as_csv(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([SIASN, *([row[column] for column in SIASN] for row in rows)])
    return text.getvalue().encode()


@pytest.mark.parametrize("form", ["siasn", "short"])
@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
async def test_every_row_gets_the_outcome_it_is_owed(town: Service, tmp_path: Path, form: str, suffix: str) -> None:
    for seed in (5, 6):
        rows, truth = roster(400, seed, dirt=0.35)
        assert {how for how, _, _ in truth.values()} == SPOILS.keys()
        path = write(tmp_path / f"{seed}{suffix}", {"Profil ASN": table(rows, form)})
        found = {row["row"]: row for row in await all_rows(town, await staged(town, path.read_bytes(), path.name))}
        assert found.keys() == set(range(2, 402))
        for number, row in found.items():
            how, owed, code = truth.get(number, ("clean", "accepted", None))
            if how == "number_cell" and suffix == ".csv":
                continue  # Text again: a CSV keeps all digits.
            if form == "short" and how == "birth_mismatch":
                owed, code = "accepted", None
            if how == "formula" and suffix == ".xlsx" and "name.missing" in row["codes"]:
                code = "name.missing"
            assert (number, how, row["outcome"], code is None or code in row["codes"]) == (number, how, owed, True)


async def test_of_one_nip_the_first_acceptable_row_stays(town: Service) -> None:
    whole = person(1, random.Random(1))
    nameless, repaired = whole | {"NAMA": ""}, whole | {"NIP BARU": whole["NIP BARU"].replace("0", "O", 1)}
    found = await all_rows(town, await staged(town, as_csv(nameless, whole, whole, repaired)))
    assert [row["codes"] for row in found] == [
        ["name.missing"],
        [],
        ["nip.duplicate"],
        ["nip.duplicate", "repaired.characters"],
    ]
    assert "baris 3" in found[2]["remedy"]


async def test_a_duplicate_says_where_the_first_one_stands(town: Service, tmp_path: Path) -> None:
    rows, _ = roster(3, 4, dirt=0)
    sheets = {"PNS": table(rows, "siasn"), "Salinan": table(rows[:1], "siasn")}
    path = write(tmp_path / "a.xlsx", sheets)
    found = await all_rows(town, await staged(town, path.read_bytes(), "a.xlsx"))
    copies = [row for row in found if row["sheet"] == "Salinan"]
    assert [(row["row"], row["codes"]) for row in copies] == [(2, ["nip.duplicate"])]
    assert "baris 2 (PNS)" in copies[0]["remedy"]


async def test_of_two_people_who_claim_one_nip_the_first_stays_and_the_second_is_told_so(town: Service) -> None:
    first = person(1, random.Random(1))
    second = first | {"PNS ID": "OTHER", "NAMA": "ORANG LAIN"}
    found = await all_rows(town, await staged(town, as_csv(first, second)))
    assert [(row["outcome"], row["codes"]) for row in found] == [("accepted", []), ("rejected", ["nip.duplicate"])]
    assert "pegawai lain di baris 2" in found[1]["remedy"]


async def test_whoever_has_the_nip_on_the_roster_keeps_it_against_an_earlier_row(town: Service) -> None:
    holder = person(1, random.Random(1))
    assert (await apply(town, await staged(town, as_csv(holder)))).status_code == 200
    other = holder | {"PNS ID": "OTHER", "NAMA": "ORANG LAIN"}
    found = await all_rows(town, await staged(town, as_csv(other, holder)))
    assert [(row["outcome"], row["change"]) for row in found] == [("rejected", ""), ("accepted", "unchanged")]
    alone = await all_rows(town, await staged(town, as_csv(other)))
    assert (alone[0]["outcome"], alone[0]["codes"]) == ("rejected", ["nip.duplicate"])


async def test_twins_and_namesakes_are_different_people(town: Service) -> None:
    one = person(1, random.Random(1))
    serial = f"{(int(one['NIP BARU'][-3:]) + 1) % 900 + 1:03d}"
    twin = one | {"PNS ID": "TWIN", "NIP BARU": one["NIP BARU"][:-3] + serial}
    counts = (await staged(town, as_csv(one, twin)))["counts"]
    assert (counts["accepted"], changes(counts)) == (2, (2, 0, 0))


async def test_a_second_reading_of_the_same_file_says_the_same_as_the_first(town: Service, tmp_path: Path) -> None:
    rows, _ = roster(200, 9, dirt=0.3)
    sheets = {"Z": table(rows[:100], "siasn"), "A": table([*rows[100:], *rows[:5]], "siasn")}
    content = write(tmp_path / "a.xlsx", sheets).read_bytes()
    first, again = await staged(town, content, "a.xlsx"), await staged(town, content, "again.xlsx")
    assert first["id"] != again["id"]
    assert first["counts"] == again["counts"]
    assert await all_rows(town, first) == await all_rows(town, again)


async def test_remedies_are_told_in_the_readers_language(town: Service) -> None:
    nameless = person(1, random.Random(1)) | {"NAMA": ""}
    made = await staged(town, as_csv(nameless))
    told = {}
    for language in ("id", "en"):
        headers = town.as_admin() | {"accept-language": language}
        reply = await town.http.get(f"{API}/roster-imports/{made['id']}/rows", headers=headers)
        told[language] = reply.json()[0]["remedy"]
    assert told == {
        "id": "Nama kosong. Isi nama pegawai sebagai teks.",
        "en": "The name is empty. Enter the person's name as text.",
    }
    headers = town.as_admin() | {"accept-language": "en"}
    reply = await town.http.post(f"{API}/roster-imports", files={"file": ("x.xlsx", b"%PDF-1.7")}, headers=headers)
    assert reply.status_code in {409, 422}
    reply = await town.http.post(
        f"{API}/roster-imports",
        files={"file": ("x.xlsx", b"%PDF-1.7"), "units": ("u.csv", UNIT_FILE)},
        headers=headers,
    )
    assert reply.json()["remedy"].startswith("This file is neither")
