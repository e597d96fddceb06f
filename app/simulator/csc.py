"""A remote signing service with the API of the Cloud Signature Consortium, versions 1 and 2, with its errors."""

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse

from app.simulator import faults as bad
from app.simulator.authority import Certified, SimulatedAuthority
from app.simulator.faults import Faults
from app.simulator.people import PASSPHRASE, TOTP

USERNAME, PASSWORD = "pakta", "rahasia-aplikasi"
RSA_WITH_SHA256 = "1.2.840.113549.1.1.11"
UNKNOWN_USER = "9"
"""A user whose id ends so has no credential."""
DISABLED_USER = "8"
"""A user whose id ends so has one that is disabled."""


@dataclass
class Service:
    """A simulated service: whose certificates it holds, and how the next calls of signHash go wrong; `both`: it wants PIN and OTP."""

    authority: SimulatedAuthority
    now: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    tokens: set[str] = field(default_factory=set)
    granted: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    certified: dict[str, Certified] = field(default_factory=dict)
    both: bool = False

    def of(self, credential: str) -> Certified | None:
        """Key and certificate of a credential: `cred-` and the user's id."""
        user = credential.removeprefix("cred-")
        if user == credential or user.endswith(UNKNOWN_USER):
            return None
        if user not in self.certified:
            self.certified[user] = self.authority.certify(f"Pengguna {user}", user)
        return self.certified[user]


def build(service: Service) -> FastAPI:
    """Return the simulated service at /csc/v1 and /csc/v2."""
    app = FastAPI(title="CSC (simulator)", docs_url=None, redoc_url=None)

    @app.post("/csc/{version}/auth/login")
    async def login(version: str, authorization: Annotated[str, Header()] = "") -> Response:
        expected = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if version not in {"v1", "v2"} or authorization != f"Basic {expected}":
            return _error("authentication_error", 401)
        token = secrets.token_urlsafe(16)
        service.tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 3600})

    @app.post("/csc/{version}/{noun}/{verb}")
    async def call(
        version: str, noun: str, verb: str, request: Request, authorization: Annotated[str, Header()] = ""
    ) -> Response:
        if authorization.removeprefix("Bearer ") not in service.tokens:
            return _error("invalid_token", 401)
        body = await request.json()
        if (noun, verb) == ("credentials", "list"):
            return _list(service, str(body.get("userID", "")))
        if (noun, verb) == ("credentials", "info"):
            return _info(service, str(body.get("credentialID", "")))
        if (noun, verb) == ("credentials", "authorize"):
            return _authorize(service, version, body)
        if (noun, verb) == ("signatures", "signHash"):
            return await _sign(service, version, body)
        return _error("invalid_request", 404)

    return app


def _list(service: Service, user: str) -> Response:
    return JSONResponse({"credentialIDs": [] if service.of(f"cred-{user}") is None else [f"cred-{user}"]})


def _error(word: str, status: int = 400) -> Response:
    return JSONResponse({"error": word, "error_description": word.replace("_", " ")}, status)


def _info(service: Service, credential: str) -> Response:
    owner = service.of(credential)
    if owner is None:
        return _error("invalid_request")
    chain = [base64.b64encode(one.der).decode() for one in (owner, service.authority.root)]
    status = "disabled" if credential.endswith(DISABLED_USER) else "enabled"
    return JSONResponse(
        {
            "key": {"status": status, "algo": [RSA_WITH_SHA256], "len": 2048},
            "cert": {"status": "valid", "certificates": chain},
            "authMode": "explicit",
            "PIN": {"presence": "true"},
            "OTP": {"presence": "optional"},
            "multisign": 100,
        }
    )


def _hashes(version: str, body: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, body.get("hash" if version == "v1" else "hashes", ())))


def _authorize(service: Service, version: str, body: dict[str, Any]) -> Response:
    given = body if version == "v1" else {one["id"]: one["value"] for one in body.get("authData", [])}
    if given.get("OTP", TOTP) != TOTP or (service.both and "OTP" not in given):
        return _error("invalid_otp")
    if given.get("PIN", PASSPHRASE) != PASSPHRASE or ("PIN" not in given and (service.both or "OTP" not in given)):
        return _error("invalid_pin")
    hashes_of = _hashes(version, body)
    if not hashes_of or body.get("numSignatures") != len(hashes_of):
        return _error("invalid_request")
    granted = secrets.token_urlsafe(16)
    service.granted[granted] = (str(body.get("credentialID")), hashes_of)
    return JSONResponse({"SAD": granted, "expiresIn": 300})


async def _sign(service: Service, version: str, body: dict[str, Any]) -> Response:
    fault = service.faults.next()
    if refusal := bad.before(fault):
        return refusal
    wanted = _hashes(version, body)
    if service.granted.pop(str(body.get("SAD")), None) != (body.get("credentialID"), wanted):
        return _error("invalid_request")
    owner = service.of(str(body.get("credentialID")))
    if owner is None or not isinstance(owner.key, rsa.RSAPrivateKey) or body.get("signAlgo") != RSA_WITH_SHA256:
        return _error("invalid_request")
    try:
        digests = [base64.b64decode(one, validate=True) for one in wanted]
        made = [owner.key.sign(one, padding.PKCS1v15(), Prehashed(hashes.SHA256())) for one in digests]
    except (binascii.Error, ValueError):
        return _error("invalid_request")
    service.faults.signed += len(made)
    if spoiled := await bad.after(fault, service.faults):
        return spoiled
    if fault in {"foreign", "changed"}:
        made = [bytes(len(one)) for one in made]
    encoded = [] if fault == "no_file" else [base64.b64encode(one).decode() for one in made]
    return JSONResponse({"signatures": encoded})
