"""One act of signing taken apart, so that a test can bend any part of it."""

import email
import hashlib
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from app.core.db import Database
from app.device.authenticator import SoftAuthenticator, b64
from app.device.signer import Device, Prepared, ServerRefusal
from app.pki.cms import signed_attributes
from app.pki.ecdsa import raw_from_der
from app.signing.act import POSSESSION_PREFIX, act, challenge, unb64
from tests.service import Service

ECDSA = ec.ECDSA(hashes.SHA256())
OPEN = "/me/signing-sessions"


@dataclass
class Act:
    """A device key and the certificate request made with it."""

    key: ec.EllipticCurvePrivateKey
    request: dict[str, Any]


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def make_act(
    device: Device,
    prepared: Prepared,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    over: Prepared | None = None,
    passkey: SoftAuthenticator | None = None,
    authentication: dict[str, Any] | None = None,
) -> Act:
    """Make a certificate request; `over` is the session whose nonce and id go into the act instead of the own."""
    key, over = key or new_key(), over or prepared
    ids = [d["id"] for d in over.session["documents"]]
    act_bytes = act(over.session["id"], list(zip(ids, over.digests, strict=True)), spki_of(key), over.purpose)
    challenged = challenge(unb64(over.session["nonce"]), act_bytes)
    signed = (passkey or device.passkey).get(challenged)
    return Act(
        key,
        {
            "public_key": b64(spki_of(key)),
            "proof_of_possession": b64(raw_from_der(key.sign(POSSESSION_PREFIX + challenged, ECDSA))),
            "authentication": authentication or {"method": "passkey", "credential": signed},
            "confirmations": confirmations(ids),
        },
    )


def confirmations(ids: list[str]) -> list[dict[str, str]]:
    """Return that each document was read, one second after the other."""
    return [{"document": i, "at": f"2026-11-23T05:{n // 60:02}:{n % 60:02}Z"} for n, i in enumerate(ids)]


async def certify(device: Device, prepared: Prepared, request: dict[str, Any]) -> dict[str, Any]:
    return await device._call("POST", f"{OPEN}/{prepared.session['id']}/certificate", request)


async def certified(device: Device, prepared: Prepared) -> dict[str, Any]:
    """Certify a key and return the body with the signatures of all documents."""
    made = make_act(device, prepared)
    return signatures(made, prepared, await certify(device, prepared, made.request))


def signatures(made: Act, prepared: Prepared, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the last step."""
    certificate = unb64(answer["certificate"])
    rows = []
    for document, digest in zip(prepared.session["documents"], prepared.digests, strict=True):
        signature = made.key.sign(signed_attributes(digest, certificate), ECDSA)
        rows.append({"id": document["id"], "signature": b64(raw_from_der(signature))})
    return {"signatures": rows}


async def hand_in(device: Device, prepared: Prepared, body: dict[str, Any]) -> list[dict[str, Any]]:
    return (await device._call("POST", f"{OPEN}/{prepared.session['id']}/signatures", body))["receipts"]


async def restart(device: Device, prepared: Prepared) -> Prepared:
    return await device.fetch(await device._call("POST", f"{OPEN}/{prepared.session['id']}/restart", {}))


async def refusal(call: Awaitable[Any]) -> tuple[int, str]:
    """Return status and code of a call that must be refused."""
    with pytest.raises(ServerRefusal) as caught:
        await call
    return caught.value.status, caught.value.code


def mails(folder: Path) -> set[Path]:
    """Return every message sent so far."""
    return set((folder / "mail").glob("*.eml"))


def read_code(message: Path) -> tuple[str, str]:
    """Return the one-time code of a message, and its text."""
    body = email.message_from_bytes(message.read_bytes()).get_payload(decode=True).decode()
    found = re.findall(r"\b\d{8}\b", body)
    assert len(found) == 1, body
    return found[0], body


async def count(service: Service, statement: str, **values: Any) -> int:
    """Return the one number a statement asks the database for."""
    async with service.held.get(Database).transaction() as session:
        return (await session.execute(text(statement), values)).scalar_one()


async def kept(service: Service, prepared: Prepared) -> dict[str, int]:
    """Count what a session left behind: signed documents, fulfilled obligations, log entries, persons' signed count."""
    ids = [d["id"] for d in prepared.session["documents"]]
    asked = {
        "documents": "SELECT count(*) FROM document WHERE id = ANY(:ids) AND state IN ('signed', 'sealed')",
        "revisions": "SELECT count(*) FROM document_revision WHERE document_id = ANY(:ids) AND number = 0",
        "obligations": "SELECT count(*) FROM obligation WHERE document_id = ANY(:ids) AND state = 'signed'",
        "entries": "SELECT count(*) FROM log_entry WHERE subject_id = ANY(:ids) AND kind = 'document.signed'",
        "counted": "SELECT n_signed FROM participant WHERE nip = :nip",
    }
    values = {"ids": ids, "nip": prepared.session["signer"]["nip"]}
    return {
        name: await count(service, statement, **{k: v for k, v in values.items() if f":{k}" in statement})
        for name, statement in asked.items()
    }


NOTHING = {"documents": 0, "revisions": 0, "obligations": 0, "entries": 0, "counted": 0}
BOTH_ONCE = {"documents": 2, "revisions": 2, "obligations": 2, "entries": 2, "counted": 2}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
