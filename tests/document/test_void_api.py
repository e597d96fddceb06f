"""A signed document is voided: it stays, its obligation is owed again, and everybody is told."""

import email
import io
from typing import Any

import pytest

from app.compliance import counting
from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API
from app.document.jobs import tell_void
from tests.signing.acts import count, mails
from tests.signing.opened_round import OpenedRound

REASON = "Naskah putaran sebelumnya yang terpasang"


async def void(a_round: OpenedRound, document_id: str, **more: Any) -> Any:
    body = {"reason": REASON, "ground": "wrong_template"} | more
    path = f"{API}/documents/{document_id}/void"
    return await a_round.service.http.post(path, json=body, headers=a_round.service.as_admin())


async def verdict(a_round: OpenedRound, pdf: bytes) -> dict[str, Any]:
    files = {"file": ("a.pdf", io.BytesIO(pdf), "application/pdf")}
    return (await a_round.service.http.post(f"{API}/verifications", files=files)).json()


async def test_a_voided_document_stays_and_is_owed_again(a_round: OpenedRound) -> None:
    service = a_round.service
    device, receipts = await a_round.signed()
    await service.run_jobs()
    document = receipts[0]["id"]
    before = (await service.compliance(a_round.id))["total"]
    done = await void(a_round, document)
    assert (done.status_code, done.json()["state"], done.json()["void_ground"]) == (200, "void", "wrong_template")
    after = (await service.compliance(a_round.id))["total"]
    assert (after["signed"], after["pending"]) == (before["signed"] - 1, before["pending"] + 1)
    assert [o["pledge"] for o in await device.pending()] == [
        (await service.http.get(f"{API}/documents/{document}", headers=service.as_admin())).json()["pledge"]
    ]
    logged = "SELECT count(*) FROM log_entry WHERE subject_id = :id AND kind = 'document.voided'"
    assert await count(service, logged, id=document) == 1
    again = await device.sign(await device.open([o["id"] for o in await device.pending()]))
    assert again.receipts[0]["id"] != document
    assert (await service.compliance(a_round.id))["total"] | {"percent": 0} == before | {"percent": 0}
    async with service.held.get(Database).transaction() as session:
        wrong = [(found.wrong, found.people_at_odds) for found in await counting.verify(session)]
    assert wrong == [(0, 0)]


async def test_voiding_twice_changes_nothing(a_round: OpenedRound) -> None:
    _, receipts = await a_round.signed()
    first = (await void(a_round, receipts[0]["id"])).json()
    second = await void(a_round, receipts[0]["id"], reason="alasan yang lain", ground="duplicate")
    assert (second.status_code, second.json()) == (200, first)
    logged = "SELECT count(*) FROM log_entry WHERE subject_id = :id AND kind = 'document.voided'"
    assert await count(a_round.service, logged, id=receipts[0]["id"]) == 1


async def test_verification_says_voided_by_file_and_by_code_and_not_why_in_words(a_round: OpenedRound) -> None:
    service = a_round.service
    device, receipts = await a_round.signed()
    document = receipts[0]["id"]
    signed = await device.download(document)
    await service.run_jobs()
    sealed = await device.download(document)
    assert (await verdict(a_round, sealed))["verdict"] == "valid"
    code = (await void(a_round, document)).json()["code"]
    for pdf in (signed, sealed, await device.download(document)):
        told = await verdict(a_round, pdf)
        assert (told["verdict"], told["reason"]) == ("invalid", "register.voided")
        assert (told["voided"]["ground"], told["voided"]["at"][:10]) == ("wrong_template", "2026-11-23")
        assert REASON not in str(told)
    page = await service.http.get(f"/v/{code}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "Dibatalkan" in page.text
    assert "naskahnya keliru" in page.text
    assert REASON not in page.text


async def test_the_person_is_told_by_mail(a_round: OpenedRound) -> None:
    service = a_round.service
    _, receipts = await a_round.signed()
    document = receipts[0]["id"]
    await service.run_jobs()
    known = mails(service.folder)
    code = (await void(a_round, document)).json()["code"]
    await service.run_jobs()
    (message,) = mails(service.folder) - known
    body = email.message_from_bytes(message.read_bytes()).get_payload(decode=True).decode()
    assert code in body
    assert "naskahnya keliru" in body
    assert REASON not in body
    await tell_void.body(service.held, document_id=document)  # a job may run again: it says the same once more
    assert len(mails(service.folder) - known) == 2


async def test_only_a_signed_document_is_voided_and_only_with_a_reason(a_round: OpenedRound) -> None:
    _, prepared = await a_round.prepared()
    document = prepared.session["documents"][0]["id"]
    refused = await void(a_round, document)
    assert (refused.status_code, refused.json()["code"]) == (409, "document.not_signed")
    assert (await void(a_round, document, reason=" ")).status_code == 422
    assert (await void(a_round, document, ground="salah")).status_code == 422
    assert (await void(a_round, a_round.id)).status_code == 404


@pytest.mark.parametrize("role", [Role.OPD_ADMIN, Role.AUDITOR, Role.HEAD])
async def test_nobody_but_the_citys_administration_voids(a_round: OpenedRound, role: Role) -> None:
    _, receipts = await a_round.signed()
    path = f"{API}/documents/{receipts[0]['id']}/void"
    reply = await a_round.service.http.post(path, json={"reason": REASON}, headers=await a_round.service.token(role))
    assert reply.status_code == 403


async def test_a_void_document_is_not_sealed(a_round: OpenedRound) -> None:
    _, receipts = await a_round.signed()
    await void(a_round, receipts[0]["id"])
    await a_round.service.run_jobs()
    path = f"{API}/documents/{receipts[0]['id']}"
    facts = (await a_round.service.http.get(path, headers=a_round.service.as_admin())).json()
    assert (facts["state"], facts["sealed_at"]) == ("void", None)
