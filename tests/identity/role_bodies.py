"""With what body each route of the REST API is tried."""

from typing import Any

NOBODY = "00000000-0000-7000-8000-000000000000"

BODIES: dict[str, dict[str, Any]] = {
    "POST /accounts": {"json": {"name": "Uji", "email": "uji@kota.example", "role": "auditor"}},
    "PATCH /accounts/{account_id}": {"json": {"role": "auditor", "agencies": None}},
    "POST /account-passkeys": {"json": {"id": "x", "rawId": "x", "type": "public-key", "response": {}}},
    "POST /activations/{activation_id}/contest": {"json": {"reason": "bukan orangnya"}},
    "POST /approvals/{approval_id}/approve": {"json": {"reason": "sudah diperiksa"}},
    "POST /approvals/{approval_id}/refuse": {"json": {"reason": "sudah diperiksa"}},
    "POST /sessions/confirm": {"json": {"id": "x", "rawId": "x", "type": "public-key", "response": {}}},
    "PUT /employees/{employee_id}/nik": {"json": {"nik": "3573014101850001"}},
    "POST /me/data/corrections": {"json": {"message": "Nama saya salah eja."}},
    "POST /data-corrections/{request_id}/decision": {"json": {"state": "refused", "reason": "uji"}},
    "POST /opd/changes": {
        "json": {"kind": "move", "unit_id": NOBODY, "parent_id": NOBODY, "effective_on": "2026-11-01", "reason": "uji"}
    },
    "POST /opd/{unit_id}/heads": {"json": {"employee_id": NOBODY, "kind": "definitive", "valid_from": "2026-11-01"}},
    "PATCH /employees/{employee_id}": {"json": {"kind": "change", "reason": "uji"}},
    "POST /employees/{employee_id}/merge": {"json": {"other_id": NOBODY, "reason": "uji"}},
    "PATCH /rounds/{round_id}": {"json": {}},
    "POST /rounds/{round_id}/participants": {"json": {"employee_ids": [NOBODY], "reason": "menyusul"}},
    "POST /obligations/{obligation_id}/exemption": {
        "data": {"reason": "sakit berkepanjangan"},
        "files": {"evidence": ("bukti.pdf", b"%PDF-1.7 %%EOF", "application/pdf")},
    },
    "POST /exemptions/{exemption_id}/decision": {"json": {"state": "refused", "reason": "tidak cukup"}},
    "GET /rounds/{round_id}/compliance/comparison": {"params": {"with": NOBODY}},
    "GET /rounds/{round_id}/events": {"params": {"seconds": 0}},
    "POST /activations": {"json": {"employee_ids": [NOBODY]}},
    "POST /activation-slips": {"json": {"employee_ids": [NOBODY]}},
    "POST /employees/{employee_id}/nip-unmaskings": {"json": {"reason": "pemeriksaan khusus"}},
    "POST /kiosks": {"json": {"opd": NOBODY, "name": "Tablet aula"}},
    "POST /documents/{document_id}/void": {"json": {"reason": "naskah keliru"}},
    "POST /me/countersigning-sessions": {"json": {"document_ids": [NOBODY]}},
    "POST /me/countersignings/left-out": {"json": {"document_ids": [NOBODY], "reason": "belum sesuai"}},
    "POST /me/signing-sessions/{session_id}/decline": {"json": {"reason": "belum sesuai"}},
    "POST /rounds/{round_id}/countersigners": {"json": {"agency_id": NOBODY, "nip": "198501012010012001"}},
    "POST /me/remote-countersignatures": {"json": {"document_ids": [NOBODY], "provider": "bsre-v2"}},
    "POST /me/remote-signatures": {"json": {"obligation_ids": [NOBODY], "provider": "bsre-v2"}},
    "POST /me/remote-signatures/{act_id}/file": {"files": {"file": ("signed.pdf", b"%PDF-", "application/pdf")}},
    "POST /me/obligations/{obligation_id}/scan": {"files": {"file": ("scan.pdf", b"%PDF-", "application/pdf")}},
    "POST /obligations/{obligation_id}/scan": {"files": {"file": ("scan.pdf", b"%PDF-", "application/pdf")}},
    "POST /scans/{scan_id}/refuse": {"json": {"reason": "buram sekali"}},
    "POST /remote-signatures/{call_id}/decision": {"json": {"outcome": "not_signed", "reason": "sudah diperiksa"}},
    "POST /remote-signatures/{call_id}/file": {
        "files": {"file": ("signed.pdf", b"%PDF-", "application/pdf")},
        "data": {"reason": "diunduh dari portal"},
    },
    "POST /me/passkeys": {"json": {"id": "x", "rawId": "x", "type": "public-key", "response": {}}},
    "POST /me/pin": {"json": {"pin": "739146"}},
    "POST /me/signing-sessions": {"json": {"obligation_ids": [NOBODY]}},
    "POST /me/signing-sessions/{session_id}/certificate": {
        "json": {"public_key": "", "proof_of_possession": "", "authentication": {"method": "passkey"}}
    },
    "POST /me/signing-sessions/{session_id}/signatures": {"json": {"signatures": [{"id": NOBODY, "signature": ""}]}},
    "POST /roster-imports": {"files": {"file": ("roster.csv", b"NIP,NAMA", "text/csv")}},
    "POST /roster-imports/{import_id}/corrections": {"files": {"file": ("roster.csv", b"NIP,NAMA", "text/csv")}},
    "PUT /roster-imports/{import_id}/links": {
        "json": {"sheet": "", "row": 2, "employee_id": NOBODY, "decision": "same"}
    },
    "PUT /roster-imports/{import_id}/mapping": {"json": {"columns": {"nip": "NIP"}}},
    "PUT /roster-imports/{import_id}/missing": {"json": {"employee_ids": [NOBODY], "decision": "keep"}},
    "POST /reminder-recipients": {"json": {"agency_id": NOBODY, "name": "Uji", "email": "uji@kota.example"}},
    "PUT /reminders/pause": {"json": {"paused": False}},
    "POST /templates": {"files": {"template": ("template.toml", b"", "text/plain")}},
    "POST /templates/{template_id}/versions": {"files": {"template": ("template.toml", b"", "text/plain")}},
    "POST /rounds": {
        "json": {
            "title": "Rancangan",
            "election": "Pilkada",
            "year": 2026,
            "cut_off": "2026-11-23",
            "opens_at": "2026-11-23T00:00:00Z",
            "closes_at": "2026-12-23T00:00:00Z",
        }
    },
    "POST /rounds/{round_id}/recap-links": {"json": {"name": "Dasbor"}},
    "POST /webhooks": {"json": {"url": "https://hooks.kota.example/", "events": ["round.closed"]}},
    "PATCH /webhooks/{webhook_id}": {"json": {"enabled": False}},
    "POST /webhooks/{webhook_id}/replay": {"json": {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}},
}
"""What is sent, so that nothing but the caller can be the reason of a refusal."""
