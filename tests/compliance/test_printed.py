"""The printed recap: archival and accessible by the structural checks, sealed (tests/journeys/test_outside_validators.py), and comparable."""

import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.recap import table
from app.compliance.recap.printed import RecapPrinter, check_code, read_check_code
from app.compliance.recap.schemas import RecapRead
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from app.pki.keyring import KeyRing
from tests.compliance.long_recap import a_long_one
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


async def test_a_sealed_file_holds_its_certificates(small: OpenedRound) -> None:
    data = await pdf(small)
    with pikepdf.open(io.BytesIO(data)) as opened:
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
