"""Local forms: guessed by name and content, corrected by their user, known again by their header."""

from typing import Any

import pytest

from app.device.signer import API
from tests.asn.uploads import all_rows, apply, changes, stage
from tests.service import Service
from tests.signing.opened_round import nip_of, post_roster

PEOPLE = [
    (nip_of(31), "SITI AMINAH", "UPT Puskesmas Bareng", "Perawat", "III/b"),
    (nip_of(32), "BUDI HARTONO", "Inspektorat Daerah", "Auditor", "III/c"),
    (nip_of(33), "RATNA SARI", "Dinas Kesehatan", "Analis", "IV/a"),
]


def local(header: str, rows: list[tuple[str, ...]], *titles: str) -> bytes:
    return "\n".join([*titles, header, *(";".join(row) for row in rows)]).encode()


async def put_mapping(service: Service, staged: dict[str, Any], **body: Any) -> Any:
    path = f"{API}/roster-imports/{staged['id']}/mapping"
    return await service.http.put(path, json=body, headers=service.as_admin())


async def test_a_local_form_is_guessed_by_its_names_and_read(office: Service) -> None:
    content = local("No. Induk Pegawai;Nama Lengkap;Unit Kerja;Jabatan;Gol. Ruang", PEOPLE, "DAFTAR PEGAWAI", "")
    staged = await stage(office, content)
    assert (staged["counts"]["accepted"], changes(staged["counts"])) == (3, (3, 0, 0))
    assert staged["layout"]["form"] == "local"
    assert staged["layout"]["columns"]["nip"] == "No. Induk Pegawai"
    assert [row["row"] for row in await all_rows(office, staged)] == [4, 5, 6]


async def test_a_form_with_names_nobody_knows_is_guessed_by_its_content(office: Service) -> None:
    staged = await stage(office, local("Kode;Orang;Tempat;Tugas;Ruang", PEOPLE))
    columns = staged["layout"]["columns"]
    assert staged["status"] == "staged"
    assert (columns["nip"], columns["name"], columns["unit_name"], columns["grade"]) == (
        "Kode",
        "Orang",
        "Tempat",
        "Ruang",
    )


@pytest.mark.parametrize("header", ["Lahir", "Tempat, Tgl. Lahir", "Tgl Lahir", "TTL"])
async def test_birth_dates_are_found_by_their_name_or_by_the_nips_beside_them(office: Service, header: str) -> None:
    days = ("Malang, 1 Januari 1985", "BATU, 01-01-1985", "Malang, 2 Januari 1985")
    rows = [(*person, day) for person, day in zip(PEOPLE, days, strict=True)]
    staged = await stage(office, local(f"NIP;Nama Lengkap;Unit Kerja;Jabatan;Gol;{header}", rows))
    assert staged["layout"]["columns"]["birth_date"] == header
    codes = {row["row"]: row["codes"] for row in await all_rows(office, staged)}
    assert codes == {2: [], 3: [], 4: ["birth_date.mismatch"]}


async def test_what_cannot_be_guessed_is_asked_for_once_and_then_known(office: Service) -> None:
    elsewhere = [(nip, name, "Bagian Entah", job, unit) for nip, name, unit, job, _ in PEOPLE]
    header = "NIP Pegawai;Orang;Penugasan Lain;Tugas;Lokasi"
    strange = [(*row[:4], "?" if at else row[4]) for at, row in enumerate(elsewhere)]
    staged = await stage(office, local(header, strange))
    assert (staged["status"], staged["counts"]) == ("unmapped", {})
    assert staged["layout"]["names"] == header.split(";")
    assert staged["layout"]["missing"] == ["NAMA UNOR"]
    refused = await apply(office, staged)
    assert (refused.status_code, refused.json()["code"]) == (409, "roster.not_staged")
    columns = {"nip": "NIP Pegawai", "name": "Orang", "unit_name": "Lokasi", "position": "Tugas"}
    mapped = await put_mapping(office, staged, columns=columns, name="Daftar lokal")
    assert (mapped.status_code, mapped.json()["status"]) == (200, "staged"), mapped.text
    assert (mapped.json()["counts"]["accepted"], mapped.json()["counts"]["rejected"]) == (1, 2)
    again = await stage(office, local(header.upper(), elsewhere))
    assert (again["status"], again["counts"]["accepted"]) == ("staged", 3)


async def test_a_guess_can_be_corrected(office: Service) -> None:
    swapped = [(nip, name, job, unit, unit) for nip, name, unit, job, _ in PEOPLE]
    staged = await stage(office, local("NIP;Nama;Unit Kerja Lama;Unit Kerja Baru;Jabatan", swapped))
    columns = {"nip": "NIP", "name": "Nama", "unit_name": "Unit Kerja Baru", "position": "Unit Kerja Lama"}
    mapped = await put_mapping(office, staged, columns=columns)
    assert mapped.status_code == 200, mapped.text
    assert mapped.json()["layout"]["columns"] == columns
    rows = await all_rows(office, mapped.json())
    assert [row["outcome"] for row in rows] == ["accepted"] * 3


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"nip": "NIP", "name": "Nama", "unit_name": "Nowhere"}, "Nowhere"),
        ({"nip": "NIP", "name": "Nama", "unit_name": "Unit Kerja", "religion": "NIP"}, "religion"),
        ({"nip": "NIP", "name": "Nama"}, "nip, name, unit_name"),
    ],
)
async def test_a_mapping_that_cannot_be_is_refused(office: Service, columns: dict[str, str], reason: str) -> None:
    staged = await stage(office, local("NIP;Nama;Unit Kerja;Jabatan;Golongan Ruang", PEOPLE))
    refused = await put_mapping(office, staged, columns=columns)
    assert (refused.status_code, refused.json()["code"]) == (422, "roster.mapping_invalid")
    assert refused.json()["params"]["reason"] == reason


async def test_a_file_of_no_people_is_refused_not_asked_about(office: Service) -> None:
    reply = await post_roster(office, local("Barang;Jumlah;Harga", [("Kertas", "10", "5000")]))
    assert (reply.status_code, reply.json()["params"]["reason"]) == (422, "sheet.header")
