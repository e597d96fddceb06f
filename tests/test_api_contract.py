"""What OpenAPI says of every route holds for whatever is sent to it, by every role: generated requests, good ones and bad ones."""

import asyncio
import os
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.core.limits import Limits, RateLimit
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.core.problems import MEDIA_TYPE, STATUS
from app.device.signer import API
from tests.identity.role_bodies import BODIES, NOBODY
from tests.service import ORIGIN, Service
from tests.signing.opened_round import HEALTH, INSPECTORATE, OpenedRound, nip_of, opened_round, person_row

EXAMPLES = int(os.environ.get("PAKTA_FUZZ_EXAMPLES", "1"))
"""Of good and of bad requests to each route, besides the known ones."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOLD = (Role.BKPSDM_ADMIN.value, "person")
PARTS = ("method", "url", "headers", "files", "data", "params", "json")
CREDENTIALS = ("authorization", "cookie", "x-csrf-token")
LAST = ("/close", "/logout")
REFUSALS = {*STATUS.values(), 400, 405}
"""What a problem document may say; OpenAPI has it as `default` of every route."""


@dataclass
class Target:
    """A service with something to find, its callers by role, and real ids by the name of a path's parameter."""

    service: Service
    schema: Any
    callers: dict[str, dict[str, str]]
    ids: dict[str, str]
    seen: dict[str, set[int]] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def target(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Target]:
    people = [person_row(n, HEALTH if n % 2 else INSPECTORATE) for n in range(1, 13)]
    async with opened_round(postgres, tmp_path_factory.mktemp("contract"), people) as opened:
        yield await prepared(opened)


async def prepared(opened: OpenedRound) -> Target:
    service = opened.service
    plenty = RateLimit(10**9)
    service.held.add(Limits, Limits(login=plenty, verification=plenty, token=plenty, person=plenty))
    _, receipts = await opened.signed()
    own = await opened.device()
    waiting = [owed["id"] for owed in await own.pending()]
    session = (await own.open(waiting)).session

    async def ask_for(path: str, **body: Any) -> Any:
        method = "POST" if body else "GET"
        reply = await service.http.request(method, f"/api/v1{path}", headers=service.as_admin(), **body)
        assert reply.is_success, (path, reply.text)
        return reply.json()

    agency = (await ask_for("/opd"))[0]["id"]
    cookie = "; ".join(f"{name}={value}" for name, value in own._cookies.items())
    callers = {role.value: await service.token(role) for role in Role if role is not Role.ASN}
    callers |= {"opd_admin of one": await service.token(Role.OPD_ADMIN, [agency]), "stranger": {}}
    callers["person"] = own._headers | {"cookie": cookie}
    officer = await service.token(Role.OPD_ADMIN)
    evidence = BODIES["POST /obligations/{obligation_id}/exemption"]
    away = (await (await opened.device()).pending())[0]["id"]
    exemption = (await service.http.post(f"{API}/obligations/{away}/exemption", headers=officer, **evidence)).json()
    hook = {"url": "https://hooks.kota.example/", "events": ["round.closed"]}
    ids = {
        "round_id": opened.id,
        "document_id": receipts[0]["id"],
        "employee_id": (await service.person(nip_of(3)))["id"],
        "obligation_id": waiting[0],
        "agency_id": agency,
        "unit_id": agency,
        "session_id": session["id"],
        "template_id": (await ask_for("/templates"))[0]["id"],
        "version": "1",
        "page": "1",
        "token_id": (await ask_for("/tokens"))[-1]["id"],
        "exemption_id": exemption["id"],
        "webhook_id": (await ask_for("/webhooks", json=hook))["id"],
        "link_id": (await ask_for(f"/rounds/{opened.id}/recap-links", json={"name": "Dasbor"}))["id"],
        "wave_id": (await ask_for(f"/rounds/{opened.id}/reminders/waves", json={}))["id"],
        "import_id": (await service.import_roster([person_row(n) for n in range(1, 13)]))["id"],
        "code": receipts[0]["id"],
    }
    return Target(service, schemathesis.openapi.from_dict(service.app.openapi()), callers, ids)


def operations(target: Target) -> list[Any]:
    """Every operation of the OpenAPI document; what ends the round or the caller's own login comes last."""
    found = [result.ok() for result in target.schema.get_all_operations()]
    return sorted(found, key=lambda one: (one.path.endswith(LAST), one.path, one.method))


