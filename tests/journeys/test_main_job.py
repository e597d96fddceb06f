"""The main job over the API: roster, round, signing, sealing, figures, verification."""

from tests.service import Service

SITI, BUDI = "198501012010012001", "197505052000031002"


async def test_a_roster_becomes_signed_sealed_documents_and_figures_that_reconcile(service: Service) -> None:
    applied = await service.import_roster()
    assert applied["counts"] == {
        "rows": 6,
        "accepted": 6,
        "warned": 0,
        "rejected": 0,
        "new": 6,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
    }
    round_id = await service.open_round()
    device = await service.device(SITI)
    owed = await device.pending()
    assert sorted(o["pledge"] for o in owed) == ["ikrar_netralitas", "pakta_integritas"]
    prepared = await device.open([o["id"] for o in owed])
    signed = await device.sign(prepared)
    assert len(signed.receipts) == 2
    figures = await service.compliance(round_id)
    assert {
        k: figures["total"][k] for k in ("total", "required", "signed", "pending", "deferred", "exempt", "left")
    } == {
        "total": 6,
        "required": 4,
        "signed": 1,
        "pending": 3,
        "deferred": 1,
        "exempt": 1,
        "left": 0,
    }
    assert [(g["name"], g["signed"], g["pending"]) for g in figures["groups"]] == [
        ("Dinas Kesehatan", 1, 2),
        ("Inspektorat Daerah", 0, 1),
    ]
    await service.run_jobs()
    for receipt in signed.receipts:
        facts = await device._call("GET", f"/documents/{receipt['id']}")
        assert facts["state"] == "sealed"
        file = await device.download(receipt["id"])
        verdict = await service.http.post("/api/v1/verifications", files={"file": ("a.pdf", file, "application/pdf")})
        assert verdict.status_code == 200
        assert verdict.json()["verdict"] == "valid", verdict.json()
