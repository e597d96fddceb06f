"""Every role against every route of the REST API: one table, complete by construction."""

from typing import Any

import pytest

from app.core.permission import Role
from app.device.signer import API, Device
from tests.signing.opened_round import OpenedRound

NOBODY = "00000000-0000-7000-8000-000000000000"
ADMIN, OPD, HEAD, AUDITOR, DASHBOARD = (
    Role.BKPSDM_ADMIN,
    Role.OPD_ADMIN,
    Role.HEAD,
    Role.AUDITOR,
    Role.DASHBOARD,
)
TOKENS = (ADMIN, OPD, HEAD, AUDITOR, DASHBOARD)
READERS = {ADMIN, OPD, AUDITOR}

OPEN_TO_ALL = {
    "POST /activation",
    "POST /login/passkey",
    "POST /login/passkey-options",
    "POST /login/pin",
    "GET /recap-links/{token}/recap.csv",
    "POST /reminder-callbacks/{channel}",
    "POST /verifications",
}
"""No login is asked for: they are the ways to one, or public."""

COOKIE_ONLY = {"POST /logout", "POST /me/passkey-options", "POST /me/passkeys", "POST /me/pin"}
"""About the browser's own login; a token is no login."""

PERSON_ONLY = {
    "GET /me/access-events",
    "GET /me/data",
    "GET /me/data/corrections",
    "POST /me/data/corrections",
    "GET /me/countersignings",
    "GET /me/obligations",
    "POST /me/countersigning-sessions",
    "GET /me/signing-providers",
    "POST /me/remote-signatures",
    "GET /me/remote-signatures/{act_id}",
    "POST /me/remote-signatures/{act_id}/signature",
    "POST /me/obligations/{obligation_id}/scan",
    "POST /me/countersignings/left-out",
    "POST /me/signing-sessions",
    "GET /me/signing-sessions/{session_id}",
    "GET /me/signing-sessions/{session_id}/bundle",
    "POST /me/signing-sessions/{session_id}/certificate",
    "POST /me/signing-sessions/{session_id}/code",
    "POST /me/signing-sessions/{session_id}/decline",
    "POST /me/signing-sessions/{session_id}/restart",
    "POST /me/signing-sessions/{session_id}/signatures",
}
"""A person's own acts: no token, an administrator's least of all, may do them."""

