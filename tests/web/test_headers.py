"""Every page, answer and cookie graded as the usual graders do, with the service behind TLS; and nobody is led or let in from elsewhere."""

import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from app.core.postgres import LocalPostgres
from app.device.signer import API, Device
from app.web import pages
from tests.conftest import NOON
from tests.identity.role_bodies import NOBODY
from tests.service import Service, running_service
from tests.web.visits import BUDI, HTML, SITI, Visit, activated, database_of_a_module

SITE, EVIL = "https://pakta.kota.example", "https://evil.example"
Grade = Callable[[httpx.Headers], bool]


def policy(headers: httpx.Headers) -> dict[str, str]:
    """The Content-Security-Policy by directive."""
    parts = (part.strip().partition(" ") for part in headers.get("content-security-policy", "").split(";"))
    return {name: value for name, _, value in parts}


GRADES: dict[str, Grade] = {
    "nothing is loaded that is not named": lambda h: policy(h).get("default-src") == "'none'",
    "nothing unsafe, no wildcard, no foreign host": lambda h: (
        not re.search(r"unsafe|\*|https?:|strict-dynamic", h["content-security-policy"])
    ),
    "scripts of ours only, or none": lambda h: policy(h).get("script-src", "'none'") in {"'self'", "'none'"},
    "no base, no frame around it": lambda h: policy(h)["base-uri"] == policy(h)["frame-ancestors"] == "'none'",
    "forms go home, or nowhere": lambda h: policy(h).get("form-action") in {"'self'", "'none'"},
    "Trusted Types": lambda h: (
        policy(h).get("script-src") != "'self'"
        or (policy(h).get("require-trusted-types-for"), policy(h).get("trusted-types")) == ("'script'", "'none'")
    ),
    "no guessing of types": lambda h: h.get("x-content-type-options") == "nosniff",
    "no frame for old browsers": lambda h: h.get("x-frame-options") == "DENY",
    "no referrer": lambda h: h.get("referrer-policy") == "no-referrer",
    "TLS for a year": lambda h: h.get("strict-transport-security") == "max-age=31536000; includeSubDomains",
    "own browsing context": lambda h: h.get("cross-origin-opener-policy") == "same-origin",
    "not embedded elsewhere": lambda h: h.get("cross-origin-resource-policy") == "same-origin",
    "no sensors": lambda h: all(
        f"{one}=()" in h["permissions-policy"] for one in ("camera", "microphone", "geolocation")
    ),
    "no other site reads it": lambda h: not [name for name in h if name.startswith("access-control-")],
    "no version told": lambda h: "server" not in h and "x-powered-by" not in h,
    "caches are told what they may": lambda h: "cache-control" in h,
    "a type with its charset": lambda h: (
        not h.get("content-type", "").startswith("text/html") or "utf-8" in h["content-type"]
    ),
}


