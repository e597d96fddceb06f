"""What operators and other systems ask for: health, readiness, metrics, the CA's certificate and CRL."""

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.compliance import gauges
from app.core.db import Database
from app.core.errors import NotFound
from app.core.http import ClockDep, SettingsDep, resources
from app.core.problems import problem
from app.core.routing import Router
from app.core.schema import is_current
from app.core.settings import Settings
from app.core.telemetry import CERTIFICATE_ENDS, REGISTRY, STAMPS_FAIL
from app.document import stamp_faults
from app.document.outside_stamps import shown
from app.key_standing import examine
from app.pki.errors import TimestampUnavailable
from app.pki.inventory import list_certificates
from app.pki.keycheck import Finding
from app.pki.keyring import KeyRing
from app.wiring import key_folder

log = structlog.get_logger()
router = Router(tags=["operation"])


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
    findings = await asyncio.to_thread(examine, resources(request), settings, clock.now())
    findings += await _stamp_findings(database)
    faults += [f"keys: {f.code}: {f.detail}" for f in findings if f.level == "error"]
    warnings = [f"keys: {f.code}: {f.detail}" for f in findings if f.level != "error"]
    return JSONResponse({"ready": not faults, "faults": faults, "warnings": warnings}, 503 if faults else 200)


async def _stamp_findings(database: Database) -> list[Finding]:
    """Which time-stamping authorities of others fail; nothing while the database does not answer."""
    with suppress(SQLAlchemyError, OSError):
        async with database.transaction() as session:
            return await stamp_faults.findings(session)
    return []


async def keys_unavailable(request: Request, fault: Exception) -> JSONResponse:
    """Answer 503 when a token does not sign, or no TSA stamps: nothing was signed with another key, and the request can be sent again."""
    log.error("keys.unavailable", code=getattr(fault, "code", ""), reason=str(fault))
    return problem(request, 503, fault.code if isinstance(fault, TimestampUnavailable) else "keys.unavailable")


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, settings: SettingsDep, clock: ClockDep) -> Response:
    """Prometheus metrics of this process, and the figures of open rounds."""
    for one in await asyncio.to_thread(list_certificates, key_folder(settings.storage), clock.now()):
        CERTIFICATE_ENDS.labels(one.name).set(one.not_after.timestamp())
    database = resources(request).get(Database)
    await _tell_stamps(database, settings)
    figures = await _figures(database, settings, clock.now())
    return Response(generate_latest(REGISTRY) + figures, media_type=CONTENT_TYPE_LATEST)


async def _tell_stamps(database: Database, settings: Settings) -> None:
    """Set which time-stamping authorities of others fail; as before while the database does not answer."""
    with suppress(SQLAlchemyError, OSError):
        async with database.transaction() as session:
            failing = {fault.url for fault in await stamp_faults.list_faults(session)}
        for url in map(shown, settings.timestamps.addresses):
            STAMPS_FAIL.labels(url).set(url in failing)


async def _figures(database: Database, settings: Settings, now: datetime) -> bytes:
    """Return the figures of open rounds; nothing while the database does not answer."""
    smallest, most = settings.service.smallest_group, settings.limits.metric_opds
    with suppress(SQLAlchemyError, OSError):
        async with database.transaction() as session:
            return await gauges.exposition(session, now=now, smallest=smallest, most=most)
    return b""


@router.get("/ca/root.pem", response_class=Response)
async def root(request: Request) -> Response:
    """The root certificate in use: what a verifier has to trust."""
    root_pem = ssl.DER_cert_to_PEM_cert(resources(request).get(KeyRing).authority.root)
    return Response(root_pem, media_type="application/x-pem-file")


@router.get("/ca/roots.pem", response_class=Response)
async def roots(request: Request) -> Response:
    """Every root that documents of ours may stand under: the one in use, then those before it."""
    listed = resources(request).get(KeyRing).authority.roots
    return Response("".join(map(ssl.DER_cert_to_PEM_cert, listed)), media_type="application/x-pem-file")


@router.get("/ca/{name}.crl", response_class=Response)
async def revocation_list(name: str, request: Request, clock: ClockDep) -> Response:
    """The CRL (RFC 5280) of the root, or of an issuing CA under the name its certificates give."""
    found = resources(request).get(KeyRing).authority.published_crl(f"{name}.crl", clock.now())
    if found is None:
        raise NotFound
    return Response(found, media_type="application/pkix-crl", headers={"Cache-Control": "public, max-age=3600"})
