"""POST /verifications: what strangers learn about a file, and that no file makes it fail."""

import io
import random

import pytest
from httpx import Response
from reportlab.pdfgen.canvas import Canvas

from app.core.limits import Limits, RateLimit
from app.device.signer import API
from tests.signing.opened_round import OpenedRound


@pytest.fixture(autouse=True)
async def unhurried(a_round: OpenedRound) -> None:
    """Give every test a full allowance of verifications."""
    a_round.service.held.get(Limits).verification._buckets.clear()


async def verify(a_round: OpenedRound, data: bytes) -> Response:
    return await a_round.service.http.post(f"{API}/verifications", files={"file": ("a.pdf", data, "application/pdf")})


async def verdict(a_round: OpenedRound, data: bytes) -> dict:
    reply = await verify(a_round, data)
    assert reply.status_code == 200, reply.text
    return reply.json()


def results(found: dict) -> dict[str, str]:
    return {check["code"]: check["result"] for check in found["checks"]}


def plain_pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 720, "Undangan rapat")
    canvas.save()
    return buffer.getvalue()


@pytest.fixture(scope="module")
async def sealed(a_round: OpenedRound) -> tuple[bytes, bytes, str]:
    """A document as it was signed, as it was sealed, and its person's name."""
    device, receipts = await a_round.signed()
    signed = await device.download(receipts[0]["id"])
    await a_round.service.run_jobs()
    return (
        signed,
        await device.download(receipts[0]["id"]),
        (
            await a_round.service.http.get(
                f"{API}/rounds/{a_round.id}/obligations", params={"state": "signed"}, headers=a_round.service.as_admin()
            )
        ).json()[0]["name"],
    )


async def test_a_sealed_document_is_valid(a_round: OpenedRound, sealed: tuple[bytes, bytes, str]) -> None:
    found = await verdict(a_round, sealed[1])
    assert found["verdict"] == "valid"
    assert {"register.match", "log.inclusion"} <= set(results(found))
    assert "failed" not in results(found).values()
    assert [s["kind"] for s in found["signers"]] == ["signer", "e_seal"]


async def test_the_document_as_it_was_signed_stays_valid_after_the_seal(
    a_round: OpenedRound, sealed: tuple[bytes, bytes, str]
) -> None:
    found, later = await verdict(a_round, sealed[0]), await verdict(a_round, sealed[1])
    assert found["verdict"] == "valid"
    assert results(found)["log.inclusion"] == "passed"
    assert [s["kind"] for s in found["signers"]] == ["signer"]
    proven = [c["detail"] for v in (found, later) for c in v["checks"] if c["code"] == "log.inclusion"]
    assert proven[0] != proven[1]


async def test_strangers_see_masked_names_only(a_round: OpenedRound, sealed: tuple[bytes, bytes, str]) -> None:
    reply = await verify(a_round, sealed[1])
    signer = reply.json()["signers"][0]
    assert sealed[2] not in reply.text
    assert all(word not in reply.text for word in sealed[2].split())
    assert signer["nip"] == "19850101******2" + signer["nip"][15:]
    assert signer["name"][0] == sealed[2][0]
    assert signer["agency"] in {"Dinas Kesehatan", "Inspektorat Daerah"}
    assert "p1@" not in reply.text


async def test_any_flipped_byte_makes_it_invalid(a_round: OpenedRound, sealed: tuple[bytes, bytes, str]) -> None:
    chance = random.Random(7)
    for _ in range(12):
        at = chance.randrange(len(sealed[1]))
        changed = bytearray(sealed[1])
        changed[at] ^= 1 << chance.randrange(8)
        found = await verdict(a_round, bytes(changed))
        assert found["verdict"] != "valid", at


@pytest.mark.parametrize("tail", [b"\n", b"%", b"\n%%EOF\n", b"\0" * 1000])
async def test_appended_bytes_make_it_invalid(
    a_round: OpenedRound, sealed: tuple[bytes, bytes, str], tail: bytes
) -> None:
    found = await verdict(a_round, sealed[1] + tail)
    assert found["verdict"] == "invalid"


async def test_the_signed_part_with_another_documents_seal_is_invalid(
    a_round: OpenedRound, sealed: tuple[bytes, bytes, str]
) -> None:
    device, receipts = await a_round.signed()
    own = await device.download(receipts[0]["id"])
    assert (await verdict(a_round, own + sealed[1][len(sealed[0]) :]))["verdict"] == "invalid"


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
async def test_a_truncated_document_is_not_valid(
    a_round: OpenedRound, sealed: tuple[bytes, bytes, str], cut: float
) -> None:
    assert (await verdict(a_round, sealed[1][: int(len(sealed[1]) * cut)]))["verdict"] != "valid"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"%PDF-1.7\n", id="only a head"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="zip"),
        pytest.param(random.Random(1).randbytes(100_000), id="noise"),
        pytest.param(b"%PDF-1.7\n" + random.Random(2).randbytes(100_000), id="noise behind a head"),
        pytest.param(b"/ByteRange[0 1 2 3]/Contents<00>" * 1000, id="ranges"),
        pytest.param(plain_pdf(), id="foreign"),
    ],
)
async def test_what_is_not_ours_is_not_checked_and_says_why(a_round: OpenedRound, data: bytes) -> None:
    found = await verdict(a_round, data)
    assert found["verdict"] == "not_checked"
    assert found["reason"]
    assert found["signers"] == []


async def test_a_file_that_is_too_large_is_refused(a_round: OpenedRound) -> None:
    reply = await verify(a_round, bytes((20 << 20) + 1))
    assert (reply.status_code, reply.json()["code"]) == (413, "upload.too_large")


async def test_too_many_verifications_are_refused_with_the_time_to_wait(
    a_round: OpenedRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = a_round.service.held.get(Limits)
    monkeypatch.setitem(limits.__dict__, "verification", RateLimit(3, timer=lambda: 0.0))
    assert [(await verify(a_round, b"x")).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = await verify(a_round, b"x")
    assert refused.json()["code"] == "request.too_many"
    assert refused.json()["params"]["retry_after"] > 0


async def test_a_verification_without_a_file_is_malformed(a_round: OpenedRound) -> None:
    reply = await a_round.service.http.post(f"{API}/verifications", data={"file": "text"})
    assert (reply.status_code, reply.json()["code"]) == (422, "request.malformed")
