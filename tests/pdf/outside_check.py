"""One judgement of a signed file for everything the service signs: pdfsig, pyHanko, OpenSSL, qpdf, pikepdf, and our own check of its structure.

pdfsig asks the machine's clock, so the file has to be made by it.
"""

import asyncio
import io
import re
import ssl
import subprocess
from pathlib import Path

import pikepdf
from asn1crypto import cms, crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from tests.pdf.structure_check import faults
from tests.pki.test_archive_life import strict


async def check_signed(data: bytes, root: bytes, folder: Path, *, signatures: int, archived: bool = True) -> None:
    """Fail unless every judge accepts the file with so many signatures beside the archive time stamp, which `archived` says is there."""
    folder.mkdir()
    pem, path = folder / "root.pem", folder / "a.pdf"
    pem.write_text(ssl.DER_cert_to_PEM_cert(root))
    path.write_bytes(data)
    assert faults(data) == []
    with pikepdf.open(path) as opened:
        assert opened.check_pdf_syntax() == []
    for check in (check_with_qpdf, check_with_pdfsig, check_with_openssl):
        await asyncio.to_thread(check, folder, signatures)
    await check_with_pyhanko(data, root, signatures, archived=archived)


def check_with_qpdf(folder: Path, _signatures: int) -> None:
    checked = subprocess.run(["qpdf", "--check", folder / "a.pdf"], capture_output=True, text=True, check=False)
    assert (checked.returncode, "WARNING" in checked.stdout + checked.stderr) == (0, False), checked.stdout


def check_with_pdfsig(folder: Path, signatures: int) -> None:
    store, pem = folder / "nss", folder / "root.pem"
    store.mkdir()
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", "-d", store, "-n", "root", "-t", "CT,C,C", "-a", "-i", pem], check=True)
    told = pdfsig(folder / "a.pdf", "-nssdir", store)
    # the archive time stamp is of a kind some versions say they cannot check; signers and e-seal they can
    assert told.count("Signature Validation: Signature is Valid.") >= signatures, told
    assert told.count("Certificate Validation: Certificate is Trusted.") >= signatures, told
    assert "Total document signed" in told
    assert "Signature is Invalid" not in told


def pdfsig(path: Path, *options: object) -> str:
    return subprocess.run(["pdfsig", *map(str, options), str(path)], capture_output=True, text=True, check=False).stdout


async def check_with_pyhanko(data: bytes, root: bytes, signatures: int, *, archived: bool) -> None:
    """Every signature whole and of its time by the file's own certificates and CRLs, every later change permitted, the archive's chain of stamps too."""
    reader = PdfFileReader(io.BytesIO(data))
    assert len(reader.embedded_regular_signatures) == signatures
    for signature in reader.embedded_regular_signatures:
        trusting = ValidationContext(trust_roots=[x509.Certificate.load(root)], allow_fetching=False)
        status = await async_validate_pdf_signature(signature, trusting)
        assert (status.intact, status.docmdp_ok) == (True, True), signature.field_name
        level = status.modification_level  # of the last one there is none: nothing follows it
        assert level is None or level <= ModificationLevel.FORM_FILLING, signature.field_name
        if archived:
            await _check_archived(reader, signature, root)


async def _check_archived(reader: PdfFileReader, signature: EmbeddedPdfSignature, root: bytes) -> None:
    store = DocumentSecurityStore.read_dss(reader)
    lists = [CRLContainer(crl.CertificateList.load(stream.get_object().data)) for stream in store.crls]
    knowledge = LocalKnowledge(known_crls=lists, known_certs=list(store.load_certs()))
    with_time = await ades_with_time_validation(
        signature.signed_data, strict(root, knowledge), raw_digest=signature.compute_digest()
    )
    assert with_time.ades_subindic == AdESPassed.OK, signature.field_name
    archived = await ades_lta_validation(signature, PdfSignatureValidationSpec(strict(root, LocalKnowledge())))
    assert archived.ades_subindic == AdESPassed.OK, signature.field_name


def check_with_openssl(folder: Path, signatures: int) -> None:
    """Each CMS over its range with `cms -verify -cades`, each time stamp with `ts -verify`."""
    found = 0
    for number, (content, contents) in enumerate(signature_values((folder / "a.pdf").read_bytes())):
        covered, value = folder / f"{number}.bin", folder / f"{number}.der"
        covered.write_bytes(content)
        value.write_bytes(contents)
        info = cms.ContentInfo.load(contents)["content"]
        if info["encap_content_info"]["content_type"].native == "tst_info":
            _check_stamp(folder, contents, covered, number)
            continue
        found += 1
        _openssl(
            *("cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", value, "-content", covered),
            *("-CAfile", folder / "root.pem", "-purpose", "any", "-out", "/dev/null"),
        )
        signed = folder / f"{number}.sig"
        signed.write_bytes(info["signer_infos"][0]["signature"].native)
        _check_stamp(folder, info["signer_infos"][0]["unsigned_attrs"][0]["values"][0].dump(), signed, number)
    assert found == signatures


def signature_values(pdf: bytes) -> list[tuple[bytes, bytes]]:
    """What each signature covers, and its value without padding."""
    found = []
    for match in re.finditer(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]", pdf):
        start, after, rest = map(int, match.groups())
        padded = bytes.fromhex(pdf[start + 1 : after - 1].decode())
        found.append((pdf[:start] + pdf[after : after + rest], cms.ContentInfo.load(padded).dump()))
    return found


def _check_stamp(folder: Path, token: bytes, data: Path, number: int) -> None:
    path, chain = folder / f"{number}.tst", folder / f"{number}.pem"
    path.write_bytes(token)
    certificates = cms.ContentInfo.load(token)["content"]["certificates"]
    chain.write_text("".join(ssl.DER_cert_to_PEM_cert(c.chosen.dump()) for c in certificates))
    _openssl(
        *("ts", "-verify", "-token_in", "-in", path, "-data", data),
        *("-CAfile", folder / "root.pem", "-untrusted", chain),
    )


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
