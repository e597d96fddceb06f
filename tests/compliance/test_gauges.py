"""Figures for Prometheus: those of the API, few series, nobody's name."""

from prometheus_client.parser import text_string_to_metric_families

from app.compliance.gauges import REST, _series
from app.compliance.schemas import Group
from app.core.settings import LimitSettings, ServiceSettings
from tests.service import PEOPLE, Service

STATES = ("pending", "signed", "deferred", "exempt", "left")


async def people(service: Service) -> dict[tuple[str, str, str], float]:
    text = (await service.http.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    found = families["pakta_round_people"].samples
    assert len({tuple(sorted(sample.labels.items())) for sample in found}) == len(found)
    return {tuple(sample.labels[name] for name in ("round", "opd", "state")): sample.value for sample in found}


def group(name: str, total: int) -> Group:
    counts = {"pending": total, "signed": 0, "deferred": 0, "exempt": 0, "left": 0}
    return Group(
        id=name.replace("*", ""), name=name, total=total, required=total, percent=0.0, last_signed_at=None, **counts
    )


async def test_the_gauges_are_the_figures_of_the_api(service: Service) -> None:
    await service.import_roster()
    round_id = await service.open_round()
    device = await service.device("198501012010012001")
    await device.sign(await device.open([owed["id"] for owed in await device.pending()]))
    figures = await service.compliance(round_id)
    told = await people(service)
    expected = {(round_id, one["name"], state): one[state] for one in figures["groups"] for state in STATES}
    assert told == expected
    assert sum(told.values()) == figures["total"]["total"]


async def test_nobody_is_named_and_a_closed_round_is_gone(service: Service) -> None:
    await service.import_roster()
    round_id = await service.open_round()
    text = (await service.http.get("/metrics")).text
    for row in PEOPLE:
        _, nip, name, *_ = row.split(",")
        assert nip not in text
        assert name.title() not in text
        assert name not in text
    await service.http.post(f"/api/v1/rounds/{round_id}/close", headers=service.as_admin())
    assert round_id not in (await service.http.get("/metrics")).text


def test_only_the_largest_agencies_have_series_of_their_own() -> None:
    groups = [group(f"Dinas {number}", number) for number in range(1, 1001)]
    found = _series(groups, 20)
    assert len(found) == 21 * len(STATES)
    assert found["Dinas 1000", "pending"] == 1000
    assert found[REST, "pending"] == sum(range(1, 981))
    assert sum(found.values()) == sum(range(1, 1001))


async def test_small_agencies_are_merged_because_anybody_may_look(service: Service) -> None:
    await service.import_roster()
    round_id = await service.open_round()
    settings = service.app.state.resources
    from app.core.settings import Settings

    held = settings.get(Settings)
    held.service = ServiceSettings(base_url=held.service.base_url, jobs=False, smallest_group=5)
    held.limits = LimitSettings(metric_opds=1)
    told = await people(service)
    assert {opd for _, opd, _ in told} <= {REST, "Dinas Kesehatan"}
    assert (round_id, "Inspektorat Daerah", "pending") not in told
