"""Documents over HTTP: who may see them, which bytes they are, and what is no document yet."""

import hashlib
import io
from uuid import UUID

import pytest
from PIL import Image

from app.core.blobs import BlobStore
from app.core.db import Database
from app.device.signer import API
from app.document.compiled import TemplateShelf
from app.document.models import Document
from app.document.service import file_bytes
from app.pledge.errors import PrefixChanged
from app.pledge.models import RoundPledge
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound


async def test_the_file_is_what_the_receipt_says_and_its_etag_is_its_digest(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    for receipt in receipts:
        reply = await device._request("GET", f"/documents/{receipt['id']}/file", None)
        digest = hashlib.sha256(reply.content).hexdigest()
        assert digest == receipt["sha256"]
        assert reply.headers["etag"] == f'"{digest}"'
        assert reply.headers["content-type"] == "application/pdf"
        facts = await device._call("GET", f"/documents/{receipt['id']}")
        assert (facts["state"], facts["sha256"], facts["size"]) == ("signed", digest, len(reply.content))


async def test_sealing_appends_and_never_changes_what_was_signed(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    signed = await device.download(receipts[0]["id"])
    await a_round.service.run_jobs()
    sealed = await device._request("GET", f"/documents/{receipts[0]['id']}/file", None)
    assert sealed.content.startswith(signed)
    assert len(sealed.content) > len(signed)
    assert sealed.headers["etag"] == f'"{hashlib.sha256(sealed.content).hexdigest()}"'
    facts = await device._call("GET", f"/documents/{receipts[0]['id']}")
    assert facts["state"] == "sealed"
    await a_round.service.run_jobs()
    assert await device.download(receipts[0]["id"]) == sealed.content


async def test_a_document_that_is_sealed_while_it_is_read_is_read_whole(a_round: OpenedRound) -> None:
    _, receipts = await a_round.signed()
    held = a_round.service.held
    async with held.get(Database).transaction() as session:
        document = await session.get_one(Document, UUID(receipts[0]["id"]))
        signed = document.sha256
        await a_round.service.run_jobs()  # seals it after its row was read, before its revisions are
        data = await file_bytes(session, held.get(TemplateShelf), held.get(BlobStore), document)
    assert document.state == "sealed"
    assert hashlib.sha256(data).digest() == document.sha256 != signed


async def test_a_prepared_document_is_seen_by_its_person_and_is_no_file_yet(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    document = prepared.session["documents"][0]
    page = await device._request("GET", f"/documents/{document['id']}/pages/1.png", None)
    assert Image.open(io.BytesIO(page.content)).format == "PNG"
    assert await refusal(device.download(document["id"])) == (409, "document.not_signed")
    assert await refusal(device._call("GET", f"/documents/{document['id']}/proof")) == (409, "document.not_signed")
    facts = await device._call("GET", f"/documents/{document['id']}")
    assert (facts["state"], facts["sha256"], facts["size"]) == ("prepared", None, None)


async def test_a_page_the_document_has_not_is_not_found(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    own = f"/documents/{receipts[0]['id']}/pages"
    first = await device._request("GET", f"{own}/1.png", None)
    assert first.headers["content-type"] == "image/png"
    assert await refusal(device._request("GET", f"{own}/50.png", None)) == (404, "resource.not_found")
    for page in ("0", "-1", "51", "x"):
        assert await refusal(device._request("GET", f"{own}/{page}.png", None)) == (422, "request.malformed")


async def test_a_document_that_was_given_up_has_no_pages(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    await device.open([(await device.pending())[0]["id"]])
    given_up = prepared.session["documents"][0]["id"]
    call = device._request("GET", f"/documents/{given_up}/pages/1.png", None)
    assert await refusal(call) == (404, "resource.not_found")
    assert await refusal(device.download(given_up)) == (409, "document.not_signed")


async def test_the_document_of_another_person_does_not_exist(a_round: OpenedRound) -> None:
    _, receipts = await a_round.signed()
    stranger = await a_round.device()
    for tail in ("", "/file", "/pages/1.png", "/proof"):
        call = stranger._request("GET", f"/documents/{receipts[0]['id']}{tail}", None)
        assert await refusal(call) == (404, "resource.not_found")


async def test_a_text_that_compiles_to_other_bytes_than_were_frozen_is_refused(a_round: OpenedRound) -> None:
    shelf = TemplateShelf(a_round.service.held.get(BlobStore))
    session_of = a_round.service.held.get(Database)._sessions
    async with session_of() as session:
        frozen = await session.get(RoundPledge, (UUID(a_round.id), "ikrar_netralitas"))
        assert frozen is not None
        frozen.prefixes = ["0" * 64, *frozen.prefixes[1:]]
        await session.flush()
        with pytest.raises(PrefixChanged):
            await shelf.text(session, UUID(a_round.id), "ikrar_netralitas")
        await session.rollback()
        assert (await shelf.text(session, UUID(a_round.id), "ikrar_netralitas")).title


async def test_an_unknown_document_is_not_found_for_an_admin_too(a_round: OpenedRound) -> None:
    for tail in ("", "/file", "/pages/1.png", "/proof"):
        reply = await a_round.service.http.get(
            f"{API}/documents/{UUID(int=7)}{tail}", headers=a_round.service.as_admin()
        )
        assert (reply.status_code, reply.json()["code"]) == (404, "resource.not_found")
