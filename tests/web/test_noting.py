"""The pages of an official who takes note: list, leaving out, the act, the receipt; without any script but for the act itself."""

import re
from collections.abc import AsyncIterator

import pytest

from app.core.postgres import LocalPostgres
from tests.signing.noted_round import facts, head, noted_round, signed_by
from tests.signing.opened_round import OpenedRound, nip_of
from tests.web.visits import Visit, visit_of


@pytest.fixture(scope="module")
async def noted(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with noted_round(postgres, tmp_path_factory.mktemp("noting")) as opened:
        yield opened


async def test_an_official_leaves_one_out_and_signs_the_rest(noted: OpenedRound) -> None:
    documents = [await signed_by(noted, nip_of(n)) for n in (1, 3, 5)]
    device = await head(noted)
    visit = visit_of(device, noted.service)
    home = await visit.get("/beranda")
    assert 'href="/mengetahui"' in home.text
    page = await visit.get("/mengetahui")
    assert chosen(page.text) == dict.fromkeys(documents, True)
    asked = await visit.post("/mengetahui", {"document": documents[1:], "listed": documents})
    assert (asked.status_code, names(asked.text)) == (200, 1)
    answer = {"left": documents[0], "document": documents[1:]}
    nothing = await visit.post("/mengetahui/keluarkan", answer | {"reason": " "})
    assert (nothing.status_code, names(nothing.text)) == (422, 1)
    assert chosen((await visit.get("/mengetahui")).text) == dict.fromkeys(documents, True)
    opened = await visit.post("/mengetahui/keluarkan", answer | {"reason": "<b>belum lengkap"})
    assert opened.status_code == 303, opened.text
    page = await visit.get("/mengetahui")
    assert chosen(page.text) == {documents[0]: False, documents[1]: True, documents[2]: True}
    assert "&lt;b&gt;belum lengkap" in page.text
    assert (await visit.post("/mengetahui", {"document": documents[1:], "listed": documents[1:]})).status_code == 303
    act = await visit.get(opened.headers["location"])
    assert f'<section data-document="{documents[1]} {documents[2]}"' in act.text
    assert 'data-purpose="pakta.countersign.v1"' in act.text
    await device.sign(await device.open_countersigning(documents[1:]))
    receipt = await visit.get(opened.headers["location"].replace("/tanda-tangan/", "/selesai/"))
    assert receipt.status_code == 200
    assert all(f"/api/v1/documents/{d}/file" in receipt.text for d in documents[1:])
    assert [(await facts(noted.service, d))["state"] for d in documents] == ["signed", "countersigned", "countersigned"]


async def test_several_are_left_out_with_one_reason_or_each_with_its_own(noted: OpenedRound) -> None:
    documents = [await signed_by(noted, nip_of(n)) for n in (9, 11, 13)]
    device = await head(noted)
    visit = visit_of(device, noted.service)
    await visit.get("/mengetahui")
    reasons = ["jabatan keliru", "", "salah unit"]
    await visit.post("/mengetahui/keluarkan", {"left": documents, "reason": reasons})
    kept = {one["document_id"]: one["left_out_reason"] for one in await device.countersignings(left_out=True)}
    assert [kept[d] for d in documents] == ["jabatan keliru", "jabatan keliru", "salah unit"]
    other = visit_of(await noted.service.device(nip_of(15)), noted.service)
    await other.get("/beranda")
    refused = await other.post("/mengetahui", {"listed": documents})
    assert refused.status_code == 404
    assert names(refused.text) == 0


async def test_who_takes_note_of_nothing_sees_an_empty_list(noted: OpenedRound) -> None:
    visit = visit_of(await noted.service.device(nip_of(7)), noted.service)
    assert 'href="/mengetahui"' not in (await visit.get("/beranda")).text
    page = await visit.get("/mengetahui")
    assert (page.status_code, chosen(page.text)) == (200, {})
    assert (await visit.post("/mengetahui", {})).headers["location"] == "/mengetahui"
    stranger = Visit(noted.service.http)
    assert (await stranger.get("/mengetahui")).status_code in {303, 401}


def names(page: str) -> int:
    """How many people a reason is asked about."""
    return len(re.findall(r'<input name="reason"', page))


def chosen(page: str) -> dict[str, bool]:
    boxes = re.findall(r'<input type="checkbox"[^>]*value="([0-9a-f-]{36})"([^>]*)>', page)
    return {document: "checked" in rest for document, rest in boxes}