async def test_every_route_answers_as_described_to_every_role(target: Target) -> None:
    loop = asyncio.get_running_loop()
    faults: list[str] = []
    for operation in operations(target):
        faults += await try_known(target, operation)
        for mode in GenerationMode:
            faults += await asyncio.to_thread(fuzz, target, operation, mode, loop)
    assert not faults, "\n\n".join(faults)
    assert set(target.seen) == {name_of(one) for one in operations(target)}
    found = [name for name, statuses in target.seen.items() if any(status < 400 for status in statuses)]
    assert len(found) > len(target.seen) / 2  # most of what is described was seen, and not only refusals


def name_of(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


async def try_known(target: Target, operation: Any) -> list[str]:
    """Send the request of the table of roles, with real ids, by those who get past the door."""
    places = {name: target.ids.get(name, NOBODY) for name in re.findall(r"\{(\w+)\}", operation.path)}
    path, case = operation.path.format(**places), operation.Case(path_parameters=places)
    method = operation.method.upper()
    body = dict(BODIES.get(f"{method} {operation.path.removeprefix(API)}", {}))
    body = body or ({"json": {}} if method in {"POST", "PUT"} else {})
    faults = []
    for role in BOLD:
        headers = target.callers[role]
        target.service.http.cookies.clear()
        answer = await target.service.http.request(method, path, headers=headers, **body)
        target.seen.setdefault(name_of(operation), set()).add(answer.status_code)
        faults += [f"{operation.label} by {role}: {fault}" for fault in judged(case, answer)]
    return faults[:3]


def fuzz(target: Target, operation: Any, mode: GenerationMode, loop: asyncio.AbstractEventLoop) -> list[str]:
    """Send generated requests to one operation; return what does not hold. Seeded by the operation's name.

    Good requests are aimed at what is there and sent by everybody; bad ones by those who get past the door.
    """
    faults: list[str] = []
    strategy = operation.as_strategy(mode)
    good = mode is GenerationMode.POSITIVE

    @seed(zlib.crc32(operation.label.encode()))
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def send(case: Case) -> None:
        if good:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = target.ids.get(name, case.path_parameters[name])
        if operation.path.endswith("/events"):
            case.query = {"seconds": 0}  # never wait for what is yet to happen
        for role, headers in target.callers.items():
            if good or role in BOLD:
                answer = asyncio.run_coroutine_threadsafe(ask(target, case, headers), loop).result(60)
                target.seen.setdefault(name_of(operation), set()).add(answer.status_code)
                faults.extend(f"{operation.label} by {role}: {fault}" for fault in judged(case, answer))

    with nullcontext() if good else suppress(Unsatisfiable):  # where there is nothing that could be bad
        send()
    return faults[:3]


async def ask(target: Target, case: Case, headers: dict[str, str]) -> httpx.Response:
    """Send a request to the application in process."""
    made = case.as_transport_kwargs(base_url=ORIGIN)
    sent = requests.Request(**{name: value for name, value in made.items() if name in PARTS}).prepare()
    own = {name: value for name, value in sent.headers.items() if name.lower() not in CREDENTIALS}
    content = sent.body.encode() if isinstance(sent.body, str) else sent.body
    target.service.http.cookies.clear()
    return await target.service.http.request(
        sent.method or "GET", sent.url or "", headers=own | headers, content=content
    )


def judged(case: Case, answer: httpx.Response) -> list[str]:
    """What of an answer is not as described; a refusal must be a problem document with a known status."""
    faults = []
    answer.request.read()
    try:
        case.validate_response(answer, checks=CHECKS)
    except (FailureGroup, Failure, ValueError) as fault:  # a group of failures, or a fault of the description itself
        faults.append(f"{answer.status_code} {fault}"[:1500])
    described = case.operation.definition.raw["responses"]
    if answer.status_code < 400 and str(answer.status_code) not in described:
        faults.append(f"{answer.status_code} is not described")
    if answer.status_code >= 400 and str(answer.status_code) not in described:
        kind = answer.headers.get("content-type", "")
        if kind != MEDIA_TYPE or answer.status_code not in REFUSALS:
            faults.append(f"{answer.status_code} {kind}: {answer.text[:200]}")
    return faults
