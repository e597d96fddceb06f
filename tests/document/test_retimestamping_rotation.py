"""Keys are rotated in the middle of a round: what was prepared before is signed, sealed and renewed after."""

import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from app.core.clock import Clock
from app.core.db import Database
from app.core.secrets import master_key
from app.core.settings import Settings
from app.document.retimestamping import service as renewal
from app.document.sealing import Sealer
from app.pki.keyring import KeyRing
from app.pki.root_succession import rotate_root
from app.pki.rotation import rotate
from app.pki.succession import rotate_issuing
from app.wiring import key_folder
from tests.pki.test_archive_life import strict
from tests.service import Service, running_service

SITI, BUDI = "198501012010012001", "197505052000031002"


async def sign(service: Service, nip: str) -> list[str]:
    device = await service.device(nip)
    signed = await device.sign(await device.open([o["id"] for o in await device.pending()]))
    return [receipt["id"] for receipt in signed.receipts]


async def download(service: Service, document_id: str) -> bytes:
    reply = await service.http.get(f"/api/v1/documents/{document_id}/file", headers=service.as_admin())
    assert reply.status_code == 200, reply.text
    return reply.content


async def check(service: Service, file: bytes, folder: Path, signatures: int) -> None:
    """Our verdict, pyHanko's and poppler's."""
    reply = await service.http.post("/api/v1/verifications", files={"file": ("a.pdf", file, "application/pdf")})
    assert reply.json()["verdict"] == "valid", reply.text
    now = service.held.get(Clock).now() + timedelta(seconds=5)
    roots = list(service.held.get(KeyRing).authority.roots)
    spec = PdfSignatureValidationSpec(strict(roots, LocalKnowledge()))
    timing = ValidationTimingInfo(now, now, point_in_time_validation=False)
    found = PdfFileReader(io.BytesIO(file)).embedded_regular_signatures
    assert len(found) == signatures
    if signatures > 1:
        for one in found:
            assert (await ades_lta_validation(one, spec, timing_info=timing)).ades_subindic == AdESPassed.OK
    tool = shutil.which("pdfsig")
    assert tool is not None
    (folder / "a.pdf").write_bytes(file)
    told = subprocess.run([tool, "-nocert", str(folder / "a.pdf")], capture_output=True, text=True, check=False)
    assert told.stdout.count("Signature is Valid") == signatures, told.stdout


@pytest.mark.parametrize("names", [("tsa", "e-seal"), ("issuing",), ("issuing", "tsa", "e-seal"), ("root",)])
async def test_a_round_goes_on_under_new_certificates(
    fresh_database: str, tmp_path: Path, names: tuple[str, ...]
) -> None:
    # over by the machine's clock, which pyHanko asks for proofs of existence, but not so long that a cookie is
    noon = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=25)
    async with running_service(fresh_database, tmp_path, noon) as service:
        await service.import_roster()
        await service.open_round()
        sealed_before = await sign(service, SITI)
        await service.run_jobs()
        settings = service.held.get(Settings)
        unsealed = await sign(service, BUDI)
        old = service.held.get(KeyRing).authority
        for name in names:
            follow = {"root": rotate_root, "issuing": rotate_issuing}.get(name, partial(rotate, name=name))
            follow(
                key_folder(settings.storage),
                master_key(settings.storage),
                institution=settings.service.institution,
                now=noon,
                crl_base="https://pakta.contoh.go.id/ca",
            )
        names = ("root", "issuing", "tsa", "e-seal") if names == ("root",) else names  # it takes all with it
        ready = (await service.http.get("/readyz")).json()
        assert ready["ready"] is True
        assert sum("keys.superseded" in warning for warning in ready["warnings"]) == len(names)
    async with running_service(fresh_database, tmp_path, noon + timedelta(minutes=4)) as service:
        new = service.held.get(KeyRing).authority
        assert (new.past_tsa, new.past_e_seal) == (
            (old.tsa.certificate,) * ("tsa" in names),
            (old.e_seal_certificate,) * ("e-seal" in names),
        )
        assert [ca.certificate for ca in new.issuing_cas[1:]] == [old.issuing] * ("issuing" in names)
        assert new.roots == (new.root, *[old.root] * ("root" in names))
        signed_after = await sign(service, "199003032015032003")
        await check(service, await download(service, signed_after[0]), tmp_path, 1)
        await service.run_jobs()
        service.clock.advance(timedelta(minutes=11))  # the signers' certificates are over
        for document in (sealed_before[0], unsealed[0], signed_after[0]):
            await check(service, await download(service, document), tmp_path, 2)
        async with service.held.get(Database).transaction() as session:
            now = service.clock.now() + timedelta(minutes=5)
            done = await renewal.renew(session, service.held.get(Sealer), before=now, after=None, now=now)
        assert (done.count, done.faults) == (6, {})
        service.clock.advance(timedelta(minutes=6))
        for document in (sealed_before[0], signed_after[0]):
            reply = await service.http.post(
                "/api/v1/verifications",
                files={"file": ("a.pdf", await download(service, document), "application/pdf")},
            )
            assert reply.json()["verdict"] == "valid", reply.text
