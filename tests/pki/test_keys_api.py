"""What the administrator and the monitoring see of certificates: API, readiness and metrics agree, a month ahead."""

from datetime import timedelta

from app.pki.hierarchy import LIVES
from tests.service import Service


async def test_a_seal_that_ends_next_month_is_told_everywhere_and_stops_nothing(service: Service) -> None:
    reply = await service.http.get("/api/v1/keys", headers=service.as_admin())
    assert reply.status_code == 200, reply.text
    found = {one["name"]: one for one in reply.json()["certificates"]}
    assert {name: (one["place"], one["state"]) for name, one in found.items()} == dict.fromkeys(
        ("root", "issuing", "tsa", "e-seal"), ("file", "valid")
    )
    metrics = (await service.http.get("/metrics")).text
    assert all(f'pakta_certificate_expiry_timestamp_seconds{{name="{name}"}}' in metrics for name in found)
    service.clock.advance(LIVES["e-seal"] - timedelta(days=40))
    ready = await service.http.get("/readyz")
    assert ready.status_code == 200, ready.text
    (warning,) = ready.json()["warnings"]
    assert "keys.expiring" in warning
    assert "e-seal.crt" in warning