ALLOWED: dict[str, set[Role]] = {
    "GET /data-corrections": {ADMIN},
    "POST /data-corrections/{request_id}/decision": {ADMIN},
    "GET /employees/{employee_id}/data": {ADMIN},
    "POST /activations": {ADMIN, OPD},
    "GET /access-events": {ADMIN, AUDITOR},
    "POST /activation-slips": {ADMIN, OPD},
    "GET /activation-slips": {ADMIN, OPD},
    "DELETE /activation-slips/{slip_id}": {ADMIN, OPD},
    "DELETE /employees/{employee_id}/activation-slips": {ADMIN, OPD},
    "POST /employees/{employee_id}/nip-unmaskings": {ADMIN, AUDITOR},
    "GET /recoveries": {ADMIN, OPD},
    "POST /recoveries/{employee_id}/approval": {ADMIN, OPD},
    "GET /tokens": {ADMIN},
    "DELETE /tokens/{token_id}": {ADMIN},
    "POST /tokens/{token_id}/rotate": {ADMIN},
    "GET /documents/{document_id}": READERS,
    "GET /documents/{document_id}/file": READERS,
    "GET /documents/{document_id}/pages/{page}.png": READERS,
    "GET /documents/{document_id}/proof": READERS,
    "POST /documents/{document_id}/void": {ADMIN},
    "GET /employees": READERS,
    "GET /employees/{employee_id}": READERS,
    "GET /employees/{employee_id}/history": READERS,
    "PATCH /employees/{employee_id}": {ADMIN},
    "DELETE /employees/{employee_id}/nik": {ADMIN},
    "PUT /employees/{employee_id}/nik": {ADMIN},
    "POST /employees/{employee_id}/merge": {ADMIN},
    "GET /keys": {ADMIN},
    "GET /opd": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /opd/changes": {ADMIN},
    "POST /opd/changes": {ADMIN},
    "GET /opd/{unit_id}/heads": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /opd/{unit_id}/heads": {ADMIN},
    "GET /opd/{agency_id}/units": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /roster-imports": {ADMIN},
    "GET /roster-imports/{import_id}": {ADMIN},
    "GET /roster-imports/{import_id}/corrections.xlsx": {ADMIN},
    "GET /roster-imports/{import_id}/missing": {ADMIN},
    "GET /roster-imports/{import_id}/rows": {ADMIN},
    "POST /roster-imports/{import_id}/apply": {ADMIN},
    "POST /roster-imports/{import_id}/corrections": {ADMIN},
    "POST /roster-imports/{import_id}/undo": {ADMIN},
    "PUT /roster-imports/{import_id}/mapping": {ADMIN},
    "PUT /roster-imports/{import_id}/missing": {ADMIN},
    "GET /paper-sheets/{code}": {ADMIN, OPD},
    "GET /remote-signatures/unknown": {ADMIN},
    "POST /remote-signatures/{call_id}/check": {ADMIN},
    "POST /remote-signatures/{call_id}/decision": {ADMIN},
    "POST /remote-signatures/{call_id}/file": {ADMIN},
    "POST /obligations/{obligation_id}/scan": {ADMIN, OPD},
    "GET /scans": {ADMIN, OPD},
    "GET /scans/{scan_id}/file": {ADMIN, OPD},
    "POST /scans/{scan_id}/accept": {ADMIN, OPD},
    "POST /scans/{scan_id}/refuse": {ADMIN, OPD},
    "GET /rounds": set(TOKENS),
    "POST /rounds": {ADMIN},
    "GET /rounds/{round_id}": set(TOKENS),
    "GET /rounds/{round_id}/print.pdf": {ADMIN, OPD},
    "GET /rounds/{round_id}/print.zip": {ADMIN, OPD},
    "GET /rounds/{round_id}/countersigners": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /rounds/{round_id}/countersigners": {ADMIN, OPD},
    "GET /rounds/{round_id}/stuck": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /rounds/{round_id}/close": {ADMIN},
    "GET /rounds/{round_id}/compliance": set(TOKENS),
    "GET /rounds/{round_id}/compliance/documents": set(TOKENS),
    "GET /rounds/{round_id}/recap-links": {ADMIN},
    "POST /rounds/{round_id}/recap-links": {ADMIN},
    "DELETE /rounds/{round_id}/recap-links/{link_id}": {ADMIN},
    "GET /rounds/{round_id}/compliance/trend": set(TOKENS),
    "GET /rounds/{round_id}/compliance/comparison": set(TOKENS),
    "GET /rounds/{round_id}/compliance/forecast": set(TOKENS),
    "GET /rounds/{round_id}/compliance/ranking": set(TOKENS),
    "GET /rounds/{round_id}/outstanding": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/events": set(TOKENS),
    "GET /rounds/{round_id}/recap.csv": set(TOKENS),
    "GET /rounds/{round_id}/recap.json": set(TOKENS),
    "GET /rounds/{round_id}/recap.pdf": set(TOKENS),
    "GET /rounds/{round_id}/recap.xlsx": set(TOKENS),
    "GET /rounds/{round_id}/obligations": {ADMIN, OPD, HEAD, AUDITOR},
    "PATCH /rounds/{round_id}": {ADMIN},
    "GET /rounds/{round_id}/population": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/changes": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/participants/{employee_id}/changes": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /rounds/{round_id}/participants": {ADMIN},
    "GET /rounds/{round_id}/exemptions": READERS,
    "POST /obligations/{obligation_id}/exemption": {ADMIN, OPD},
    "DELETE /obligations/{obligation_id}/exemption": {ADMIN, OPD},
    "GET /exemptions/{exemption_id}": READERS,
    "GET /exemptions/{exemption_id}/evidence": {ADMIN, OPD},
    "POST /exemptions/{exemption_id}/decision": {ADMIN},
    "POST /rounds/{round_id}/open": {ADMIN},
    "GET /webhooks": {ADMIN},
    "POST /webhooks": {ADMIN},
    "GET /webhooks/{webhook_id}": {ADMIN},
    "PATCH /webhooks/{webhook_id}": {ADMIN},
    "DELETE /webhooks/{webhook_id}": {ADMIN},
    "GET /webhooks/{webhook_id}/deliveries": {ADMIN},
    "POST /webhooks/{webhook_id}/deliveries/{message_id}/replay": {ADMIN},
    "POST /webhooks/{webhook_id}/replay": {ADMIN},
    "POST /webhooks/{webhook_id}/secret": {ADMIN},
    "POST /webhooks/{webhook_id}/test": {ADMIN},
    "GET /rounds/{round_id}/reminders": {ADMIN, OPD, HEAD, AUDITOR},
    "PUT /rounds/{round_id}/reminders": {ADMIN},
    "GET /rounds/{round_id}/reminders/handout": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/reminders/handout.csv": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/reminders/handout.html": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/reminders/preview": {ADMIN, OPD, HEAD, AUDITOR},
    "GET /rounds/{round_id}/reminders/waves": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /rounds/{round_id}/reminders/waves": {ADMIN},
    "GET /reminder-waves/{wave_id}/deliveries": {ADMIN, OPD, HEAD, AUDITOR},
    "POST /reminder-waves/{wave_id}/cancel": {ADMIN},
    "POST /reminder-deliveries/{delivery_id}/bounce": {ADMIN},
    "POST /reminder-deliveries/{delivery_id}/resend": {ADMIN},
    "GET /reminder-recipients": {ADMIN},
    "POST /reminder-recipients": {ADMIN},
    "DELETE /reminder-recipients/{recipient_id}": {ADMIN},
    "GET /reminders/pause": {ADMIN, OPD, HEAD, AUDITOR},
    "PUT /reminders/pause": {ADMIN},
    "GET /templates": set(TOKENS),
    "GET /templates/{template_id}/versions": set(TOKENS),
    "GET /templates/{template_id}/versions/{version}": set(TOKENS),
    "GET /templates/{template_id}/versions/{version}/preview.pdf": set(TOKENS),
    "POST /templates": {ADMIN},
    "POST /templates/{template_id}/versions": {ADMIN},
}
"""Which tokens a route lets in; to all others it says 403, or 404 for a document they may not know of."""

