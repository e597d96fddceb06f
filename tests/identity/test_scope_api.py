"""Another agency's people, documents and requests answer a scoped caller exactly as things that do not exist, on every route."""

import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pytest

from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from tests.identity.role_bodies import BODIES, NOBODY
from tests.identity.role_table import ALLOWED
from tests.signing.opened_round import HEALTH, INSPECTORATE, OpenedRound, nip_of, opened_round, person_row

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001000501"
    "0d0a2db40000000049454e44ae426082"
)
OURS, THEIRS, SIGNED_THERE = range(1, 8), range(101, 108), 101
SEARCHES: dict[str, Any] = {"q": "Bagas", "nip": nip_of(SIGNED_THERE), "state": None, "limit": 1000}
SCOPED = (Role.OPD_ADMIN, Role.HEAD, Role.AUDITOR)


@dataclass
class Neighbours:
    """Two agencies in one round; what the other one has, by the name of the parameter, and every word that would betray it."""

    ward: OpenedRound
    theirs: dict[str, str]
    secrets: set[str]
    callers: dict[Role, dict[str, str]]
    agencies: dict[str, str]


@pytest.fixture(scope="module")
async def neighbours(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbours]:
    people = [person_row(n, HEALTH) for n in OURS] + [person_row(n, INSPECTORATE) for n in THEIRS]
    async with opened_round(postgres, tmp_path_factory.mktemp("scope"), people) as ward:
        yield await settle(ward)


async def settle(ward: OpenedRound) -> Neighbours:
    admin = ward.service.as_admin()

    async def call(method: str, path: str, headers: dict[str, str] = admin, **body: Any) -> Any:
        reply = await ward.service.http.request(method, f"{API}{path}", headers=headers, **body)
        assert reply.is_success, (path, reply.text)
        return reply.json()

    agencies = {agency["name"]: agency["id"] for agency in await call("GET", "/opd")}
    ours, other = agencies["Dinas Kesehatan"], agencies["Inspektorat Daerah"]
    everyone = await call("GET", "/employees", params={"limit": 1000})
    foreign = [person for person in everyone if person["agency_id"] == other]
    assert len(foreign) == len(THEIRS)
    device = await ward.device(nip_of(SIGNED_THERE))
    owed = [obligation["id"] for obligation in await device.pending()]
    signature = await device.sign(await device.open(owed))
    document = await call("GET", f"/documents/{signature.receipts[0]['id']}")
    second = await ward.device(nip_of(SIGNED_THERE + 1))
    pending = [obligation["id"] for obligation in await second.pending()]
    officer = await ward.service.token(Role.OPD_ADMIN, [other])
    exemption = await call(
        "POST",
        f"/obligations/{pending[0]}/exemption",
        officer,
        data={"reason": "Cuti di luar tanggungan negara"},
        files={"evidence": ("surat.png", io.BytesIO(PNG), "image/png")},
    )
    wave = await call("POST", f"/rounds/{ward.id}/reminders/waves", json={})
    await ward.service.run_jobs()
    signed, by = next(p for p in foreign if p["nip"] == nip_of(SIGNED_THERE)), document
    theirs = {
        "employee_id": signed["id"],
        "document_id": by["id"],
        "obligation_id": pending[1],
        "agency_id": other,
        "unit_id": signed["unit_id"],
        "exemption_id": exemption["id"],
        "wave_id": wave["id"],
        "page": "1",
        "round_id": ward.id,
    }
    secrets = {person[field] for person in foreign for field in ("id", "nip", "name")}
    secrets |= {f"{person['nip'][:8]}******" for person in foreign if person["nip"][:8] != nip_of(1)[:8]}
    secrets |= {by["id"], by["code"], exemption["id"], *pending, *owed, other}
    callers = {role: await ward.service.token(role, [ours]) for role in SCOPED}
    return Neighbours(ward, theirs, secrets, callers, agencies)


