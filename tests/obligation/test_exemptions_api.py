"""Exemptions and deferrals over HTTP: asked for with evidence, decided by another, counted at once, logged, never rewritten."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from app.core.db import Database
from app.core.permission import Role
from app.device.signer import API
from app.obligation.jobs import expire
from tests.obligation.test_evidence import PDF
from tests.service import Service
from tests.signing.opened_round import HEALTH, OpenedRound, nip_of, opened_round, person_row

REASON = "Sakit berkepanjangan, surat dokter terlampir"


@pytest.fixture(scope="module")
async def ward(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A round of its own: the clock is moved here, and figures are compared to the person."""
    people = [person_row(number, HEALTH) for number in range(1, 31)] + [person_row(905, legal_status="05")]
    async with opened_round(postgres, tmp_path_factory.mktemp("exemption"), people) as opened:
        yield opened


async def row_of(ward: OpenedRound, nip: str) -> dict[str, Any]:
    service = ward.service
    reply = await service.http.get(
        f"{API}/rounds/{ward.id}/obligations", params={"limit": 1000}, headers=service.as_admin()
    )
    return next(person for person in reply.json() if person["nip"] == nip)


async def ask(ward: OpenedRound, obligation_id: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
    file = form.pop("evidence", PDF)
    return await ward.service.http.post(
        f"{API}/obligations/{obligation_id}/exemption",
        data={"reason": REASON, **form},
        files={"evidence": ("surat.pdf", file, "application/pdf")},
        headers=headers or ward.service.as_admin(),
    )


async def decide(ward: OpenedRound, exemption_id: str, state: str, headers: dict[str, str] | None = None) -> Any:
    headers = headers or await ward.service.token(Role.BKPSDM_ADMIN)
    body = {"state": state, "reason": "Surat dokter sesuai"}
    return await ward.service.http.post(f"{API}/exemptions/{exemption_id}/decision", json=body, headers=headers)


async def figures(ward: OpenedRound) -> dict[str, int]:
    return (await ward.service.compliance(ward.id))["total"]


async def facts(service: Service, subject: str) -> list[str]:
    async with service.held.get(Database).transaction() as session:
        from sqlalchemy import text

        rows = await session.execute(
            text("SELECT kind FROM log_entry WHERE subject_id = CAST(:id AS uuid) ORDER BY id"), {"id": subject}
        )
        return [row[0] for row in rows]


async def test_it_takes_effect_on_approval_by_another_and_ends_when_withdrawn(ward: OpenedRound) -> None:
    nip = ward.next_nip()
    owed = (await row_of(ward, nip))["obligations"]
    before = await figures(ward)
    asked = await ask(ward, owed[0]["id"], whole="true")
    assert asked.status_code == 201, asked.text
    made = asked.json()
    assert (made["state"], made["pledges"]) == ("requested", sorted(o["pledge"] for o in owed))
    again = await ask(ward, owed[0]["id"], whole="true")
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert await figures(ward) == before
    own = await decide(ward, made["id"], "approved", ward.service.as_admin())
    assert (own.status_code, own.json()["code"]) == (403, "exemption.own")
    other = await ward.service.token(Role.BKPSDM_ADMIN)
    for _ in range(2):
        approved = await decide(ward, made["id"], "approved", other)
        assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    after = await figures(ward)
    assert (after["exempt"], after["pending"], after["total"]) == (
        before["exempt"] + 1,
        before["pending"] - 1,
        before["total"],
    )
    assert (await row_of(ward, nip))["state"] == "exempt"
    too_late = await decide(ward, made["id"], "refused")
    assert (too_late.status_code, too_late.json()["code"]) == (409, "exemption.decided")
    for _ in range(2):
        withdrawn = await ward.service.http.delete(
            f"{API}/obligations/{owed[1]['id']}/exemption",
            params={"reason": "sudah sembuh"},
            headers=ward.service.as_admin(),
        )
        assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "pending"), withdrawn.text
    assert await figures(ward) == before | {"percent": before["percent"]}
    assert await facts(ward.service, made["id"]) == ["exemption.requested", "exemption.approved", "exemption.withdrawn"]
    person = await row_of(ward, nip)
    path = f"{API}/rounds/{ward.id}/participants/{person['employee_id']}/changes"
    history = (await ward.service.http.get(path, headers=ward.service.as_admin())).json()
    assert [(h["kind"], h["from_state"], h["to_state"], h["by_hand"]) for h in history] == [
        ("exemption_withdrawn", "exempt", "pending", True),
        ("exempted", "pending", "exempt", True),
    ]