BODIES: dict[str, dict[str, Any]] = {
    "PUT /employees/{employee_id}/nik": {"json": {"nik": "3573014101850001"}},
    "POST /me/data/corrections": {"json": {"message": "Nama saya salah eja."}},
    "POST /data-corrections/{request_id}/decision": {"json": {"state": "refused", "reason": "uji"}},
    "POST /opd/changes": {
        "json": {"kind": "move", "unit_id": NOBODY, "parent_id": NOBODY, "effective_on": "2026-11-01", "reason": "uji"}
    },
    "POST /opd/{unit_id}/heads": {"json": {"employee_id": NOBODY, "kind": "definitive", "valid_from": "2026-11-01"}},
    "PATCH /employees/{employee_id}": {"json": {"kind": "change", "reason": "uji"}},
    "POST /employees/{employee_id}/merge": {"json": {"other_id": NOBODY, "reason": "uji"}},
    "PATCH /rounds/{round_id}": {"json": {}},
    "POST /rounds/{round_id}/participants": {"json": {"employee_ids": [NOBODY], "reason": "menyusul"}},
    "POST /obligations/{obligation_id}/exemption": {
        "data": {"reason": "sakit berkepanjangan"},
        "files": {"evidence": ("bukti.pdf", b"%PDF-1.7 %%EOF", "application/pdf")},
    },
    "POST /exemptions/{exemption_id}/decision": {"json": {"state": "refused", "reason": "tidak cukup"}},
    "GET /rounds/{round_id}/compliance/comparison": {"params": {"with": NOBODY}},
    "GET /rounds/{round_id}/events": {"params": {"seconds": 0}},
    "POST /activations": {"json": {"employee_ids": [NOBODY]}},
    "POST /activation-slips": {"json": {"employee_ids": [NOBODY]}},
    "POST /employees/{employee_id}/nip-unmaskings": {"json": {"reason": "pemeriksaan khusus"}},
    "POST /documents/{document_id}/void": {"json": {"reason": "naskah keliru"}},
    "POST /me/countersigning-sessions": {"json": {"document_ids": [NOBODY]}},
    "POST /me/countersignings/left-out": {"json": {"document_ids": [NOBODY], "reason": "belum sesuai"}},
    "POST /me/signing-sessions/{session_id}/decline": {"json": {"reason": "belum sesuai"}},
    "POST /rounds/{round_id}/countersigners": {"json": {"agency_id": NOBODY, "nip": "198501012010012001"}},
    "POST /me/remote-signatures": {"json": {"obligation_ids": [NOBODY], "provider": "bsre-v2"}},
    "POST /me/obligations/{obligation_id}/scan": {"files": {"file": ("scan.pdf", b"%PDF-", "application/pdf")}},
    "POST /obligations/{obligation_id}/scan": {"files": {"file": ("scan.pdf", b"%PDF-", "application/pdf")}},
    "POST /scans/{scan_id}/refuse": {"json": {"reason": "buram sekali"}},
    "POST /remote-signatures/{call_id}/decision": {"json": {"outcome": "not_signed", "reason": "sudah diperiksa"}},
    "POST /remote-signatures/{call_id}/file": {
        "files": {"file": ("signed.pdf", b"%PDF-", "application/pdf")},
        "data": {"reason": "diunduh dari portal"},
    },
    "POST /me/passkeys": {"json": {"id": "x", "rawId": "x", "type": "public-key", "response": {}}},
    "POST /me/pin": {"json": {"pin": "739146"}},
    "POST /me/signing-sessions": {"json": {"obligation_ids": [NOBODY]}},
    "POST /me/signing-sessions/{session_id}/certificate": {
        "json": {"public_key": "", "proof_of_possession": "", "authentication": {"method": "passkey"}}
    },
    "POST /me/signing-sessions/{session_id}/signatures": {"json": {"signatures": [{"id": NOBODY, "signature": ""}]}},
    "POST /roster-imports": {"files": {"file": ("roster.csv", b"NIP,NAMA", "text/csv")}},
    "POST /roster-imports/{import_id}/corrections": {"files": {"file": ("roster.csv", b"NIP,NAMA", "text/csv")}},
    "PUT /roster-imports/{import_id}/mapping": {"json": {"columns": {"nip": "NIP"}}},
    "PUT /roster-imports/{import_id}/missing": {"json": {"employee_ids": [NOBODY], "decision": "keep"}},
    "POST /reminder-recipients": {"json": {"agency_id": NOBODY, "name": "Uji", "email": "uji@kota.example"}},
    "PUT /reminders/pause": {"json": {"paused": False}},
    "POST /templates": {"files": {"template": ("template.toml", b"", "text/plain")}},
    "POST /templates/{template_id}/versions": {"files": {"template": ("template.toml", b"", "text/plain")}},
    "POST /rounds": {
        "json": {
            "title": "Rancangan",
            "election": "Pilkada",
            "year": 2026,
            "cut_off": "2026-11-23",
            "opens_at": "2026-11-23T00:00:00Z",
            "closes_at": "2026-12-23T00:00:00Z",
        }
    },
    "POST /rounds/{round_id}/recap-links": {"json": {"name": "Dasbor"}},
    "POST /webhooks": {"json": {"url": "https://hooks.kota.example/", "events": ["round.closed"]}},
    "PATCH /webhooks/{webhook_id}": {"json": {"enabled": False}},
    "POST /webhooks/{webhook_id}/replay": {"json": {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}},
}
"""What is sent, so that nothing but the caller can be the reason of a refusal."""

