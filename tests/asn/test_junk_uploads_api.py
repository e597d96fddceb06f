"""Uploads that are no roster, or hold what no roster should: refused with a reason, and never a failure."""

import io
import random
import time
import zipfile

import pytest

from app.device.signer import API
from tests.asn.test_fuzz import broken
from tests.asn.uploads import apply, as_workbook, roster, rows, stage
from tests.service import PEOPLE, UNITS, Service
from tests.signing.opened_round import person_row, post_roster


def packed(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


NOISE = random.Random(5).randbytes(1 << 20)
JUNK = {
    "pdf": b"%PDF-1.7\n" + bytes(500),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
    "zip": packed(readme=b"hello"),
    "zip that claims to be a workbook": packed(**{"xl__workbook.xml": b"<nonsense"}),
    "zip with noise for a workbook": packed(**{"xl__workbook.xml": NOISE[:1000]}),
    "empty": b"",
    "truncated workbook": as_workbook(*PEOPLE)[:-200],
    "half a workbook": as_workbook(*PEOPLE)[:1500],
    "noise": NOISE,
    "noise without zeros": NOISE.replace(b"\0", b""),
    "noise behind a zip's head": b"PK\x03\x04" + NOISE[:5000],
    "noise behind a workbook's old head": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE[:5000],
    "one endless line": b"a" * (1 << 20),
    "one endless cell": b'"' + b"a" * (1 << 20),
    "zeros": bytes(1 << 16),
    "half a letter": b"NIP BARU,NAMA\n\xc3",
    "no columns of ours": b"a,b,c\n1,2,3\n",
    "utf-16 noise": b"\xff\xfe" + NOISE[:1001],
}


@pytest.mark.parametrize("name", JUNK)
async def test_what_is_no_roster_is_refused_with_a_reason(office: Service, name: str) -> None:
    reply = await post_roster(office, JUNK[name], name)
    assert (reply.status_code, reply.json()["code"]) == (422, "roster.file_refused")
    assert reply.json()["params"]["reason"].startswith("sheet.")
    assert reply.json()["params"]["remedy"]


@pytest.mark.parametrize("name", JUNK)
async def test_what_is_no_unit_file_is_refused_with_a_reason(office: Service, name: str) -> None:
    reply = await post_roster(office, roster(*PEOPLE), units=JUNK[name])
    assert (reply.status_code, reply.json()["code"]) == (422, "roster.units_invalid")
    assert reply.json()["params"]["problems"][0]["remedy"]


async def test_a_workbook_damaged_anywhere_never_fails_the_service(office: Service) -> None:
    whole, chance = as_workbook(*PEOPLE), random.Random(11)
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        reply = await post_roster(office, bytes(damaged), "r.xlsx")
        assert reply.status_code in {201, 422}, reply.text


async def test_hostile_cells_are_kept_as_text_or_rejected(office: Service) -> None:
    odd = ["\x1b[31m", "\u202eRTL", "=1+1", "𝕊𝕚𝕥𝕚", "x" * 30_000, "\x1f", "Siti\x85Rahayu"]
    assert (
        len(roster(*[person_row(n) for n in range(101, 140)])) > 4096
    )  # what lies behind is not looked at for its form
    odd += ["\0", "A\0B"]
    lines = [person_row(n) for n in range(101, 130)]
    lines += [person_row(130 + i, **{"NAMA": name, "JABATAN NAMA": name}) for i, name in enumerate(odd)]
    lines += [person_row(150 + i, **{"NIP BARU": name, "PNS ID": name}) for i, name in enumerate(odd)]
    lines += [person_row(170 + i, **{"UNOR ID": name, "EMAIL GOV": f"{name}@b.example"}) for i, name in enumerate(odd)]
    staged = await stage(office, roster(*lines))
    assert (await apply(office, staged)).status_code == 200
    listed = await rows(office, staged, limit=1000)
    assert len(listed.json()) == len(lines)


HOSTILE = {
    "sheet.too_large": packed(**{"xl__workbook.xml": b"", "xl__worksheets__sheet1.xml": bytes(90_000_000)}),
    "sheet.macros": packed(**{"xl__workbook.xml": b"<workbook/>", "xl__vbaProject.bin": b"\xd0\xcf"}),
    "sheet.encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    "sheet.not_spreadsheet": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "sheet.old_format": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
}


@pytest.mark.parametrize("reason", HOSTILE)
async def test_hostile_files_are_refused_at_once_by_name(office: Service, reason: str) -> None:
    started = time.perf_counter()
    reply = await post_roster(office, HOSTILE[reason], "pegawai.xlsx")
    assert (reply.status_code, reply.json()["params"]["reason"]) == (422, reason)
    assert time.perf_counter() - started < 5  # a second on an idle machine


async def test_broken_unit_files_are_taken_or_refused_in_the_callers_language(town: Service) -> None:
    chance = random.Random(8)
    whole = (UNITS + "C1;" + "Seksi " * 300 + ";A1;A1;99;\n").encode()
    refused = 0
    for _ in range(40):
        reply = await post_roster(town, roster(*PEOPLE), units=broken(whole, chance))
        assert reply.status_code in {201, 422}, reply.text
        refused += reply.status_code == 422
    assert 0 < refused < 40
    files = {"file": ("r.csv", roster(*PEOPLE)), "units": ("u.csv", UNITS.replace("A1;Dinas", ";Dinas").encode())}
    headers = town.as_admin() | {"accept-language": "en"}
    told = (await town.http.post(f"{API}/roster-imports", files=files, headers=headers)).json()["params"]["problems"]
    assert told[0]["code"] == "units.id_missing"
    assert told[0]["remedy"].startswith("Fill in this unit's Id")