async def test_a_refusal_changes_no_figure_and_another_may_be_asked_for(ward: OpenedRound) -> None:
    owed = (await row_of(ward, ward.next_nip()))["obligations"][0]["id"]
    before = await figures(ward)
    made = (await ask(ward, owed)).json()
    other = await ask(ward, owed, reason="Alasan lain sama sekali")
    assert (other.status_code, other.json()["code"]) == (409, "exemption.exists")
    refused = await decide(ward, made["id"], "refused")
    assert refused.json()["decision_reason"] == "Surat dokter sesuai"
    assert await figures(ward) == before
    assert (await ask(ward, owed)).json()["id"] != made["id"]


async def test_who_signed_is_not_exempted_and_a_signature_overtakes_a_request(ward: OpenedRound) -> None:
    device, prepared = await ward.prepared()
    nip = prepared.session["signer"]["nip"]
    owed = (await row_of(ward, nip))["obligations"]
    made = (await ask(ward, owed[0]["id"], whole="true")).json()
    await device.sign(prepared)
    read = await ward.service.http.get(f"{API}/exemptions/{made['id']}", headers=ward.service.as_admin())
    assert read.json()["state"] == "overtaken"
    late = await decide(ward, made["id"], "approved")
    assert (late.status_code, late.json()["code"]) == (409, "exemption.decided")
    signed = await ask(ward, owed[0]["id"])
    assert (signed.status_code, signed.json()["code"]) == (409, "exemption.signed")
    none = await ward.service.http.delete(
        f"{API}/obligations/{owed[0]['id']}/exemption", headers=ward.service.as_admin()
    )
    assert (none.status_code, none.json()["code"]) == (404, "exemption.none")


async def test_a_deferral_runs_out_by_itself(ward: OpenedRound) -> None:
    nip = ward.next_nip()
    owed = (await row_of(ward, nip))["obligations"][0]["id"]
    for form in ({"until": "2026-11-30"}, {"kind": "deferred", "until": "2026-11-22"}):
        wrong = await ask(ward, owed, **form)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "exemption.until")
    made = (await ask(ward, owed, kind="deferred", until="2026-11-24", whole="true")).json()
    assert (await decide(ward, made["id"], "approved")).status_code == 200
    assert (await row_of(ward, nip))["state"] == "deferred"
    await expire.body(ward.service.held)
    assert (await row_of(ward, nip))["state"] == "deferred"
    ward.service.clock.advance(timedelta(days=2))
    for _ in range(2):
        await expire.body(ward.service.held)
    ward.service.clock.advance(-timedelta(days=2))
    assert (await row_of(ward, nip))["state"] == "pending"
    assert await facts(ward.service, made["id"]) == ["exemption.requested", "exemption.approved", "exemption.ended"]