DENIED = {401, 403}


@pytest.fixture(scope="module")
async def callers(a_round: OpenedRound) -> dict[Role, dict[str, str]]:
    return {role: await a_round.service.token(role) for role in TOKENS}


@pytest.fixture(scope="module")
async def places(a_round: OpenedRound) -> dict[str, str]:
    """Real ids for the paths, so that a caller who is let in finds something."""
    _, receipts = await a_round.signed()
    agency = (await a_round.service.http.get(f"{API}/opd", headers=a_round.service.as_admin())).json()[0]
    return {
        "{document_id}": receipts[0]["id"],
        "{page}": "1",
        "{act_id}": NOBODY,
        "{call_id}": NOBODY,
        "{obligation_id}": NOBODY,
        "{scan_id}": NOBODY,
        "{agency_id}": agency["id"],
        "{unit_id}": agency["id"],
        "{employee_id}": NOBODY,
        "{import_id}": NOBODY,
        "{exemption_id}": NOBODY,
        "{request_id}": NOBODY,
        "{wave_id}": NOBODY,
        "{delivery_id}": NOBODY,
        "{recipient_id}": NOBODY,
        "{slip_id}": NOBODY,
        "{token_id}": NOBODY,
        "{round_id}": a_round.id,
        "{session_id}": NOBODY,
        "{template_id}": NOBODY,
        "{version}": "1",
        "{link_id}": NOBODY,
        "{webhook_id}": NOBODY,
        "{message_id}": NOBODY,
    }


def routes(a_round: OpenedRound) -> set[str]:
    """Every route of the REST API, as `METHOD /path`."""
    found = set()
    for path, methods in a_round.service.app.openapi()["paths"].items():
        if path.startswith(API):
            found |= {f"{method.upper()} {path.removeprefix(API)}" for method in methods}
    return found


