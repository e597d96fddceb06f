"""What operators and other systems ask for: health, readiness, metrics, the CA's certificate and CRL."""

import asyncio
import ssl

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import Database
from app.core.http import ClockDep, SettingsDep, resources
from app.core.schema import is_current
from app.core.secrets import master_key
from app.core.telemetry import REGISTRY
from app.pki.keycheck import check_keys
from app.pki.keyring import KeyRing
from app.wiring import key_folder

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readiness(request: Request, settings: SettingsDep, clock: ClockDep) -> JSONResponse:
    """Database, schema and keys are fit for use; each fault is named."""
    database = resources(request).get(Database)
    faults: list[str] = []
    try:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        if not await asyncio.to_thread(is_current, database.url):
            faults.append("database: the schema is not current; run `pakta db upgrade`")
    except (SQLAlchemyError, OSError) as error:
        faults.append(f"database: {type(error).__name__}")
    findings = await asyncio.to_thread(
        check_keys, key_folder(settings.storage), master_key(settings.storage), clock.now()
    )
    faults += [f"keys: {f.code}: {f.detail}" for f in findings if f.level == "error"]
    warnings = [f"keys: {f.code}: {f.detail}" for f in findings if f.level != "error"]
    return JSONResponse({"ready": not faults, "faults": faults, "warnings": warnings}, 503 if faults else 200)


@router.get("/metrics", response_class=Response)
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.get("/ca/root.pem", response_class=Response)
async def root(request: Request) -> Response:
    """The root certificate: what a verifier has to trust."""
    root_pem = ssl.DER_cert_to_PEM_cert(resources(request).get(KeyRing).authority.root)
    return Response(root_pem, media_type="application/x-pem-file")


@router.get("/ca/issuing.crl", response_class=Response)
async def issuing_crl(request: Request, clock: ClockDep) -> Response:
    """The issuing CA's CRL (RFC 5280)."""
    crl = resources(request).get(KeyRing).authority.crls(clock.now())[1]
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(crl, media_type="application/pkix-crl", headers=headers)


@router.get("/ca/root.crl", response_class=Response)
async def root_crl(request: Request, clock: ClockDep) -> Response:
    """The root's CRL."""
    crl = resources(request).get(KeyRing).authority.crls(clock.now())[0]
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(crl, media_type="application/pkix-crl", headers=headers)
