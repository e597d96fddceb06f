"""Every role against every route of the REST API: one table, complete by construction."""

from typing import Any

import pytest

from app.core.permission import Role
from app.device.signer import API, Device
from tests.identity.role_bodies import BODIES, NOBODY
from tests.identity.role_table import ACCOUNT_ONLY, ALLOWED, COOKIE_ONLY, OPEN_TO_ALL, OUTSIDE, PERSON_ONLY, TOKENS
from tests.signing.opened_round import OpenedRound

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
        "{account_id}": NOBODY,
        "{activation_id}": NOBODY,
        "{approval_id}": NOBODY,
        "{document_id}": receipts[0]["id"],
        "{page}": "1",
        "{passkey_id}": NOBODY,
        "{act_id}": NOBODY,
        "{call_id}": NOBODY,
        "{obligation_id}": NOBODY,
        "{scan_id}": NOBODY,
        "{agency_id}": agency["id"],
        "{unit_id}": agency["id"],
        "{employee_id}": NOBODY,
        "{import_id}": NOBODY,
        "{exemption_id}": NOBODY,
        "{plan_id}": NOBODY,
        "{request_id}": NOBODY,
        "{wave_id}": NOBODY,
        "{delivery_id}": NOBODY,
        "{recipient_id}": NOBODY,
        "{slip_id}": NOBODY,
        "{token_id}": NOBODY,
        "{kiosk_id}": NOBODY,
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
    paths = a_round.service.app.openapi()["paths"]
    everything = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert everything - {route.replace(" ", f" {API}", 1) for route in routes(a_round)} == OUTSIDE
    assert routes(a_round) == OPEN_TO_ALL | COOKIE_ONLY | ACCOUNT_ONLY | PERSON_ONLY | set(ALLOWED)


async def test_each_route_lets_in_exactly_the_roles_of_the_table(
    a_round: OpenedRound, places: dict[str, str], callers: dict[Role, dict[str, str]]
) -> None:
    wrong = []
    for route, allowed in sorted(
        (ALLOWED | {route: set() for route in PERSON_ONLY | COOKIE_ONLY | ACCOUNT_ONLY}).items()
    ):
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
    for route in sorted(PERSON_ONLY | COOKIE_ONLY | ACCOUNT_ONLY | set(ALLOWED)):
        status, problem = await call(a_round, route, places, {})
        if (status, problem and problem["code"]) != (401, "identity.login_needed"):
            wrong.append((route, status, problem))
    assert not wrong


async def test_a_person_does_the_own_things_only(a_round: OpenedRound, places: dict[str, str]) -> None:
    device: Device = await a_round.device()
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    headers = device._headers | {"cookie": cookie}
    wrong = []
    for route in sorted(ALLOWED | dict.fromkeys(ACCOUNT_ONLY)):
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
