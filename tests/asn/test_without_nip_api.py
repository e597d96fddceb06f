"""People without NIP: imported, known again, found, asked by a round, and never given a NIP nobody gave them."""

import io
from datetime import date, timedelta
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from app.asn.nik import service as niks
from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API, Device
from tests.asn.test_history_api import get
from tests.asn.test_nik import use, with_nik
from tests.asn.uploads import all_rows, apply, changes, import_all, stage
from tests.service import ORIGIN, UNITS, Service
from tests.signing.acts import count
from tests.signing.opened_round import nip_of, post_roster

HEADER = "NIK,NOMOR PEGAWAI,NAMA,TANGGAL LAHIR,NAMA UNOR,NAMA JABATAN"
NIKS = [f"357301{day:02d}0190000{serial}" for day, serial in ((1, 1), (2, 2), (43, 3), (4, 4))]
LIST = [
    f"{NIKS[0]},THL-0001,AGUS SALIM,,Dinas Kesehatan,Sopir",
    f"{NIKS[1]},,DEWI LESTARI,,UPT Puskesmas Bareng,Petugas Kebersihan",
    ",814/0002/2019,EKO PRASETYO,05-06-1992,UPT Puskesmas Bareng,Penjaga",
    f"{NIKS[2]},THL-0004,SRI WAHYUNI,,Inspektorat Daerah,Pramusaji",
]


