"""A countersigned round in which person and official sign in different ways: every signature holds, every change is permitted."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel

from app.core.db import Database
from app.core.postgres import LocalPostgres
from app.device.signer import Device
from app.document.retimestamping import service as renewal
from app.document.sealing import Sealer
from tests.signing.acts import refusal
from tests.signing.noted_round import HEAD, head_row
from tests.signing.opened_round import nip_of
from tests.signing.providers.cases import WRONG, World
from tests.signing.providers.test_acts_api import pdfsig
from tests.signing.providers.town import Town, running_town

PROVIDERS = "device,pkcs12,bsre-v1,bsre-v2,csc-v1"
WAYS = [
    ("bsre-v1", "device"),
    ("device", "bsre-v2"),
    ("device", "pkcs12"),
    ("bsre-v2", "csc-v1"),
]


@pytest.fixture(scope="module")
async def noted(
    world: World, postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Town, Device]]:
    """A town with a countersigned round, and its official's phone."""
    asked = {"countersign": True, "pledges": ["pakta_integritas"]}
    folder = tmp_path_factory.mktemp("noted")
    async with running_town(postgres, folder, world, PROVIDERS, [head_row()], asked, seconds=2.0) as town:
        yield town, await town.known(nip_of(HEAD))


async def signed(town: Town, provider: str) -> str:
    """Somebody signs the one pledge they owe; return its document's id."""
    device = await town.signer_for(provider)
    if provider == "device":
        prepared = await device.open([o["id"] for o in await device.pending()])
        return (await device.sign(prepared)).receipts[0]["id"]
    done = await town.send(device, await town.open(device, provider))
    assert done["state"] == "signed", done
    return done["receipts"][0]["id"]


async def open_note(head: Device, ids: list[str], provider: str) -> dict[str, Any]:
    return await head._call("POST", "/me/remote-countersignatures", {"document_ids": ids, "provider": provider})


async def note(town: Town, head: Device, ids: list[str], provider: str) -> None:
    if provider == "device":
        body = {"document_ids": ids}
        prepared = await head.fetch(await head._call("POST", "/me/countersigning-sessions", body))
        await head.sign(prepared)
        return
    act = await open_note(head, ids, provider)
    assert act["kind"] == "countersign"
    done = await town.send(head, act)
    assert (done["state"], [r["id"] for r in done["receipts"]]) == ("signed", ids), done


@pytest.mark.parametrize(("person", "official"), WAYS)
async def test_person_and_official_may_sign_in_different_ways(
    noted: tuple[Town, Device], person: str, official: str
) -> None:
    town, head = noted
    document = await signed(town, person)
    waiting = await head._call("GET", "/me/countersignings")
    assert [row["document_id"] for row in waiting] == [document]
    await note(town, head, [document], official)
    assert (await head._call("GET", f"/documents/{document}"))["state"] == "countersigned"
    await town.service.run_jobs()
    assert (await town.admin("GET", f"/documents/{document}")).json()["state"] == "sealed"
    data = (await town.admin("GET", f"/documents/{document}/file")).content
    verdict = await town.verdict(data)
    assert verdict["verdict"] == "valid", verdict
    assert [s["kind"] for s in verdict["signers"]] == ["signer", "countersigner", "e_seal"]
    assert all(s["authentication"] for s in verdict["signers"][:2])
    assert (await pdfsig(data)).count("Signature is Valid.") == 3
    assert max(await asyncio.to_thread(levels, data)) == ModificationLevel.FORM_FILLING


async def test_the_archive_time_stamp_of_such_a_document_is_renewed(noted: tuple[Town, Device]) -> None:
    town, head = noted
    town.world.bsre.faults.waiting[:] = ["packed", "packed"]
    document = await signed(town, "bsre-v2")
    await note(town, head, [document], "bsre-v1")
    await town.service.run_jobs()
    async with town.service.held.get(Database).transaction() as session:
        later = town.service.clock.now() + timedelta(seconds=2)
        done = await renewal.renew(session, town.service.held.get(Sealer), before=later, after=None, now=later)
    assert (done.count > 0, done.faults) == (True, {})
    town.service.clock.advance(timedelta(seconds=5))
    data = (await town.admin("GET", f"/documents/{document}/file")).content
    verdict = await town.verdict(data)
    assert verdict["verdict"] == "valid", verdict
    assert len(PdfFileReader(io.BytesIO(data)).embedded_timestamp_signatures) == 2
    assert (await pdfsig(data)).count("Signature is Valid.") == 3
    assert max(await asyncio.to_thread(levels, data)) == ModificationLevel.FORM_FILLING


def levels(data: bytes) -> set[ModificationLevel]:
    """What pyHanko makes of the changes after each signature but the last, with its own rules."""
    found = set()
    for embedded in PdfFileReader(io.BytesIO(data)).embedded_signatures[:-1]:
        embedded.compute_integrity_info()
        found.add(embedded.diff_result.modification_level)
    return found