async def test_whom_a_code_made_optional_may_be_asked_after_all(ward: OpenedRound) -> None:
    person = await row_of(ward, nip_of(905))
    assert person["state"] == "exempt"
    refused = await ask(ward, person["obligations"][0]["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "exemption.not_owed")
    asked = await ward.service.http.delete(
        f"{API}/obligations/{person['obligations'][0]['id']}/exemption", headers=ward.service.as_admin()
    )
    assert (asked.status_code, asked.json()["exemption"], asked.json()["state"]) == (200, None, "pending")
    assert (await row_of(ward, nip_of(905)))["state"] == "pending"


async def test_evidence_is_kept_and_given_to_those_who_may_see_it(ward: OpenedRound) -> None:
    owed = (await row_of(ward, ward.next_nip()))["obligations"][0]["id"]
    for data, status, code in (
        (b"%PDF-1.7 cut", 422, "exemption.evidence"),
        (PDF + b" " * (5 << 20), 413, "upload.too_large"),
    ):
        wrong = await ask(ward, owed, evidence=data)
        assert (wrong.status_code, wrong.json()["code"]) == (status, code)
    made = (await ask(ward, owed)).json()
    path = f"{API}/exemptions/{made['id']}"
    file = await ward.service.http.get(f"{path}/evidence", headers=ward.service.as_admin())
    assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
    assert file.headers["content-disposition"].startswith("attachment")
    auditor = await ward.service.token(Role.AUDITOR)
    assert (await ward.service.http.get(f"{path}/evidence", headers=auditor)).status_code == 403
    seen = (await ward.service.http.get(path, headers=auditor)).json()
    assert (seen["reason"], seen["state"]) == (None, "requested")


async def test_an_agency_asks_for_its_own_people_only_and_sees_no_others(ward: OpenedRound) -> None:
    service = ward.service
    agencies = {a["name"]: a["id"] for a in (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()}
    own = await service.token(Role.OPD_ADMIN, [agencies["Dinas Kesehatan"]])
    other = await service.token(Role.OPD_ADMIN, [agencies["Inspektorat Daerah"]])
    owed = (await row_of(ward, ward.next_nip()))["obligations"][0]["id"]
    assert (await ask(ward, owed, other)).status_code == 404
    made = await ask(ward, owed, own)
    assert made.status_code == 201
    assert (await decide(ward, made.json()["id"], "approved", own)).status_code == 403
    path = f"{API}/exemptions/{made.json()['id']}"
    for where in (path, f"{path}/evidence"):
        assert (await service.http.get(where, headers=other)).status_code == 404
    assert (await service.http.delete(f"{API}/obligations/{owed}/exemption", headers=other)).status_code == 404
    listed = f"{API}/rounds/{ward.id}/exemptions"
    assert (await service.http.get(listed, headers=other)).json() == []
    seen, url = [], f"{listed}?limit=2"
    while url:
        reply = await service.http.get(url, headers=own)
        seen += [one["id"] for one in reply.json()]
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == sorted(set(seen), reverse=True)
    assert made.json()["id"] in seen
    waiting = await service.http.get(listed, params={"state": "requested"}, headers=service.as_admin())
    assert {one["state"] for one in waiting.json()} == {"requested"}


async def test_two_who_decide_at_once_and_two_who_ask_at_once_make_one(ward: OpenedRound) -> None:
    owed = (await row_of(ward, ward.next_nip()))["obligations"][0]["id"]
    asked = await asyncio.gather(ask(ward, owed), ask(ward, owed))
    assert {(a.status_code, a.json()["id"]) for a in asked} == {(201, asked[0].json()["id"])}
    first, second = await ward.service.token(Role.BKPSDM_ADMIN), await ward.service.token(Role.BKPSDM_ADMIN)
    made = asked[0].json()["id"]
    replies = await asyncio.gather(decide(ward, made, "approved", first), decide(ward, made, "refused", second))
    assert sorted(reply.status_code for reply in replies) == [200, 409]


async def test_the_database_itself_keeps_the_sums_and_the_record(ward: OpenedRound) -> None:
    url = str(ward.service.held.get(Database).url).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "UPDATE participant SET n_pending = n_pending + 1 WHERE n_pending > 0",
            "UPDATE participant SET n_pending = -1, n_signed = n_signed + n_pending + 1 WHERE n_pending > 0",
            "UPDATE participant_change SET reason = 'lain'",
            "DELETE FROM participant_change",
            "UPDATE exemption SET decided_by = requested_by",
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement)