def listed(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


async def outcomes(town: Service, content: bytes) -> list[tuple[str, str, list[str]]]:
    return [(row["outcome"], row["change"], row["codes"]) for row in await all_rows(town, await stage(town, content))]


@pytest.fixture
async def staffed(town: Service) -> Service:
    """The town with its ASN and the four people above."""
    await town.import_roster()
    assert changes(await import_all(town, listed(*LIST))) == (4, 0, 0)
    return town


async def test_the_same_list_changes_nothing_and_nobody_of_the_other_list_is_missing(staffed: Service) -> None:
    counts = (await stage(staffed, listed(*LIST)))["counts"]
    assert (changes(counts), counts["missing"]) == ((0, 0, 4), 0)
    # Their numbers alone, or their NIKs alone, name the same people.
    numbers = listed(*(row.partition(",")[2] for row in LIST[2:3]), header=HEADER.partition(",")[2])
    assert changes((await stage(staffed, numbers))["counts"]) == (0, 0, 1)
    niks = listed(f"{NIKS[0]},AGUS SALIM,Dinas Kesehatan", header="NIK,NAMA,NAMA UNOR")
    staged = await stage(staffed, niks)
    assert (changes(staged["counts"]), staged["counts"]["missing"]) == ((0, 0, 1), 2), "two others of that agency"
    roster = (await staffed.import_roster())["counts"]
    assert (changes(roster), roster["missing"]) == ((0, 0, 6), 0)


async def test_what_is_stated_of_them_changes_like_anybodys_and_has_a_history(staffed: Service) -> None:
    moved = LIST[0].replace("Dinas Kesehatan", "Inspektorat Daerah").replace("THL-0001", "THL-0009")
    assert changes(await import_all(staffed, listed(moved, *LIST[1:]))) == (0, 1, 3)
    (person,) = await get(staffed, "/employees", nip="thl-0009")
    assert (person["nip"], person["local_number"], person["employment"]) == ("", "THL-0009", "non_asn")
    history = await get(staffed, f"/employees/{person['id']}/history", superseded=True)
    assert {(one["local_number"], one["unit"]) for one in history} == {
        ("THL-0001", "Dinas Kesehatan"),
        ("THL-0009", "Inspektorat Daerah"),
    }
    assert await get(staffed, "/employees", nip="THL-0001") == []


async def test_nobody_is_taken_in_who_could_not_be_known_again(town: Service) -> None:
    await town.import_roster()
    rows = [
        ",,TANPA NOMOR,01-02-1990,Dinas Kesehatan,Sopir",
        "3573010190,,NIK PENDEK,01-02-1990,Dinas Kesehatan,Sopir",
        ",THL-1,TANPA TANGGAL,,Dinas Kesehatan,Sopir",
        "3573010190,THL-2,NIK SALAH,01-02-1990,Dinas Kesehatan,Sopir",
    ]
    assert await outcomes(town, listed(*rows)) == [
        ("rejected", "", ["number.missing"]),
        ("rejected", "", ["nik.length"]),
        ("rejected", "", ["birth_date.missing"]),
        ("warned", "new", ["nik.unusable"]),
    ]
    asn = "NIP,NAMA,STATUS,NAMA UNOR,NIK\n,PNS TANPA NIP,PNS,Dinas Kesehatan," + NIKS[0]
    assert [codes for _, _, codes in await outcomes(town, asn.encode())] == [["nip.length"]]
    both = "NIP,NAMA,STATUS,NAMA UNOR,NIK\n-,HONORER,Tenaga Kontrak,Dinas Kesehatan," + NIKS[0]
    assert await outcomes(town, both.encode()) == [("accepted", "new", [])]


async def test_a_number_or_a_nik_is_one_persons(staffed: Service) -> None:
    twice = listed(
        f"{NIKS[3]},THL-7,SATU ORANG,,Dinas Kesehatan,Sopir",
        f"{NIKS[3]},THL-8,SATU ORANG,,Dinas Kesehatan,Sopir",
        ",THL-7,ORANG LAIN,09-09-1999,Dinas Kesehatan,Sopir",
        ",THL-0001,BUKAN AGUS,09-09-1999,Dinas Kesehatan,Sopir",
        f"{NIKS[1]},THL-0001,DEWI LESTARI,,Dinas Kesehatan,Sopir",
    )
    rows = await all_rows(staffed, await stage(staffed, twice))
    assert [(row["outcome"], row["codes"]) for row in rows] == [
        ("accepted", []),
        ("rejected", ["number.duplicate"]),
        ("rejected", ["number.duplicate"]),
        ("rejected", ["number.held"]),
        ("rejected", ["number.duplicate"]),
    ]
    assert "orang lain" in rows[2]["remedy"]
    alone = await outcomes(staffed, listed(f"{NIKS[1]},THL-0001,DEWI LESTARI,,Dinas Kesehatan,Sopir"))
    assert alone == [("rejected", "", ["number.held"])]


async def test_a_number_given_to_somebody_else_after_its_holder_left_is_theirs(staffed: Service) -> None:
    staged = await stage(staffed, listed(*LIST[1:], ",THL-0010,ORANG BARU,01-02-1990,Dinas Kesehatan,Sopir"))
    (missing,) = await all_rows(staffed, staged, path="missing")
    body = {"employee_ids": [missing["employee_id"]], "decision": "left"}
    await staffed.http.put(f"{API}/roster-imports/{staged['id']}/missing", json=body, headers=staffed.as_admin())
    assert (await apply(staffed, staged)).status_code == 200
    heir = listed(",THL-0001,ORANG LAIN,09-09-1999,Dinas Kesehatan,Sopir", LIST[0].replace("THL-0001", ""))
    assert await outcomes(staffed, heir) == [("accepted", "new", []), ("accepted", "changed", [])]


async def test_a_local_form_is_recognised_by_its_columns(town: Service) -> None:
    await town.import_roster()
    form = "DAFTAR TENAGA HARIAN LEPAS;;;;\nNo;No. KTP;Nama Lengkap;Tempat Tugas;Jabatan\n1;{};AGUS SALIM;Dinas Kesehatan;Sopir"
    staged = await stage(town, form.format(f"'{NIKS[0]}").encode())
    assert (changes(staged["counts"]), staged["layout"]["columns"]["nik"]) == ((1, 0, 0), "No. KTP")


async def test_they_are_found_inside_the_scope_by_name_and_number(staffed: Service) -> None:
    for q in ("agus salim", "THL-0001", "thl0001", "0001"):
        assert [one["name"] for one in await get(staffed, "/employees", q=q)] == ["Agus Salim"], q
    assert [one["name"] for one in await get(staffed, "/employees", q="814/0002/2019")] == ["Eko Prasetyo"]
    agencies = {one["name"]: one["id"] for one in await get(staffed, "/opd")}
    other = await staffed.token(Role.OPD_ADMIN, [agencies["Inspektorat Daerah"]])
    assert await get(staffed, "/employees", other, q="THL-0001") == []
    assert await get(staffed, "/employees", other, nip="THL-0001") == []
    auditor = await staffed.token(Role.AUDITOR)
    assert await get(staffed, "/employees", auditor, q="THL-0001") == []
    (seen,) = await get(staffed, "/employees", auditor, q="agus salim")
    assert (seen["nip"], seen["local_number"]) == ("", "******01")


async def test_a_round_that_asks_them_counts_them_and_its_documents_hold_no_nip(staffed: Service) -> None:
    only_asn = await staffed.open_round()
    assert (await staffed.compliance(only_asn))["total"]["total"] == 6
    round_id = await staffed.open_round(population={"employments": ["non_asn"]}, audience="asn_non_asn")
    told = await get(staffed, f"/rounds/{round_id}/population")
    assert (told["total"]["total"], told["total"]["without_nip"]) == (4, 4)
    (person,) = await get(staffed, "/employees", q="eko prasetyo")
    links = await staffed.http.post(
        f"{API}/activations", json={"employee_ids": [person["id"]]}, headers=staffed.as_admin()
    )
    device = Device(staffed.http, ORIGIN, "localhost")
    await device.activate(links.json()[0]["code"], date(1992, 6, 5))
    owed = await device.pending()
    signature = await device.sign(await device.open([one["id"] for one in owed]))
    assert len(signature.receipts) == len(owed)
    async with staffed.held.get(Database).transaction() as session:
        kept = await session.execute(
            text("SELECT nip, printed->>'nip' FROM participant WHERE round_id = :id"), {"id": round_id}
        )
        assert {tuple(row) for row in kept} == {("", "")}
    verdict = await staffed.http.post(
        f"{API}/verifications", files={"file": ("a.pdf", await device.download(signature.receipts[0]["id"]))}
    )
    signer = verdict.json()["signers"][0]
    assert (verdict.json()["verdict"], signer["nip"]) == ("valid", "")


async def tables_holding(service: Service, *secrets: str) -> list[str]:
    """Return the tables in some row of which one of the texts stands, whatever its column."""
    found = []
    async with service.held.get(Database).transaction() as session:
        tables = await session.execute(text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"))
        for (table,) in tables.all():
            looked = f"SELECT count(*) FROM {table} t WHERE t::text LIKE ANY (:any)"
            count = await session.execute(text(looked), {"any": [f"%{secret}%" for secret in secrets]})
            found += [table] if count.scalar_one() else []
    return found


SIASN = "NIK,NIP BARU,NAMA,JENIS PEGAWAI NAMA,UNOR ID,AGAMA NAMA,NO KTP LAMA"
MIXED = [
    f"{NIKS[0]},{nip_of(61)},SATU DUA,PNS,A1,RAHASIA,{NIKS[3]}",
    f"{NIKS[1]},{nip_of(62)},,PNS,A1,RAHASIA,{NIKS[3]}",
    f"{NIKS[2]},,HONORER BARU,Non ASN,ZZ,RAHASIA,{NIKS[3]}",
    f"35730,{nip_of(63)},TIGA EMPAT,PNS,A1,RAHASIA,{NIKS[3]}",
]


async def test_a_nik_stands_in_no_table_and_no_workbook_and_still_comes_back(town: Service) -> None:
    await town.import_roster()
    staged = await stage(town, listed(*MIXED, header=SIASN))
    assert [row["outcome"] for row in await all_rows(town, staged)] == ["accepted", "rejected", "rejected", "accepted"]
    reply = await town.http.get(f"{API}/roster-imports/{staged['id']}/corrections.xlsx", headers=town.as_admin())
    book = load_workbook(io.BytesIO(reply.content))
    told = repr([[cell.value for cell in line] for line in book.active.iter_rows()])
    assert not [secret for secret in (*NIKS, "RAHASIA") if secret in told]
    assert await tables_holding(town, *NIKS, "RAHASIA") == []
    book.active.cell(4, 5).value = "A1"
    buffer = io.BytesIO()
    book.save(buffer)
    path = f"{API}/roster-imports/{staged['id']}/corrections"
    redone = await town.http.post(path, files={"file": ("b.xlsx", buffer.getvalue())}, headers=town.as_admin())
    assert (redone.json()["counts"]["rejected"], redone.json()["counts"]["new"]) == (1, 3)
    town.clock.advance(timedelta(seconds=1))
    assert (await apply(town, redone.json())).status_code == 200
    # Known again by the NIK that came back sealed.
    again = await all_rows(town, await stage(town, listed(MIXED[2].replace("ZZ", "A1"), header=SIASN)))
    assert again[0]["change"] == "unchanged"


async def test_where_niks_are_kept_those_of_a_file_are_sealed_for_their_people(town: Service) -> None:
    await town.import_roster()
    kept = with_nik(town)
    use(town, kept)
    staged = await stage(town, listed(*MIXED, header=SIASN))
    assert [row["codes"] for row in await all_rows(town, staged)][3] == ["nik.unusable"]
    assert await count(town, "SELECT count(*) FROM roster_nik") == 1, "of rows that can be accepted"
    assert (await apply(town, staged)).status_code == 200
    assert await count(town, "SELECT count(*) FROM roster_nik") == 0
    person = await town.person(nip_of(61))
    async with town.held.get(Database).transaction() as session:
        assert await niks.open_nik(session, kept, UUID(person["id"])) == NIKS[0]
    assert await count(town, "SELECT count(*) FROM employee_nik") == 1
    assert await tables_holding(town, *NIKS) == []
    # The same file once more writes nothing anew; taken back, nothing stays.
    sealed = await count(town, "SELECT count(DISTINCT sealed_at) FROM employee_nik")
    again = await stage(town, listed(*MIXED, header=SIASN))
    assert changes(again["counts"])[2] == 2
    assert sealed == 1
    undone = await town.http.post(f"{API}/roster-imports/{staged['id']}/undo", headers=town.as_admin())
    assert undone.status_code == 200, undone.text
    assert await count(town, "SELECT count(*) FROM employee_nik") == 0


async def test_an_import_of_them_is_taken_back_whole(town: Service) -> None:
    await town.import_roster()
    reply = await post_roster(town, listed(*LIST), "thl.csv", UNITS.encode())
    town.clock.advance(timedelta(seconds=1))
    assert (await apply(town, reply.json())).status_code == 200
    undone = await town.http.post(f"{API}/roster-imports/{reply.json()['id']}/undo", headers=town.as_admin())
    assert undone.status_code == 200, undone.text
    assert await get(town, "/employees", q="agus salim") == []


def test_the_keys_of_these_tests_are_niks() -> None:
    assert all(len(nik) == 16 for nik in NIKS)
