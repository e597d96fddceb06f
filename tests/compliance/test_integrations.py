"""What `docs/integrations` promises: every path, metric, field and setting in it exists and answers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.compliance import routes as figures
from app.compliance.documents import routes as finished
from app.core.permission import Role
from app.core.settings import GROUPS, variable
from app.webhook.circuit import SCHEDULE
from app.webhook.models import EVENTS, TEST_EVENT
from tests.service import Service

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "integrations"
PAGES = sorted(FOLDER.glob("*.md"))
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
TARGETS = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def at(found: Any, selector: str) -> Any:
    for step in selector.split("."):
        found = found[step]
    return found


@pytest.fixture
async def round_id(service: Service) -> str:
    """A round in which two people have signed and whose documents are sealed."""
    await service.import_roster()
    opened = await service.open_round()
    for nip in ("198501012010012001", "197505052000031002"):
        device = await service.device(nip)
        await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    await service.run_jobs()
    return opened


async def test_every_query_of_the_dashboard_to_the_api_answers_with_the_columns_it_shows(
    service: Service, round_id: str
) -> None:
    headers = await service.token(Role.DASHBOARD)
    asked = [(title, target) for title, target in TARGETS if "url" in target]
    assert len(asked) == 3
    for title, target in asked:
        reply = await service.http.get(target["url"].replace("${round}", round_id), headers=headers)
        assert reply.status_code == 200, title
        rows = at(reply.json(), target["root_selector"])
        assert rows, title
        for column in target["columns"]:
            assert column["selector"] in rows[0], (title, column)


async def test_every_metric_and_label_of_the_dashboard_is_there(service: Service, round_id: str) -> None:
    await service.http.get("/healthz")
    text = (await service.http.get("/metrics")).text
    samples: dict[str, set[str]] = {}
    states = set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
            if sample.name == "pakta_round_people":
                states.add(sample.labels["state"])
    queries = [target["expr"] for _, target in TARGETS if "expr" in target]
    queries += [one["query"]["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
    assert len(queries) == 8
    for query in queries:
        (name,) = set(re.findall(r"pakta_\w+", query))
        labels = set(re.findall(r"(\w+)=~?\"", query)) | set(re.findall(r"by \((\w+)\)", query))
        assert name in samples, query
        assert labels <= samples[name], query
        for wanted in re.findall(r'state=~?"([\w|]+)"', query):
            assert set(wanted.split("|")) <= states


def test_a_variable_of_the_dashboard_is_declared() -> None:
    declared = {one["name"] for one in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(DASHBOARD["panels"])))
    assert used == declared
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_setting_of_the_pages_exists(service: Service, page: Path) -> None:
    text = page.read_text()
    paths = service.app.openapi()["paths"]
    for method, path in re.findall(r"\b(GET|POST|PATCH|DELETE|PUT) (/[\w{}./-]*[\w}])", text):
        assert method.lower() in paths[path], (method, path)
    known = {variable(kind, field) for kind in GROUPS for field in kind.model_fields}
    assert set(re.findall(r"PAKTA_[A-Z_]+", text)) <= known
    for target in re.findall(r"\]\(([\w.-]+)\)", text):
        assert (FOLDER / target).is_file(), target


def test_the_examples_of_the_figures_are_what_the_schemas_say(service: Service) -> None:
    """Each example is a whole answer: no field missing, none invented, and its figures reconcile."""
    examples = 0
    for path, operations in service.app.openapi()["paths"].items():
        if "/compliance" not in path:
            continue
        kind = next(route.response_model for route in compliance_routes() if route.path == path.removeprefix("/api/v1"))
        for example in kind.model_config["json_schema_extra"]["examples"]:
            read = kind.model_validate(example)
            assert set(example) == set(kind.model_fields), path
            assert json.loads(read.model_dump_json(exclude_unset=True)).keys() == example.keys()
            total = example.get("total")
            if total:
                assert total["required"] == total["signed"] + total["pending"]
                assert total["total"] == total["required"] + total["deferred"] + total["exempt"] + total["left"]
            examples += 1
        assert operations["get"]["responses"]["200"]
    assert examples == 6


def compliance_routes() -> list[Any]:
    return [*figures.router.routes, *finished.router.routes]


def test_the_page_of_webhooks_lists_every_event_and_the_schedule() -> None:
    text = (FOLDER / "webhook.md").read_text()
    assert set(re.findall(r"`((?:document|round|roster|obligation|webhook)\.[a-z]+)`", text)) == {*EVENTS, TEST_EVENT}
    assert SCHEDULE == (5, 30, 120, 600, 3_600, 14_400, 43_200)
    assert "5 detik, 30 detik, 2 menit, 10 menit, 1 jam, 4 jam, 12 jam" in text
