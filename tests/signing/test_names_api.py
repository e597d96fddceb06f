"""Names as rosters hold them: what can be printed is signed, what cannot is refused before anybody signs."""

from collections.abc import AsyncIterator

import pytest

from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound, nip_of, opened_round, person_row

PRINTABLE = ["Nur'aini Sa'diyah", "Muhammad Ro’uf", "Zulkarnaén Ibn ʿAlī", "I", "Siti " * 8 + "Rahayu", "Sri-Rejeki"]
UNPRINTABLE = ["Siti 王", "Siti 🙂", "Siti \u202eRahayu", "Siti\x9dRahayu", "Siti Rahayu" * 40, "ศรี"]


LONG_TITLE, NO_GRADE = 51, 52


@pytest.fixture(scope="module")
async def named(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    people = [person_row(n, NAMA=name) for n, name in enumerate([*PRINTABLE, *UNPRINTABLE], start=1)]
    people += [person_row(LONG_TITLE, **{"JABATAN NAMA": "Kepala Seksi " + "Pembinaan dan Pengawasan " * 24})]
    people += [person_row(NO_GRADE, **{"GOL AKHIR NAMA": ""})]
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


@pytest.mark.parametrize("number", [LONG_TITLE, NO_GRADE])
async def test_a_person_no_compiled_layout_fits_gets_one_that_does_and_signs_and_is_sealed(
    named: OpenedRound, number: int
) -> None:
    device, prepared = await named.prepared(await named.device(nip_of(number)))
    receipts = (await device.sign(prepared)).receipts
    await named.service.run_jobs()
    for receipt in receipts:
        facts = await device._call("GET", f"/documents/{receipt['id']}")
        assert facts["state"] == "sealed"
        verdict = await named.service.http.post(
            f"{API}/verifications", files={"file": ("a.pdf", await device.download(receipt["id"]))}
        )
        assert verdict.json()["verdict"] == "valid"
