"""A person may decline with a reason, and signs nothing without having confirmed every statement."""

from typing import Any

import pytest

from app.core.permission import Role
from app.device.signer import API
from tests.signing.acts import NOTHING, OPEN, certify, kept, make_act, refusal
from tests.signing.opened_round import OpenedRound

REASON = "Jabatan saya pada dokumen ini keliru"


async def listed(a_round: OpenedRound, role: Role = Role.BKPSDM_ADMIN, **wanted: Any) -> list[dict[str, Any]]:
    path = f"{API}/rounds/{a_round.id}/obligations"
    headers = await a_round.service.token(role)
    return (await a_round.service.http.get(path, params={"limit": 1000} | wanted, headers=headers)).json()


async def test_a_decline_leaves_the_obligation_pending_and_shows_with_its_reason(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    nip = prepared.session["signer"]["nip"]
    before = (await a_round.service.compliance(a_round.id))["total"]
    await device.decline(prepared, REASON)
    await device.decline(prepared, "yang kedua tidak mengubah apa pun")
    assert (await a_round.service.compliance(a_round.id))["total"] == before
    assert await kept(a_round.service, prepared) == NOTHING
    (person,) = [p for p in await listed(a_round, declined=True) if p["nip"] == nip]
    assert (person["state"], {d["reason"] for d in person["declined"]}) == ("pending", {REASON})
    assert all(d["at"].startswith("2026-11-23T05:00") for d in person["declined"])
    assert [o["declined_at"] is None for o in await device.pending()] == [False, False]
    masked = [
        p for p in await listed(a_round, Role.AUDITOR, declined=True) if p["employee_id"] == person["employee_id"]
    ]
    assert [d["reason"] for d in masked[0]["declined"]] == [None, None]


async def test_a_later_signature_clears_a_decline(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    nip = prepared.session["signer"]["nip"]
    await device.decline(prepared, REASON)
    assert await refusal(certify(device, prepared, make_act(device, prepared).request)) == (409, "session.state")
    _, again = await a_round.prepared(device)
    assert again.session["id"] != prepared.session["id"]
    await device.sign(again)
    (person,) = [p for p in await listed(a_round) if p["nip"] == nip]
    assert (person["state"], person["declined"]) == ("signed", [])
    assert await refusal(device.decline(again, REASON)) == (409, "session.state")


async def test_a_decline_needs_a_reason_and_the_own_session(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    other = await a_round.device()
    path = f"{OPEN}/{prepared.session['id']}/decline"
    assert await refusal(device._call("POST", path, {"reason": ""})) == (422, "request.malformed")
    assert await refusal(device._call("POST", path, {})) == (422, "request.malformed")
    assert await refusal(other.decline(prepared, REASON)) == (404, "resource.not_found")
    assert len((await device.sign(prepared)).receipts) == 2


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(lambda given: [], id="none"),
        pytest.param(lambda given: given[:1], id="one is missing"),
        pytest.param(lambda given: given[::-1], id="another order"),
        pytest.param(lambda given: [given[0], given[0]], id="one twice"),
        pytest.param(lambda given: [*given, given[1]], id="one too many"),
        pytest.param(
            lambda given: [given[0] | {"at": given[1]["at"]}, given[1] | {"at": given[0]["at"]}], id="times run back"
        ),
    ],
)
async def test_no_certificate_before_every_statement_was_confirmed_in_order(a_round: OpenedRound, bend: Any) -> None:
    device, prepared = await a_round.prepared()
    made = make_act(device, prepared)
    bent = made.request | {"confirmations": bend(made.request["confirmations"])}
    assert await refusal(certify(device, prepared, bent)) == (422, "confirmations.incomplete")
    assert (await device._call("GET", f"{OPEN}/{prepared.session['id']}"))["state"] == "prepared"
    await certify(device, prepared, made.request)
