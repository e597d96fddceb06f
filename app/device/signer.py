"""The device's side of the ceremony over REST: activate, read, sign. Its signing key lives in one function call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core.clock import SystemClock
from app.device.authenticator import SoftAuthenticator, b64
from app.device.checks import DeviceRefusal, check_certificate, document_digest, must
from app.pki.cms import signed_attributes
from app.pki.ecdsa import raw_from_der
from app.signing.act import COUNTERSIGN_PURPOSE, POSSESSION_PREFIX, SIGN_PURPOSE, act, challenge, unb64

API = "/api/v1"
_ECDSA = ec.ECDSA(hashes.SHA256())


class ServerRefusal(Exception):
    """The server answered with a problem document; `code` and `status` are its."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('title')}")
        self.status = status
        self.code = str(problem.get("code"))


@dataclass
class Prepared:
    """An opened session whose bytes the device has hashed itself."""

    session: dict[str, Any]
    files: list[bytes]
    digests: list[bytes]
    purpose: str = SIGN_PURPOSE


@dataclass
class Signature:
    """What was sent in the last step, so that it can be sent again when the answer was lost."""

    session_id: str
    body: dict[str, Any]
    receipts: list[dict[str, Any]] = field(default_factory=list)


class Answer(Protocol):
    """What a device reads of an HTTP answer; httpx's has it."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...

    @property
    def is_error(self) -> bool:
        """Whether it is a refusal."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def text(self) -> str:
        """The body as text."""
        ...

    @property
    def cookies(self) -> Mapping[str, str]:
        """What it sets."""
        ...

    def json(self) -> Any:
        """The body as JSON."""
        ...