def described(world: Neighbours, route: str) -> list[str]:
    """Names of a route's query parameters, from the OpenAPI document."""
    method, path = route.split(" ")
    operation = world.ward.service.app.openapi()["paths"][f"{API}{path}"][method.lower()]
    return [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]


async def ask(world: Neighbours, route: str, role: Role, values: dict[str, str], query: dict[str, Any]) -> Any:
    method, path = route.split(" ")
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    given = {"json": {}} | BODIES.get(route, {}) if method in {"POST", "PUT"} else dict(BODIES.get(route, {}))
    if "files" in given or "data" in given:
        given.pop("json", None)
    given["params"] = given.get("params", {}) | query
    return await world.ward.service.http.request(method, f"{API}{path}", headers=world.callers[role], **given)


def routes_of(role: Role) -> list[str]:
    return sorted(route for route, allowed in ALLOWED.items() if role in allowed)


@pytest.mark.parametrize("role", SCOPED)
async def test_what_another_agency_has_answers_as_what_nobody_has(neighbours: Neighbours, role: Role) -> None:
    nothing = neighbours.theirs | {
        name: NOBODY for name in neighbours.theirs if name not in {"round_id", "page", "wave_id"}
    }
    wrong = []
    for route in routes_of(role):
        if not any(f"{{{name}}}" in route for name in set(nothing) - {"round_id", "page", "wave_id"}):
            continue
        there = await ask(neighbours, route, role, neighbours.theirs, {})
        nowhere = await ask(neighbours, route, role, nothing, {})
        told = (there.status_code, there.content) if there.is_success else code_of(there)
        expected = (nowhere.status_code, nowhere.content) if nowhere.is_success else code_of(nowhere)
        if told != expected or there.status_code >= 500:
            wrong.append((route, there.status_code, there.text[:200], nowhere.status_code, nowhere.text[:200]))
    assert wrong == []


@pytest.mark.parametrize("role", SCOPED)
async def test_no_list_search_count_or_export_tells_of_another_agency(neighbours: Neighbours, role: Role) -> None:
    wrong = []
    for route in routes_of(role):
        if not route.startswith("GET "):
            continue
        asked = described(neighbours, route)
        queries: list[dict[str, Any]] = [{}]
        for name in asked:
            if name in {"opd", "agency", "agency_id"}:
                queries.append({name: neighbours.theirs["agency_id"]})
            elif name in {"unit", "unit_id"}:
                queries.append({name: neighbours.theirs["unit_id"]})
            elif SEARCHES.get(name):
                queries.append({name: SEARCHES[name]})
        for query in queries:
            reply = await ask(neighbours, route, role, neighbours.theirs, query)
            allowed = {str(value) for value in (*query.values(), *neighbours.theirs.values())}
            told = words(reply.content)
            betrayed = {s for s in neighbours.secrets - allowed if s in told}
            if betrayed or reply.status_code >= 500:
                wrong.append((route, query, reply.status_code, sorted(betrayed)[:3]))
    assert wrong == []


async def test_figures_of_a_scoped_caller_count_its_own_people_only(neighbours: Neighbours) -> None:
    for role in SCOPED:
        for by in ("opd", "unit", "employment", "grade", "position_kind", "pledge"):
            reply = await ask(neighbours, "GET /rounds/{round_id}/compliance", role, neighbours.theirs, {"by": by})
            assert reply.status_code == 200, reply.text
            assert reply.json()["total"]["total"] == len(OURS), (role, by)
            assert reply.json()["total"]["signed"] == 0, (role, by)


def words(content: bytes) -> str:
    """The text of an answer, of what is packed in it, and of the pages of a PDF."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "\n".join(name + words(packed.read(name)) for name in packed.namelist())
    if content.startswith(b"%PDF-"):
        with pypdfium2.PdfDocument(content) as pdf:
            return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)
    return content.decode(errors="replace")


def code_of(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]
