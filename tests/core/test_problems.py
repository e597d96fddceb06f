"""Errors over HTTP: RFC 9457 documents in the caller's language, requests counted by route and never by id."""

from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Query
from prometheus_client import generate_latest

from app.core import problems
from app.core.errors import AppError, Kind, NotAuthenticated, NotFound, TooManyRequests
from app.core.problems import STATUS
from app.core.telemetry import REGISTRY, Measure
from tests.service import Service

SECRET = "postgresql://pakta:rahasia@db"


@pytest.fixture
async def http():
    app = FastAPI()
    app.add_middleware(Measure)
    problems.install(app)

    @app.get("/things/{thing_id}")
    async def read_thing(thing_id: UUID, size: Annotated[int, Query(ge=1)]) -> dict[str, int]:
        raise NotFound(thing=str(thing_id), size=size)

    @app.get("/fails/{code}")
    async def fail(code: str) -> None:
        raise RuntimeError(f"{SECRET} {code}")

    @app.get("/waits")
    async def wait() -> None:
        raise TooManyRequests(retry_after=7)

    @app.get("/asks")
    async def ask() -> None:
        raise NotAuthenticated

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_refusal_is_a_problem_document_in_indonesian(http: httpx.AsyncClient) -> None:
    reply = await http.get(f"/things/{UUID(int=1)}", params={"size": 1})
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["content-language"] == "id"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json() == {
        "type": "/problems/resource.not_found",
        "title": "Tidak ditemukan.",
        "status": 404,
        "code": "resource.not_found",
        "params": {"thing": str(UUID(int=1)), "size": 1},
    }


async def test_the_caller_chooses_english(http: httpx.AsyncClient) -> None:
    reply = await http.get("/asks", headers={"accept-language": "en-GB,en;q=0.9,id;q=0.1"})
    assert reply.status_code == 401
    assert reply.headers["content-language"] == "en"
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.json()["title"] != (await http.get("/asks")).json()["title"]


async def test_a_malformed_request_names_its_fields_and_repeats_no_value(http: httpx.AsyncClient) -> None:
    reply = await http.get("/things/rahasia", params={"size": 0})
    assert reply.status_code == 422
    assert reply.json()["code"] == "request.malformed"
    assert {f["field"] for f in reply.json()["params"]["fields"]} == {"path.thing_id", "query.size"}
    assert "rahasia" not in reply.text


async def test_an_unknown_error_stays_opaque_and_its_log_holds_no_path(
    http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = await http.get("/fails/ACTIVATIONCODE")
    assert reply.status_code == 500
    assert reply.json()["code"] == "service.failed"
    assert "rahasia" not in reply.text
    logged = capsys.readouterr().out
    assert "/fails/{code}" in logged
    assert "path=/fails/ACTIVATIONCODE" not in logged


async def test_who_asks_too_fast_is_told_when_to_come_back(http: httpx.AsyncClient) -> None:
    reply = await http.get("/waits")
    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "7"
    assert "7" in reply.json()["title"]


async def test_unserved_paths_and_methods_are_problems_too(http: httpx.AsyncClient) -> None:
    missing = await http.get("/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "resource.not_found")
    wrong = await http.delete("/waits")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "request.method")
    assert wrong.headers["allow"] == "GET"


async def test_requests_are_counted_by_route_without_ids(http: httpx.AsyncClient) -> None:
    await http.get(f"/things/{UUID(int=99)}", params={"size": 1})
    await http.get("/fails/ACTIVATIONCODE")
    await http.request("BREW", "/waits")
    await http.get("/nowhere/ACTIVATIONCODE")
    metrics = generate_latest(REGISTRY).decode()
    assert 'pakta_http_requests_total{method="GET",route="/things/{thing_id}",status="404"}' in metrics
    assert 'method="GET",route="/fails/{code}",status="500"' in metrics
    assert 'route="unmatched"' in metrics
    assert str(UUID(int=99)) not in metrics
    assert "ACTIVATIONCODE" not in metrics
    assert "BREW" not in metrics


def test_every_kind_has_one_status() -> None:
    assert set(STATUS) == set(Kind)
    assert all(400 <= status < 600 for status in STATUS.values())
    assert AppError.kind in STATUS


async def test_the_whole_service_counts_nested_routes_by_template(service) -> None:
    strange = UUID(int=123456789)
    await service.http.get(f"/api/v1/documents/{strange}/file", headers=service.as_admin())
    metrics = (await service.http.get("/metrics")).text
    assert 'route="/api/v1/documents/{document_id}/file"' in metrics
    assert str(strange) not in metrics


def test_every_route_documents_the_problem_it_may_answer(service: Service) -> None:
    described = service.app.openapi()
    bare = [
        (method, path)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if "application/problem+json" not in operation["responses"].get("default", {}).get("content", {})
    ]
    assert bare == []
    assert set(described["components"]["schemas"]["Problem"]["required"]) == {"type", "title", "status", "code"}


@pytest.mark.parametrize("number", ["0", "-1", "10276483002380", "1e9"])
async def test_a_number_no_version_can_have_is_malformed_and_not_a_failure(service: Service, number: str) -> None:
    path = f"/api/v1/templates/00000000-0000-7000-8000-000000000000/versions/{number}"
    reply = await service.http.get(path, headers=service.as_admin())
    assert (reply.status_code, reply.json()["code"]) == (422, "request.malformed")