class Client(Protocol):
    """What a device asks of an HTTP client of one server; `httpx.AsyncClient` has it."""

    @property
    def cookies(self) -> Any:
        """What the client itself keeps."""
        ...

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request and wait for its answer."""
        ...


class Device:
    """One person's phone: a passkey, a session cookie, and the steps of the ceremony."""

    def __init__(self, http: Client, origin: str, rp_id: str) -> None:
        self.http = http
        self.passkey = SoftAuthenticator(origin, rp_id)
        self._headers: dict[str, str] = {}
        self._cookies: dict[str, str] = {}

    async def activate(self, code: str, birth_date: date) -> None:
        """Use a one-time link and register this device's passkey."""
        await self._call("POST", "/activation", {"code": code, "birth_date": birth_date.isoformat()})
        options = await self._call("POST", "/me/passkey-options", {})
        await self._call("POST", "/me/passkeys", self.passkey.create(options))

    async def pending(self) -> list[dict[str, Any]]:
        """Return the obligations this person has not signed."""
        return [owed for owed in await self._call("GET", "/me/obligations") if owed["state"] == "pending"]

    async def open(self, obligation_ids: list[str]) -> Prepared:
        """Open a session, take every byte with it, hash it here, and compare with what was announced."""
        body = {"obligation_ids": obligation_ids}
        answer = await self._request("POST", "/me/signing-sessions", body, {"accept": "multipart/form-data"})
        told, bundle = form_parts(answer.content)
        session = json.loads(told)
        must(len(session["documents"]) == len(obligation_ids), "session.count")
        return _hashed(_announced(session, SIGN_PURPOSE), bundle)

    async def countersignings(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return what waits for this person as the head of an agency."""
        query = f"?{urlencode(wanted)}" if wanted else ""
        found: list[dict[str, Any]] = await self._call("GET", f"/me/countersignings{query}")
        return found

    async def leave_out(self, document_ids: list[str], reason: str) -> None:
        """Leave pledges out of what this person takes note of."""
        await self._call("POST", "/me/countersignings/left-out", {"document_ids": document_ids, "reason": reason})

    async def open_countersigning(self, document_ids: list[str]) -> Prepared:
        """Open one act over many pledges of others; the device sees that it is asked for these and no others."""
        session = await self._call("POST", "/me/countersigning-sessions", {"document_ids": document_ids})
        must([d["id"] for d in session["documents"]] == document_ids, "session.other_documents")
        return await self.fetch(_announced(session, COUNTERSIGN_PURPOSE))

    async def decline(self, prepared: Prepared, reason: str) -> None:
        """Refuse to sign, and say why."""
        await self._call("POST", f"/me/signing-sessions/{prepared.session['id']}/decline", {"reason": reason})

    async def fetch(self, session: dict[str, Any]) -> Prepared:
        """Fetch the bytes of a session that came without, and hash them."""
        return _hashed(session, await self._bytes(f"/me/signing-sessions/{session['id']}/bundle"))

    async def sign(self, prepared: Prepared) -> Signature:
        """Authenticate over the act, check the certificate, sign the attributes built here, and send them."""
        signature = await self.make_signatures(prepared)
        return await self.send(signature)

    async def make_signatures(self, prepared: Prepared) -> Signature:
        """Everything up to the signatures; the key is born here and gone when this returns."""
        session = prepared.session
        key = ec.generate_private_key(ec.SECP256R1())
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ids = [d["id"] for d in session["documents"]]
        act_bytes = act(session["id"], list(zip(ids, prepared.digests, strict=True)), spki, prepared.purpose)
        over = challenge(unb64(session["nonce"]), act_bytes)
        proof = raw_from_der(key.sign(POSSESSION_PREFIX + over, _ECDSA))
        now = SystemClock().now()  # the device's own, as everywhere on it
        request = {
            "public_key": b64(spki),
            "proof_of_possession": b64(proof),
            "authentication": {"method": "passkey", "credential": self.passkey.get(over)},
            "confirmations": [{"document": i, "at": now.isoformat()} for i in ids],
        }
        reply = await self._call("POST", f"/me/signing-sessions/{session['id']}/certificate", request)
        certificate = unb64(reply["certificate"])
        check_certificate(certificate, spki, session["signer"]["nip"])
        rows = reply["documents"]
        must([row["id"] for row in rows] == ids, "attributes.documents")
        built = [signed_attributes(digest, certificate) for digest in prepared.digests]
        for attributes, row in zip(built, rows, strict=True):
            must(b64(attributes) == row["signed_attributes"], "attributes.other")
        # all are checked before the first is signed
        made = [b64(raw_from_der(key.sign(attributes, _ECDSA))) for attributes in built]
        body = [{"id": i, "signature": signature} for i, signature in zip(ids, made, strict=True)]
        return Signature(session["id"], {"signatures": body})

    async def send(self, signature: Signature) -> Signature:
        """Hand the signatures in; the same body may be sent again."""
        reply = await self._call("POST", f"/me/signing-sessions/{signature.session_id}/signatures", signature.body)
        signature.receipts = reply["receipts"]
        return signature

    async def download(self, document_id: str) -> bytes:
        """Return a signed document."""
        return await self._bytes(f"/documents/{document_id}/file")

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        told = (await self._request(method, path, body)).json()
        if isinstance(told, dict) and "csrf" in told:  # a new session, or one whose token was drawn anew
            self._headers["x-csrf-token"] = told["csrf"]
        return told

    async def _bytes(self, path: str) -> bytes:
        return (await self._request("GET", path, None)).content

    async def _request(
        self, method: str, path: str, body: dict[str, Any] | None, more: Mapping[str, str] | None = None
    ) -> Answer:
        # also when there are none: the client may hold those of another device that shares it
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = self._headers | {"cookie": cookies} | dict(more or {})
        reply = await self.http.request(method, f"{API}{path}", json=body, headers=headers)
        for name, value in reply.cookies.items():
            self._cookies[name] = value
        self.http.cookies.clear()
        if reply.is_error:
            try:
                problem = reply.json()
            except ValueError:
                problem = {"code": "server.no_answer", "title": reply.text[:200]}
            raise ServerRefusal(reply.status_code, problem)
        return reply


def _announced(session: dict[str, Any], purpose: str) -> dict[str, Any]:
    must(session["state"] == "prepared" and len(unb64(session["nonce"])) == 32, "session.shape")
    must(session["purpose"] == purpose, "session.other_purpose")
    return session


def _hashed(session: dict[str, Any], bundle: bytes) -> Prepared:
    """Hash the files of a session; of another's pledge, the signature that is in it already is covered too."""
    purpose = session["purpose"]
    files = [b"".join(bundle[at : at + n] for at, n in d["parts"]) for d in session["documents"]]
    digests = [document_digest(pdf, 2 if purpose == COUNTERSIGN_PURPOSE else 1) for pdf in files]
    for digest, announced in zip(digests, session["documents"], strict=True):
        must(digest.hex() == announced["sha256"], "pdf.other_digest")
    return Prepared(session, files, digests, purpose)


def form_parts(body: bytes) -> list[bytes]:
    """Return what is in the parts of a form (RFC 2046 section 5.1.1), in their order."""
    delimiter, _, _ = body.partition(b"\r\n")
    parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    must(len(delimiter) > 2 and len(parts) > 2, "form.shape")
    return [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]]


__all__ = ["Device", "DeviceRefusal", "Prepared", "ServerRefusal", "Signature", "form_parts"]
