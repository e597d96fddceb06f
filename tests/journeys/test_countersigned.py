"""A countersigned document of the running service in each of its states, judged by pdfsig, pyHanko and qpdf."""

import asyncio
import io
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator import ValidationContext

from app.core.clock import SystemClock
from app.device.signer import API
from app.pki.keyring import KeyRing
from tests.pdf.structure_check import faults
from tests.pki.test_archive_life import strict
from tests.service import Service, running_service

SITI, BUDI = "198501012010012001", "197505052000031002"
FIELDS = {"signed": 1, "countersigned": 2, "sealed": 3}
"""How many signatures a reader sees beside the archive time stamp."""


async def every_state(service: Service) -> dict[str, bytes]:
    """Siti signs, Budi, acting for her agency's head, takes note, the service seals; the file after each."""
    await service.import_roster()
    round_id = await service.open_round(countersign=True, pledges=["pakta_integritas"])
    agencies = (await service.http.get(f"{API}/opd", headers=service.as_admin())).json()
    today = service.clock.now().date()
    made = await service.http.post(
        f"{API}/rounds/{round_id}/countersigners",
        json={
            "agency_id": next(a["id"] for a in agencies if a["name"] == "Dinas Kesehatan"),
            "nip": BUDI,
            "capacity": "plt",
            "mandate_number": "800.1.3/77/2026",
            "valid_from": (today - timedelta(days=1)).isoformat(),
            "valid_to": (today + timedelta(days=30)).isoformat(),
        },
        headers=service.as_admin(),
    )
    assert made.status_code == 201, made.text
    siti, budi = await service.device(SITI), await service.device(BUDI)
    signed = await siti.sign(await siti.open([o["id"] for o in await siti.pending()]))
    document = signed.receipts[0]["id"]
    files = {"signed": await siti.download(document)}
    await budi.sign(await budi.open_countersigning([document]))
    files["countersigned"] = await siti.download(document)
    await service.run_jobs()
    files["sealed"] = await siti.download(document)
    return files


@pytest.fixture
async def root_and_files(fresh_database: str, tmp_path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Made now, by the real clock: outside validators ask no other."""
    async with running_service(fresh_database, tmp_path, SystemClock().now()) as service:
        files = await every_state(service)
        return service.held.get(KeyRing).authority.root, files


async def test_every_validator_calls_every_signature_valid_and_every_change_permitted(
    root_and_files: tuple[bytes, dict[str, bytes]], tmp_path: Path
) -> None:
    root, files = root_and_files
    await asyncio.to_thread(check_with_programs, root, files, tmp_path)
    for state, data in files.items():
        reader = PdfFileReader(io.BytesIO(data))
        assert len(reader.embedded_regular_signatures) == FIELDS[state]
        for signature in reader.embedded_regular_signatures:
            trusting = ValidationContext(trust_roots=[x509.Certificate.load(root)], allow_fetching=False)
            status = await async_validate_pdf_signature(signature, trusting)
            assert status.intact, (state, signature.field_name)
            assert status.docmdp_ok, (state, signature.field_name)
            level = status.modification_level  # of the last one there is none: nothing follows it
            assert level is None or level <= ModificationLevel.FORM_FILLING, (state, signature.field_name)
    reader = PdfFileReader(io.BytesIO(files["sealed"]))
    for signature in reader.embedded_regular_signatures:
        archived = await ades_lta_validation(signature, PdfSignatureValidationSpec(strict(root, LocalKnowledge())))
        assert archived.ades_subindic == AdESPassed.OK, signature.field_name


def check_with_programs(root: bytes, files: dict[str, bytes], folder: Path) -> None:
    """pdfsig trusts every signature, qpdf and our own check of the structure find no fault, in each state."""
    store, pem = folder / "nss", folder / "root.pem"
    store.mkdir()
    pem.write_text(ssl.DER_cert_to_PEM_cert(root))
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", "-d", store, "-n", "root", "-t", "CT,C,C", "-a", "-i", pem], check=True)
    for state, data in files.items():
        path = folder / f"{state}.pdf"
        path.write_bytes(data)
        told = subprocess.run(["pdfsig", "-nssdir", store, path], capture_output=True, text=True, check=True).stdout
        assert told.count("Signature Validation: Signature is Valid.") == FIELDS[state], (state, told)
        assert told.count("Certificate Validation: Certificate is Trusted.") == FIELDS[state], (state, told)
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert (checked.returncode, "WARNING" in checked.stdout + checked.stderr) == (0, False), (state, checked.stdout)
        assert faults(data) == [], state