async def test_a_note_whose_outcome_is_unknown_is_not_made_again_until_it_is_settled(
    noted: tuple[Town, Device],
) -> None:
    town, head = noted
    document = await signed(town, "device")
    act = await open_note(head, [document], "bsre-v1")
    refused = await town.send(head, act, passphrase=WRONG)
    assert (refused["state"], refused["refusal"]["code"]) == ("prepared", "provider.passphrase_wrong")
    town.world.bsre.faults.waiting[:] = ["cut_after"]
    assert (await town.send(head, act))["state"] == "unknown"
    again = head._call("POST", "/me/countersigning-sessions", {"document_ids": [document]})
    assert await refusal(again) == (409, "remote.outcome_open")
    (call,) = await town.unknown()
    assert (call["kind"], call["document_id"]) == ("countersign", document)
    lost = {"file": ("catatan.pdf", list(town.world.bsre.files.values())[-1], "application/pdf")}
    path = f"/remote-signatures/{call['id']}/file"
    foreign = {"file": ("lain.pdf", b"%PDF-1.7\nlain", "application/pdf")}
    assert (await town.admin("POST", path, files=foreign, data={"reason": "bukan berkasnya"})).status_code == 422
    kept = await town.admin("POST", path, files=lost, data={"reason": "diunduh dari layanan"})
    assert kept.json()["state"] == "signed", kept.text
    assert (await town.read(head, act))["state"] == "signed"
    assert (await town.admin("GET", f"/documents/{document}")).json()["state"] == "countersigned"


async def test_nobody_but_the_official_opens_a_note_elsewhere(noted: tuple[Town, Device]) -> None:
    town, head = noted
    document = await signed(town, "device")
    stranger = await town.signer()
    assert await refusal(open_note(stranger, [document], "bsre-v1")) == (404, "resource.not_found")
    assert await refusal(open_note(head, [document], "device")) == (409, "remote.own_ceremony")


async def test_a_note_whose_end_shows_after_the_official_was_replaced_is_judged_at_its_own_time(
    noted: tuple[Town, Device],
) -> None:
    town, head = noted
    bsre, when = town.world.bsre, town.world.bsre.now
    early, late, unsent = [await signed(town, "device") for _ in range(3)]
    calls, files = {}, {}
    for document, stamped in ((early, when()), (late, when() + timedelta(days=2))):
        bsre.now, bsre.faults.waiting[:] = partial(lambda at: at, stamped), ["cut_after"]
        assert (await town.send(head, await open_note(head, [document], "bsre-v1")))["state"] == "unknown"
        calls |= {document: next(c["id"] for c in await town.unknown() if c["document_id"] == document)}
        files |= {document: list(bsre.files.values())[-1]}
    bsre.now = when
    opened = await open_note(head, [unsent], "bsre-v1")
    town.service.clock.advance(timedelta(seconds=30))
    successor = next(town.numbers)
    agency = (await town.unknown())[0]["agency_id"]
    await record(town, agency, successor)

    assert await refusal(town.send(head, opened)) == (409, "countersigning.document_changed")
    assert await refusal(open_note(head, [unsent], "bsre-v2")) == (404, "resource.not_found")
    given = {"files": {"file": ("a.pdf", files[early], "application/pdf")}, "data": {"reason": "diunduh dari layanan"}}
    kept = await town.admin("POST", f"/remote-signatures/{calls[early]}/file", **given)
    assert kept.json()["state"] == "signed", kept.text
    given["files"] = {"file": ("b.pdf", files[late], "application/pdf")}
    after = await town.admin("POST", f"/remote-signatures/{calls[late]}/file", **given)
    assert (after.status_code, after.json()["params"]) == (422, {"reason": "mandate_over"}), after.text
    decision = {"json": {"outcome": "not_signed", "reason": "ditandatangani sesudah masa jabatannya"}}
    decided = await town.admin("POST", f"/remote-signatures/{calls[late]}/decision", **decision)
    assert decided.json()["state"] == "not_signed", decided.text
    await town.service.run_jobs()
    states = [(await town.admin("GET", f"/documents/{one}")).json()["state"] for one in (early, late, unsent)]
    assert states == ["sealed", "signed", "signed"]
    data = (await town.admin("GET", f"/documents/{early}/file")).content
    assert (await town.verdict(data))["verdict"] == "valid"
    await record(town, agency, HEAD)
    await note(town, head, [late, unsent], "device")


async def record(town: Town, agency_id: str, number: int) -> None:
    body = {"agency_id": agency_id, "nip": nip_of(number)}
    done = await town.admin("POST", f"/rounds/{town.round_id}/countersigners", json=body)
    assert done.status_code == 201, done.text
