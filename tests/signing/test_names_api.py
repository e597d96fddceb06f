"""Names as rosters hold them: what can be printed is signed, what cannot is refused before anybody signs."""

from collections.abc import AsyncIterator

import pytest

from app.core.postgres import LocalPostgres
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound, nip_of, opened_round, person_row

PRINTABLE = ["Nur'aini Sa'diyah", "Muhammad Ro’uf", "Zulkarnaén Ibn ʿAlī", "I", "Siti " * 8 + "Rahayu", "Sri-Rejeki"]
UNPRINTABLE = ["Siti 王", "Siti 🙂", "Siti \u202eRahayu", "Siti\x9dRahayu", "Siti Rahayu" * 40, "ศรี"]


@pytest.fixture(scope="module")
async def named(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    people = [person_row(n, NAMA=name) for n, name in enumerate([*PRINTABLE, *UNPRINTABLE], start=1)]
    async with opened_round(postgres, tmp_path_factory.mktemp("names"), people) as opened:
        yield opened


@pytest.mark.parametrize("number", range(1, len(PRINTABLE) + 1))
async def test_a_name_that_can_be_printed_is_signed_and_stands_in_the_certificate(
    named: OpenedRound, number: int
) -> None:
    device, prepared = await named.prepared(await named.device(nip_of(number)))
    assert len((await device.sign(prepared)).receipts) == 2


@pytest.mark.parametrize("number", range(len(PRINTABLE) + 1, len(PRINTABLE) + len(UNPRINTABLE) + 1))
async def test_a_name_that_cannot_be_printed_is_refused_before_anything_is_signed(
    named: OpenedRound, number: int
) -> None:
    device = await named.device(nip_of(number))
    owed = [o["id"] for o in await device.pending()]
    assert await refusal(device.open(owed)) == (422, "document.not_printable")