@dataclass
class World:
    """A service behind TLS, visitors by kind, and values for the parameters of paths."""

    service: Service
    visitors: dict[str, dict[str, str]]
    places: dict[str, str]
    cookies: dict[str, SimpleCookie] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def world(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    with database_of_a_module(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("headers"), NOON, origin=SITE) as service:
            await service.import_roster()
            round_id = await service.open_round()
            device = Device(service.http, SITE, "pakta.kota.example")
            person = await service.person(SITI)
            body = {"employee_ids": [person["id"]]}
            made = await service.http.post(f"{API}/activations", json=body, headers=service.as_admin())
            await device._call("POST", "/activation", {"code": made.json()[0]["code"], "birth_date": "1985-01-01"})
            visit = await activated(service, BUDI)
            places = {"round_id": round_id, "code": "0" * 22, "session_id": NOBODY, "version": "x", "name": "style.css"}
            visitors = {
                "stranger": {},
                "person": {"cookie": "; ".join(f"{k}={v}" for k, v in visit.cookies.items())},
                "admin": service.as_admin(),
            }
            yield World(service, visitors, places)


def addresses(world: World) -> set[str]:
    """Every address that answers GET: each page of each module, each route of OpenAPI, files, and what is nowhere."""
    found = {"/openapi.json", "/nowhere", "/static/x/style.css", "/masuk/", "//evil.example/masuk/"}
    for module in pkgutil.iter_modules(pages.__path__):
        routes: list[Any] = importlib.import_module(f"app.web.pages.{module.name}").router.routes
        found |= {route.path for route in routes if "GET" in route.methods}
    found |= {path for path, methods in world.service.app.openapi()["paths"].items() if "get" in methods}
    filled = {re.sub(r"\{(\w+)[^}]*\}", lambda m: world.places.get(m[1], NOBODY), path) for path in found}
    return {path + ("?seconds=0" if path.endswith("/events") else "") for path in filled}


async def get(world: World, path: str, headers: dict[str, str], method: str = "GET") -> httpx.Response:
    reply = await world.service.http.request(method, f"{SITE}{path}", headers={"accept": HTML} | headers)
    world.service.http.cookies.clear()
    return reply


async def test_every_address_has_the_best_grade_whoever_asks(world: World) -> None:
    bad, asked = [], sorted(addresses(world))
    for path in asked:
        for visitor, headers in world.visitors.items():
            reply = await get(world, path, headers)
            assert reply.status_code < 500, path
            bad += [(path, visitor, grade) for grade, holds in GRADES.items() if not holds(reply.headers)]
    assert bad == []
    assert len(asked) > 100


async def test_answers_to_other_methods_and_malformed_requests_have_it_too(world: World) -> None:
    replies = [await get(world, "/masuk", {}, method) for method in ("DELETE", "OPTIONS", "TRACE", "HEAD")]
    replies.append(await world.service.http.post(f"{SITE}{API}/verifications", content=b"x"))
    replies.append(await world.service.http.post(f"{SITE}/masuk", data={"nip": "x" * 100}))
    assert {reply.status_code for reply in replies} <= {200, 403, 405, 422}
    assert [(r.url, grade) for r in replies for grade, holds in GRADES.items() if not holds(r.headers)] == []


async def test_cookies_are_bound_to_host_and_tls_and_out_of_reach(world: World) -> None:
    visit = Visit(world.service.http)
    person = await world.service.person(BUDI)
    body = {"employee_ids": [person["id"]]}
    made = await world.service.http.post(f"{API}/activations", json=body, headers=world.service.as_admin())
    path = f"/aktivasi/{made.json()[0]['code']}"
    replies = [await visit.post(path, {"day": "5", "month": "5", "year": "1975"})]
    await visit.get("/cara-masuk")
    replies.append(await visit.post("/cara-masuk", {"pin": "295817", "again": "295817"}))
    replies.append(await visit.post("/masuk", {"nip": BUDI, "pin": "295817"}))
    replies.append(await Visit(world.service.http).post("/dashboard/masuk", {"token": world.service.admin}))
    given = [cookie for reply in replies for cookie in reply.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in given} == {
        "__Host-pakta",
        "__Host-pakta-browser",
        "__Host-pakta-office",
    }
    for cookie in given:
        told = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/"} <= told
        assert told & {"samesite=lax", "samesite=strict"}
        assert not [part for part in told if part.startswith("domain")]


async def test_no_other_site_is_answered(world: World) -> None:
    for path in ("/masuk", f"{API}/opd", f"{API}/login/pin", "/log/checkpoint"):
        asked = {
            "origin": EVIL,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-csrf-token",
        }
        for method in ("OPTIONS", "GET", "POST"):
            reply = await get(world, path, asked | world.visitors["admin"], method)
            assert not [name for name in reply.headers if name.startswith("access-control-")], (path, method)


AWAY = (
    "//evil.example",
    EVIL,
    "/\\evil.example",
    "\\\\evil.example",
    "/%2f%2fevil.example",
    "javascript:alert(1)",
    "/x\r\nX: y",
    "/@evil.example",
)


@pytest.mark.parametrize("onward", AWAY)
async def test_nobody_is_led_to_another_site(world: World, onward: str) -> None:
    visit = Visit(world.service.http)
    await activated_browser(world, visit)
    replies = [await visit.post("/masuk", {"nip": BUDI, "pin": "295817", "lanjut": onward})]
    office = {"token": world.service.admin, "lanjut": onward}
    replies.append(await Visit(world.service.http).post("/dashboard/masuk", office))
    for path in ("/masuk", "/dashboard/masuk"):
        reply = await world.service.http.get(path, params={"lanjut": onward}, headers=world.visitors["person"])
        world.service.http.cookies.clear()
        replies.append(reply)
    for reply in replies:
        place = reply.headers.get("location", "/")
        assert re.fullmatch(r"/[a-z0-9-]*(/[A-Za-z0-9-]+)*", place), place
        assert "X" not in reply.headers


async def activated_browser(world: World, visit: Visit) -> None:
    """Give a visit the cookie of the browser that is known to be Budi's."""
    for pair in world.visitors["person"]["cookie"].split("; "):
        name, _, value = pair.partition("=")
        if name.endswith("-browser"):
            visit.cookies[name] = value


async def test_a_host_that_is_not_ours_appears_in_no_answer(world: World) -> None:
    for path in ("/masuk/", "/masuk", "/beranda", "/aktivasi/", f"{API}/opd/", "/nowhere"):
        reply = await get(world, path, {"host": "evil.example"})
        assert "evil" not in reply.headers.get("location", "") + reply.text, path


async def test_uploads_are_what_they_say_and_downloads_are_files(world: World) -> None:
    service = world.service
    owed = (
        await service.http.get(f"{API}/rounds/{world.places['round_id']}/obligations", headers=service.as_admin())
    ).json()
    assert owed
    slips = await service.http.post(
        f"{API}/activation-slips", json={"employee_ids": [owed[0]["employee_id"]]}, headers=service.as_admin()
    )
    downloads = [slips]
    for form in ("csv", "xlsx", "pdf"):
        path = f"{API}/rounds/{world.places['round_id']}/recap.{form}"
        downloads.append(await service.http.get(path, headers=service.as_admin()))
    for reply in downloads:
        assert reply.is_success, reply.text
        assert re.fullmatch(r'attachment; filename="[\w.-]+"', reply.headers["content-disposition"])
        assert reply.headers["content-type"].partition(";")[0] in {
            "application/pdf",
            "text/csv",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
        assert [grade for grade, holds in GRADES.items() if not holds(reply.headers)] == []