async def call(a_round: OpenedRound, route: str, places: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
    """Call a route; return the status and the problem document, if it is one."""
    method, path = route.split(" ")
    for name, value in places.items():
        path = path.replace(name, value)
    body = BODIES.get(route, {"json": {}}) if method in {"POST", "PUT"} else BODIES.get(route, {})
    reply = await a_round.service.http.request(method, f"{API}{path}", headers=headers, **body)
    return reply.status_code, reply.headers.get("content-type", "") == "application/problem+json" and reply.json()


def test_the_table_holds_every_route(a_round: OpenedRound) -> None:
    assert routes(a_round) == OPEN_TO_ALL | COOKIE_ONLY | PERSON_ONLY | set(ALLOWED)


async def test_each_route_lets_in_exactly_the_roles_of_the_table(
    a_round: OpenedRound, places: dict[str, str], callers: dict[Role, dict[str, str]]
) -> None:
    wrong = []
    for route, allowed in sorted((ALLOWED | {route: set() for route in PERSON_ONLY | COOKIE_ONLY}).items()):
        for role, headers in callers.items():
            if role in allowed and route.endswith(("/close", "/open")):
                continue  # these change the round under the other tests; journeys make them
            status, problem = await call(a_round, route, places, headers)
            hidden = route.startswith("GET /documents") and status == 404
            if (status in DENIED or hidden) is (role in allowed) or status >= 500:
                wrong.append((route, role.value, status, problem))
    assert not wrong


async def test_a_stranger_is_asked_to_log_in_everywhere(a_round: OpenedRound, places: dict[str, str]) -> None:
    wrong = []
    for route in sorted(PERSON_ONLY | COOKIE_ONLY | set(ALLOWED)):
        status, problem = await call(a_round, route, places, {})
        if (status, problem and problem["code"]) != (401, "identity.login_needed"):
            wrong.append((route, status, problem))
    assert not wrong


async def test_a_person_does_the_own_things_only(a_round: OpenedRound, places: dict[str, str]) -> None:
    device: Device = await a_round.device()
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    headers = device._headers | {"cookie": cookie}
    wrong = []
    for route in sorted(ALLOWED):
        status, problem = await call(a_round, route, places, headers)
        hidden = route.startswith("GET /documents") and status == 404
        if not (status == 403 or hidden):
            wrong.append((route, status, problem))
    for route in sorted(PERSON_ONLY):
        status, problem = await call(a_round, route, places, headers)
        if status in DENIED or status >= 500:
            wrong.append((route, status, problem))
    assert not wrong


async def test_a_token_of_an_agency_sees_that_agency_only(a_round: OpenedRound) -> None:
    service = a_round.service
    agencies = {a["name"]: a["id"] for a in (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()}
    own, other = agencies["Dinas Kesehatan"], agencies["Inspektorat Daerah"]
    token = await service.token(Role.OPD_ADMIN, [own])

    async def get(path: str, **params: Any) -> Any:
        reply = await service.http.get(f"{API}{path}", params=params, headers=token)
        return reply.json() if reply.status_code == 200 else reply.status_code

    assert [a["id"] for a in await get("/opd")] == [own]
    assert await get(f"/opd/{other}/units") == 404
    assert len(await get(f"/opd/{own}/units")) == 2
    for path in ("/employees", f"/rounds/{a_round.id}/obligations"):
        assert {p["agency_id"] for p in await get(path, limit=1000)} == {own}, path
        assert await get(path, opd=other) == [], path
    figures = await get(f"/rounds/{a_round.id}/compliance")
    assert [g["id"] for g in figures["groups"]] == [own]
    assert figures["total"]["total"] == figures["groups"][0]["total"] == 60
    everyone = (await service.http.get(f"{API}/employees", params={"limit": 1000}, headers=service.as_admin())).json()
    foreign = next(p for p in everyone if p["agency_id"] == other)
    assert await get("/employees", nip=foreign["nip"]) == []
    links = await service.http.post(f"{API}/activations", json={"employee_ids": [foreign["id"]]}, headers=token)
    assert links.status_code == 404


async def test_a_token_of_an_agency_sees_the_documents_of_that_agency_only(a_round: OpenedRound) -> None:
    service = a_round.service
    agencies = {a["id"] for a in (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()}
    _, receipts = await a_round.signed()
    own = (await service.http.get(f"{API}/documents/{receipts[0]['id']}", headers=service.as_admin())).json()
    seen = []
    for agency in agencies:
        token = await service.token(Role.OPD_ADMIN, [agency])
        statuses = [
            (await service.http.get(f"{API}/documents/{own['id']}{tail}", headers=token)).status_code
            for tail in ("", "/file", "/pages/1.png", "/proof")
        ]
        seen.append(statuses)
    assert sorted(seen) == [[200] * 4, [404] * 4]
