"""What each route takes and gives is a declared media type: JSON, unless this table names another. A route that takes or gives anything
else fails here, and so does one that takes JSON under another name."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.identity.role_bodies import BODIES, NOBODY
from tests.signing.opened_round import HEALTH, OpenedRound, opened_round, person_row

JSON, FORM, PDF, CSV = "application/json", "multipart/form-data", "application/pdf", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOADS = {
    "POST /me/obligations/{obligation_id}/scan",
    "POST /obligations/{obligation_id}/exemption",
    "POST /obligations/{obligation_id}/scan",
    "POST /me/remote-signatures/{act_id}/file",
    "POST /remote-signatures/{call_id}/file",
    "POST /roster-imports",
    "POST /roster-imports/{import_id}/corrections",
    "POST /templates",
    "POST /templates/{template_id}/versions",
    "POST /verifications",
}
"""Files come as parts of a form (RFC 7578); every other body is JSON."""

GIVEN = {
    "POST /activation-slips": {PDF},
    "GET /documents/{document_id}/file": {PDF},
    "GET /documents/{document_id}/pages/{page}.png": {"image/png"},
    "GET /employees/{employee_id}/data": {JSON, "text/plain"},
    "GET /exemptions/{exemption_id}/evidence": {PDF, "image/jpeg", "image/png"},
    "GET /me/data": {JSON, "text/plain"},
    "GET /me/signing-sessions/{session_id}": {JSON, FORM},
    "GET /roster-imports/{import_id}/corrections.xlsx": {JSON, XLSX},
    "GET /rounds/{round_id}/print.pdf": {PDF},
    "GET /rounds/{round_id}/print.zip": {"application/zip"},
    "GET /scans/{scan_id}/file": {PDF},
    "POST /me/signing-sessions": {JSON, FORM},
}
"""What is declared besides JSON; that answers are as declared is for tests/test_api_contract.py."""

FILES = {
    "GET /rounds/{round_id}/recap.csv": CSV,
    "GET /rounds/{round_id}/recap.pdf": PDF,
    "GET /rounds/{round_id}/recap.xlsx": XLSX,
    "GET /rounds/{round_id}/reminders/handout.csv": CSV,
    "GET /rounds/{round_id}/reminders/handout.html": "text/html",
    "GET /ca/{name}.crl": "application/pkix-crl",
    "GET /ca/root.pem": "application/x-pem-file",
    "GET /ca/roots.pem": "application/x-pem-file",
    "GET /log/checkpoint": "text/plain",
    "GET /log/key": "text/plain",
    "GET /metrics": "text/plain",
}
"""Declared without a type: each is fetched here and looked at."""

ELSEWHERE = {
    "GET /log/tile/entries/{path}": "tests/transparency",
    "GET /log/tile/{path}": "tests/transparency",
    "GET /me/signing-sessions/{session_id}/bundle": "tests/signing: the device reads it",
    "GET /recap-links/{token}/recap.csv": "tests/compliance/test_recap_links.py",
    "GET /rounds/{round_id}/events": "a stream without an end: tests/compliance",
    "GET /templates/{template_id}/versions/{version}/preview.pdf": "tests/pledge",
}


@pytest.fixture(scope="module")
async def opened(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedRound]:
    async with opened_round(postgres, tmp_path_factory.mktemp("types"), [person_row(1, HEALTH)]) as found:
        yield found


def routes(opened: OpenedRound) -> dict[str, dict[str, Any]]:
    """Every operation by `METHOD /path`, the API's without its prefix."""
    return {
        f"{method.upper()} {path.removeprefix(API)}": operation
        for path, methods in opened.service.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def given_by(operation: dict[str, Any]) -> set[str]:
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    return {kind for answer in answers for kind in answer.get("content", {})}


def test_every_route_takes_and_gives_what_the_table_says(opened: OpenedRound) -> None:
    found = routes(opened)
    assert set(found) >= UPLOADS | set(GIVEN) | set(FILES) | set(ELSEWHERE)
    wrong = []
    for route, operation in found.items():
        body = set(operation.get("requestBody", {}).get("content", {}))
        if body - {FORM if route in UPLOADS else JSON}:
            wrong.append((route, "takes", body))
        nothing = set(operation["responses"]) <= {"204", "default", "422"} or route in FILES.keys() | ELSEWHERE.keys()
        if given_by(operation) != GIVEN.get(route, set() if nothing else {JSON}):
            wrong.append((route, "gives", given_by(operation)))
    assert wrong == []


async def test_files_without_a_declared_type_have_the_one_of_the_table(opened: OpenedRound) -> None:
    service = opened.service
    places = {"{round_id}": opened.id, "{name}": "issuing"}
    wrong = []
    for route, kind in FILES.items():
        path = route.removeprefix("GET ")
        for name, value in places.items():
            path = path.replace(name, value)
        api = "" if path.startswith(("/ca/", "/log/", "/metrics")) else API
        reply = await service.http.get(f"{api}{path}", headers=service.as_admin())
        told = reply.headers["content-type"].partition(";")[0], reply.headers["x-content-type-options"]
        if (reply.status_code, told) != (200, (kind, "nosniff")):
            wrong.append((route, reply.status_code, told))
    assert wrong == []


async def test_json_under_another_name_is_taken_by_no_route(opened: OpenedRound) -> None:
    """What a form of another site could send without being asked: `text/plain` and form-encoded."""
    service, wrong = opened.service, []
    admin = await service.token(Role.BKPSDM_ADMIN)
    for route, operation in routes(opened).items():
        if JSON not in operation.get("requestBody", {}).get("content", {}):
            continue
        method, path = route.split(" ")
        for parameter in operation.get("parameters", []):
            path = path.replace(f"{{{parameter['name']}}}", "1" if parameter["name"] == "version" else NOBODY)
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            body = json.dumps(BODIES.get(route, {}).get("json", {}))
            reply = await service.http.request(
                method, f"{API}{path}", content=body, headers=admin | {"content-type": kind}
            )
            if reply.status_code not in {401, 403, 404, 415, 422} or reply.status_code >= 500:
                wrong.append((route, kind, reply.status_code))
    assert wrong == []
