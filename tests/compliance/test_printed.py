"""The printed recap: archival and accessible by the structural checks, sealed so that a stranger's program believes it, and comparable."""

import io
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.recap import table
from app.compliance.recap.printed import RecapPrinter, check_code, read_check_code
from app.compliance.recap.schemas import Absentee, Annex, RecapRead
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from app.pki.keyring import KeyRing
from tests.pdf.structure_check import faults, marked_texts
from tests.service import PEOPLE
from tests.signing.opened_round import OpenedRound, opened_round

SECRET = b"s" * 32


@pytest.fixture(scope="module")
async def small(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with opened_round(postgres, tmp_path_factory.mktemp("printed"), PEOPLE) as opened:
        device, prepared = await opened.prepared(await opened.device("198501012010012001"))
        await device.sign(prepared)
        opened.service.clock.advance(timedelta(minutes=1))
        yield opened


@pytest.fixture(scope="module")
async def recap(small: OpenedRound) -> RecapRead:
    reply = await small.service.http.get(f"{API}/rounds/{small.id}/recap.json", headers=small.service.as_admin())
    return RecapRead.model_validate(reply.json())


async def pdf(small: OpenedRound, headers: dict[str, str] | None = None, **params: Any) -> bytes:
    path = f"{API}/rounds/{small.id}/recap.pdf"
    reply = await small.service.http.get(path, params=params, headers=headers or small.service.as_admin())
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf"), reply.text
    return reply.content


def printer_of(small: OpenedRound) -> RecapPrinter:
    return small.service.held.get(RecapPrinter)


async def test_it_holds_the_figures_of_the_other_forms_cell_by_cell(small: OpenedRound, recap: RecapRead) -> None:
    data = await pdf(small)
    assert faults(data) == []
    texts = marked_texts(data)
    for row in table.rows(recap):
        cells = [
            *([str(row["number"])] if row["number"] else []),
            row["name"],
            *(
                f"{row[key]}"
                for key in ("pns", "cpns", "pppk", "pppk_pw", "total", "required", "signed", "pending", "exempt")
            ),
            f"{row['percent']:.2f}".replace(".", ","),
        ]
        places = [n for n, told in enumerate(texts) if texts[n : n + len(cells)] == cells]
        assert len(places) == 1, (cells, texts)
        last = row["last_signed_at"]
        assert not last or texts[places[0] + len(cells)] == f"{last:%d-%m-%Y %H.%M}"


def a_long_one(recap: RecapRead, rows: int, people: int) -> RecapRead:
    row = recap.groups[0]
    names = ["Dinas Pekerjaan Umum, Penataan Ruang, Perumahan dan Kawasan Permukiman", "X" * 120, "Ünïcode 漢字"]
    groups = [row.model_copy(update={"number": n + 1, "name": f"{names[n % 3]} {n}"}) for n in range(rows)]
    listed = [
        Absentee(number=n, name=f"NUR'AINI {n}", nip="19900303******2003", position="Perawat " * 6, unit="UPT")
        for n in range(1, people + 1)
    ]
    return recap.model_copy(
        update={"groups": groups, "annex": Annex(agency_id=recap.round_id, name="Dinas", people=listed)}
    )


@pytest.mark.parametrize(("rows", "people"), [(0, 0), (1, 0), (28, 1), (75, 90)])
async def test_any_length_passes_the_structural_checks(
    small: OpenedRound, recap: RecapRead, rows: int, people: int
) -> None:
    long = a_long_one(recap, rows, people)
    data = printer_of(small).write(long, None)
    assert faults(data) == []
    texts = marked_texts(data)
    assert texts.count("Perangkat Daerah") == 1
    assert sum("NUR'AINI" in told for told in texts) == people
    with pikepdf.open(io.BytesIO(data)) as opened:
        count = len(opened.pages)
    assert (count > 4) is (rows > 50)


async def test_a_program_that_is_not_ours_calls_the_seal_valid(small: OpenedRound, tmp_path: Path) -> None:
    pdfsig = shutil.which("pdfsig")
    assert pdfsig is not None, "Install the Debian package `poppler-utils` to judge seals."
    file = tmp_path / "recap.pdf"
    file.write_bytes(await pdf(small))
    told = subprocess.run([pdfsig, "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid.") >= 1, told  # older versions do not judge time stamps
    assert ("segel" in told, "arsip" in told, "ETSI.CAdES.detached" in told) == (True, True, True)
    assert "Total document signed" in told
    spoilt = file.read_bytes().replace(b"/Lang(id-ID)", b"/Lang(id-IX)", 1)
    file.write_bytes(spoilt)
    told = subprocess.run([pdfsig, "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." not in told


async def test_a_sealed_file_opens_in_a_strict_reader_and_holds_its_certificates(small: OpenedRound) -> None:
    data = await pdf(small)
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert opened.check_pdf_syntax() == []
        certificates = [bytes(one.read_bytes()) for one in opened.Root.DSS.Certs]
        assert small.service.held.get(KeyRing).authority.root in certificates
        assert [str(field.T) for field in opened.Root.AcroForm.Fields] == ["segel", "arsip"]
        assert all("/V" in field for field in opened.Root.AcroForm.Fields)


async def test_who_may_not_see_names_gets_none(small: OpenedRound, recap: RecapRead) -> None:
    dashboard = await small.service.token(Role.DASHBOARD)
    path = f"{API}/rounds/{small.id}/recap.pdf"
    reply = await small.service.http.get(path, params={"annex": recap.groups[0].id}, headers=dashboard)
    assert reply.status_code == 403
    auditor = await small.service.token(Role.AUDITOR)
    texts = marked_texts(await pdf(small, auditor, annex=recap.groups[0].id))
    assert [told for told in texts if re.search(r"\d{18}", told)] == []
    assert any("******" in told for told in texts)


@given(
    agencies=st.none() | st.frozensets(st.uuids(), max_size=4),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds it
    round_id=st.uuids(),
)
def test_a_check_code_says_what_it_was_made_of(agencies: frozenset[UUID] | None, at: datetime, round_id: UUID) -> None:
    code = check_code(SECRET, round_id, at, agencies)
    assert read_check_code(SECRET, code) == (round_id, at, agencies)
    assert read_check_code(b"another", code) is None
    assert read_check_code(SECRET, ("B" if code[0] == "A" else "A") + code[1:]) is None
    assert read_check_code(SECRET, code[:-4]) is None


@given(code=st.text(max_size=80))
def test_any_other_code_is_unknown(code: str) -> None:
    assert read_check_code(SECRET, code) is None
