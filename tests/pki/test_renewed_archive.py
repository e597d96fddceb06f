"""An archive time stamp is renewed under a later TSA certificate, and the file outlives the first one."""

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import RevocationCheckingRule

from app.pdf.errors import RevisionRefused
from app.pdf.inspect import inspect
from app.pdf.renewal import MOST_STAMPS, append_renewal
from app.pdf.reopen import ReopenRefused, reopen
from app.pdf.revision import FileParts, read_base
from app.pki import keyring
from app.pki.authority import Authority
from app.pki.parsed_certificate import parse
from app.pki.rotation import rotate
from app.pki.standing import standing_of_tsa, standing_then
from tests.pki.test_archive_life import CITY, PASSPHRASE, sealed_at, strict

SIGNED = datetime(2024, 3, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("renewal") / "keys"


@pytest.fixture(scope="module")
def first(folder) -> Authority:
    """An authority whose TSA certificate ends in a year."""
    lives = keyring.hierarchy.LIVES
    kept = dict(lives)
    lives["tsa"] = timedelta(days=365)
    try:
        keyring.init_keys(folder, PASSPHRASE, institution=CITY, now=SIGNED - timedelta(days=1))
    finally:
        lives.update(kept)
    return keyring.load_keys(folder, PASSPHRASE).authority


@pytest.fixture(scope="module")
def later(first, folder) -> Authority:
    """The same when that certificate was followed by another."""
    assert first.past_tsa == ()
    rotate(folder, PASSPHRASE, "tsa", institution=CITY, now=SIGNED + timedelta(days=300))
    return keyring.load_keys(folder, PASSPHRASE).authority


@pytest.fixture(scope="module")
def document(first) -> bytes:
    return sealed_at(first, SIGNED)


def split(document: bytes, prefix: bytes) -> FileParts:
    ends = [at + 6 for at in range(len(document)) if document.startswith(b"%%EOF\n", at)]
    parts = [document[a:b] for a, b in zip([len(prefix), *ends], ends, strict=False)]
    return FileParts(read_base(prefix), tuple(parts))


def renewed(document: bytes, authority: Authority, at: datetime) -> bytes:
    prefix = document[: document.index(b"\n1 0 obj") + 1]
    standing = standing_of_tsa(authority, at)
    facts = reopen(
        document,
        expected_digest=None,
        spki=None,
        own=authority.own_certificates,
    )
    signed = [(one.certificate, one.signed_at) for one in facts.signatures if one.kind != "archive"]
    return document + append_renewal(
        split(document, prefix),
        prefix,
        sign=lambda digest: authority.tsa.token(digest, at),
        certificates=standing.certificates,
        crls=standing.crls,
        responses=(*standing.responses, *standing_then(authority, signed)),
    )


@pytest.fixture(scope="module")
def twice(document, later) -> bytes:
    once = renewed(document, later, SIGNED + timedelta(days=310))
    return renewed(once, later, SIGNED + timedelta(days=320))


async def lta(document: bytes, authority: Authority, at: datetime):
    reader = PdfFileReader(io.BytesIO(document))
    timing = ValidationTimingInfo(at, at, point_in_time_validation=False)
    spec = PdfSignatureValidationSpec(
        strict(authority.root, LocalKnowledge(), RevocationCheckingRule.CRL_OR_OCSP_REQUIRED)
    )
    return [
        (await ades_lta_validation(signature, spec, timing_info=timing)).ades_subindic
        for signature in reader.embedded_regular_signatures
    ]


async def test_after_the_first_tsa_certificate_only_the_renewed_file_is_accepted(document, twice, later) -> None:
    after = parse(later.past_tsa[0]).not_after + timedelta(days=30)
    assert await lta(twice, later, after) == [AdESPassed.OK] * 2
    assert AdESPassed.OK not in await lta(document, later, after)


def test_every_reader_finds_the_renewals_permitted_changes(twice, later) -> None:
    reader = PdfFileReader(io.BytesIO(twice))
    stamps = [one for one in reader.embedded_signatures if one.sig_object["/Type"] == "/DocTimeStamp"]
    assert [one.field_name for one in stamps] == ["arsip", "arsip2", "arsip3"]
    for signature in reader.embedded_signatures[:-1]:
        signature.compute_integrity_info()
        assert signature.diff_result.modification_level <= ModificationLevel.FORM_FILLING
    facts = reopen(
        twice,
        expected_digest=None,
        spki=None,
        own=later.own_certificates,
    )
    assert [one.kind for one in facts.signatures] == ["signer", "e_seal", "archive", "archive", "archive"]


@pytest.mark.parametrize("days", [330, 395])
def test_our_own_verdict_stays_good_when_the_first_certificate_is_over(twice, later, days) -> None:
    found = inspect(twice, trust_roots=[later.root], now=SIGNED + timedelta(days=days))
    assert [check.code for check in found.checks if check.result == "failed"] == []
    assert {signer.level for signer in found.signers} == {"B-LTA"}


def test_without_renewal_our_verdict_says_that_the_stamp_is_over(document, later) -> None:
    found = inspect(document, trust_roots=[later.root], now=SIGNED + timedelta(days=395))
    assert "archive.timestamp" in [check.code for check in found.checks if check.result == "failed"]


def test_pdfsig_calls_every_signature_valid(twice, tmp_path: Path) -> None:
    tool = shutil.which("pdfsig")
    assert tool is not None
    (tmp_path / "renewed.pdf").write_bytes(twice)
    told = subprocess.run([tool, "-nocert", str(tmp_path / "renewed.pdf")], capture_output=True, text=True, check=False)
    assert told.stdout.count("Signature is Valid") == 2, told.stdout
    assert "Document modified" not in told.stdout
    assert "Invalid" not in told.stdout


def test_a_changed_renewal_is_refused(twice, later) -> None:
    own = later.own_certificates
    start = twice.rindex(b"/Type/DSS")
    for at in (start + 20, twice.rindex(b"/ByteRange") - 40, len(twice) - 60):
        broken = twice[:at] + bytes((twice[at] ^ 1,)) + twice[at + 1 :]
        with pytest.raises(ReopenRefused):
            reopen(broken, expected_digest=None, spki=None, own=own)
    with pytest.raises(ReopenRefused):
        reopen(twice, expected_digest=None, spki=None, own=replace(own, tsa=own.tsa[:1]))


def test_as_many_stamps_as_a_file_is_given_are_read(document, later) -> None:
    at, many = SIGNED + timedelta(days=301), document
    for _ in range(1, MOST_STAMPS):
        many = renewed(many, later, at)
    found = inspect(many, trust_roots=[later.root], now=at + timedelta(days=1))
    assert [check.code for check in found.checks if check.result == "failed"] == []
    assert {signer.level for signer in found.signers} == {"B-LTA"}
    assert many.count(b"/ByteRange") == MOST_STAMPS + 2
    with pytest.raises(RevisionRefused, match="already"):
        renewed(many, later, at)


def test_only_an_archived_file_is_renewed(document, later) -> None:
    prefix = document[: document.index(b"\n1 0 obj") + 1]
    file = split(document, prefix)
    with pytest.raises(RevisionRefused):
        append_renewal(
            FileParts(file.base, file.parts[:2]), prefix, sign=lambda _: b"", certificates=(), crls=(), responses=()
        )
