"""BSrE's Esign Client Service as it is documented, both dialects, with its errors: for tests and for trying a set-up."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, File, Form, Header, HTTPException, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from app.simulator import faults as bad
from app.simulator import people
from app.simulator.authority import SimulatedAuthority
from app.simulator.faults import Faults
from app.simulator.people import BUILT_IN, Person
from app.simulator.signing import BadPdf, sign_pdf, spoil, verdict

USERNAME, PASSWORD = "pakta", "rahasia-aplikasi"
Shape = Literal["pdf", "json"]
_ERRORS = {
    2011: "User tidak terdaftar",
    2021: "User belum memiliki sertifikat",
    2031: "Passphrase anda salah",
}


@dataclass
class Gateway:
    """A simulated gateway: whose signatures it makes, who is known, how it answers, how the next calls go wrong.

    `revoked`: certificates were withdrawn since, as its verification says.
    """

    authority: SimulatedAuthority
    now: Callable[[], datetime]
    people: tuple[Person, ...] = BUILT_IN
    shape: Shape = "pdf"
    faults: Faults = field(default_factory=Faults)
    files: dict[str, bytes] = field(default_factory=dict)
    revoked: bool = False

    def signed(self, person: Person, data: bytes, fault: str) -> bytes:
        """Sign one file, or what stands in its place on a bad day."""
        made = sign_pdf(data, self.authority, person.name, self.now(), limit=fault)
        self.faults.signed += 1
        return spoil(made, data, fault, person.name, self.now())


def build(gateway: Gateway) -> FastAPI:
    """Return the simulated service."""
    app = FastAPI(title="BSrE Esign Client Service (simulator)", docs_url=None, redoc_url=None)

    async def known_application(authorization: Annotated[str, Header()] = "") -> None:
        expected = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if not secrets.compare_digest(authorization, f"Basic {expected}"):
            raise HTTPException(401, "Unauthorized")

    guarded: dict[str, Any] = {"dependencies": [Depends(known_application)]}

    @app.get("/api/user/status/{nik}", **guarded)
    async def status_v1(nik: str) -> Response:
        return _status(people.find(gateway.people, nik, ""))

    @app.post("/api/v2/user/check/status", **guarded)
    async def status_v2(request: Request) -> Response:
        body = await request.json()
        return _status(people.find(gateway.people, body.get("nik", ""), body.get("email", "")))

    @app.post("/api/sign/pdf", **guarded)
    async def sign_v1(
        file: Annotated[UploadFile, File()], nik: Annotated[str, Form()], passphrase: Annotated[str, Form()]
    ) -> Response:
        return await _sign_v1(gateway, nik, passphrase, await file.read())

    @app.get("/api/sign/download/{number}", **guarded)
    async def download(number: str) -> Response:
        if fault := bad.before(gateway.faults.next()):
            return fault
        found = gateway.files.get(number)
        return Response(found, media_type="application/pdf") if found else JSONResponse({"error": "not found"}, 404)

    @app.post("/api/v2/sign/pdf", **guarded)
    async def sign_v2(request: Request) -> Response:
        return await _sign_v2(gateway, await request.json())

    _add_verification(app, gateway, guarded)
    return app


def _add_verification(app: FastAPI, gateway: Gateway, guarded: dict[str, Any]) -> None:
    @app.post("/api/v2/verify/pdf", **guarded)
    async def verify_v2(request: Request) -> Response:
        return await _verify_v2(gateway, await request.json())


async def _verify_v2(gateway: Gateway, body: dict[str, Any]) -> Response:
    count, good = await verdict(base64.b64decode(body.get("file", "")), gateway.authority, gateway.now())
    conclusion = "NO_SIGNATURE" if not count else "VALID" if good and not gateway.revoked else "INVALID"
    return JSONResponse({"conclusion": conclusion, "description": f"Dokumen {conclusion}", "signatureCount": count})


def _status(person: Person | None) -> Response:
    if person is None:
        return JSONResponse({"status_code": 1111, "status": "NOT_REGISTERED", "message": "User tidak terdaftar"})
    return JSONResponse({"status_code": 1111, "status": person.state, "message": f"User {person.state}"})


def _refusal(person: Person | None, passphrase: str | None, totp: str | None) -> Response | None:
    """What the service says to a person who cannot sign, or to a wrong secret."""
    code = 2031
    if person is None:
        code = 2011
    elif person.state != "ISSUE":
        code = 2021
    elif totp == person.totp if totp is not None else passphrase == person.passphrase:
        return None
    return JSONResponse({"status_code": code, "error": _ERRORS[code]}, 400)


async def _sign_v1(gateway: Gateway, nik: str, passphrase: str, data: bytes) -> Response:
    person = people.find(gateway.people, nik, "")
    fault = gateway.faults.next()
    if refusal := bad.before(fault) or _refusal(person, passphrase, None):
        return refusal
    assert person is not None
    try:
        made = await asyncio.to_thread(gateway.signed, person, data, fault)
    except BadPdf:
        return JSONResponse({"status_code": 5000, "error": "Gagal memproses dokumen"}, 500)
    number = secrets.token_hex(12)
    gateway.files[number] = made
    if spoiled := await bad.after(fault, gateway.faults):
        return spoiled
    if fault == "no_file":
        return JSONResponse({"message": "Proses berhasil"})
    if gateway.shape == "json":
        return JSONResponse({"message": "Proses berhasil", "id_dokumen": number})
    return Response(made, media_type="application/pdf", headers={"id_dokumen": number})


async def _sign_v2(gateway: Gateway, body: dict[str, Any]) -> Response:
    person = people.find(gateway.people, body.get("nik", ""), body.get("email", ""))
    fault = gateway.faults.next()
    if refusal := bad.before(fault) or _refusal(person, body.get("passphrase"), body.get("totp")):
        return refusal
    assert person is not None
    try:
        files = [base64.b64decode(one, validate=True) for one in body.get("file", [])]
        made = [await asyncio.to_thread(gateway.signed, person, data, fault) for data in files]
    except (BadPdf, binascii.Error):
        return JSONResponse({"status_code": 5000, "error": "Gagal memproses dokumen"}, 500)
    if spoiled := await bad.after(fault, gateway.faults):
        return spoiled
    encoded = [] if fault == "no_file" else [base64.b64encode(one).decode() for one in made]
    return JSONResponse({"time": 1000 * len(made), "file": encoded})
