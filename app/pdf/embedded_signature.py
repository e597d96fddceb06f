"""One signature of a stranger's file, judged by pyHanko: range, digest, value, certificate, time stamp, later changes.

A signer's certificate lives for minutes, so it is long over when a file is checked. Judged is its state at the time of the
signature time stamp (AdES with time, ETSI EN 319 102-1 clause 5.5); only where that is not enough, as when the
authority's own certificates are over, the archive time stamp is asked (clause 5.6.3). Nothing is fetched: revocation data
is the file's own, demanded where a certificate says that there is some.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError, SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter, validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from app.pdf.reopen import KINDS, Kind
from app.pki import cms, cms_check, der
from app.pki.errors import PkiFault
from app.pki.parsed_certificate import parse

# its warnings quote whole subjects: names and NIP of people have no place in a log
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

NIP_ATTRIBUTE = "serial_number"


@dataclass(frozen=True)
class SignatureVerdict:
    """What is true of one signature.

    `canonical`: no bit in and around the value that the signature leaves free differs from how we write it (only judged for
    files and signatures of our own making). `end`: where the range ends. `trusted`: its chain ends at a trusted root and
    was in force, for an archive time stamp too; `why` says what failed. `stamped`: with a valid time stamp at `signed_at`. `elsewhere`:
    trusted under the root of another service that signs documents of ours.
    """

    kind: Kind
    canonical: bool
    end: int
    covers_revision: bool
    covers_file: bool
    unchanged: bool
    intact: bool
    valid: bool
    trusted: bool
    why: str
    stamped: bool
    signed_at: datetime | None
    subject: dict[str, str]
    elsewhere: bool = False


@dataclass(frozen=True)
class Trust:
    """What a file is judged by, in DER: root certificates, those of time-stamping authorities of others, CRLs of today.

    `lenient`: other services sign without revocation data (BSrE without LTV); what they do not bring is not asked for.
    """

    roots: Sequence[bytes]
    stamp_roots: Sequence[bytes]
    crls: Sequence[bytes]
    lenient: bool = False


class Validator:
    """What one file is judged by: the trusted roots, the moment, and the file's own certificates and CRLs."""

    def __init__(self, reader: PdfFileReader, data: bytes, trust: Trust, now: datetime) -> None:
        self.data = data
        load: Any = x509.Certificate.load
        roots = [load(root) for root in trust.roots]
        self.stamp_roots = stamp_roots = [*roots, *map(load, trust.stamp_roots)]
        self.now = now
        certificates, stored = _store(reader)
        read: Any = crl.CertificateList.load
        current = [CRLContainer(read(one)) for one in trust.crls]
        self.known = {_encoded(certificate) for certificate in (*certificates, *roots)}
        knowledge = LocalKnowledge(known_certs=certificates, known_crls=[*current, *stored])
        rules = RevocationCheckingRule
        declared = rules.CHECK_IF_DECLARED_SOFT if trust.lenient else rules.CHECK_IF_DECLARED
        always, either = rules.CRL_REQUIRED, rules.CRL_OR_OCSP_REQUIRED  # either: of a stamp that was renewed
        self.with_time = _spec(roots, stamp_roots, knowledge, (declared, declared), (declared, declared))
        self.archived = PdfSignatureValidationSpec(
            _spec(roots, stamp_roots, knowledge, (declared, always), (either, always))
        )
        stamps = reader.embedded_timestamp_signatures
        self.stamps = sorted((_end(one), _token_time(one.signed_data)) for one in stamps)
        self.timing = ValidationTimingInfo(now, now, point_in_time_validation=False)

    async def judge(self, embedded: Any, *, ours: bool, archived: bool) -> SignatureVerdict:
        """The verdict on one signature or document time stamp; raises what pyHanko raises on broken structures."""
        embedded.compute_integrity_info()
        digest = embedded.compute_digest()
        certificate = embedded.signer_cert
        stamp = str(embedded.sig_object.get("/Type", "")) == "/DocTimeStamp"
        at: datetime | None = None
        if stamp:
            intact, valid, trusted, why = await self._stamp(embedded)
            stamped, at = trusted, _token_time(embedded.signed_data)
        else:
            intact, valid = _integrity(embedded, certificate, digest)
            trusted, why, stamped = await self._signature(embedded, digest, archived=archived)
            for token in extract_tst_data_iter(embedded.signer_info, signed=False):
                at = at or _token_time(token)
            if trusted and at is not None and not _in_force(certificate, at):
                trusted, why = False, "OUT_OF_BOUNDS"
        result = embedded.diff_result
        return SignatureVerdict(
            kind="archive" if stamp else KINDS.get(str(embedded.field_name).encode(), "signer"),
            canonical=not ours or self._canonical(embedded),
            end=_end(embedded),
            covers_revision=embedded.coverage >= SignatureCoverageLevel.ENTIRE_REVISION,
            covers_file=embedded.coverage == SignatureCoverageLevel.ENTIRE_FILE,
            unchanged=embedded.coverage == SignatureCoverageLevel.ENTIRE_FILE
            or (isinstance(result, DiffResult) and result.modification_level <= ModificationLevel.FORM_FILLING),
            intact=intact,
            valid=valid,
            trusted=trusted,
            why=why,
            stamped=stamped,
            signed_at=at,
            subject=_subject(certificate),
        )

    async def _signature(
        self, embedded: EmbeddedPdfSignature, digest: bytes, *, archived: bool
    ) -> tuple[bool, str, bool]:
        """(trusted, why not, validly stamped)."""
        examine: Any = ades_with_time_validation
        if not any(True for _ in extract_tst_data_iter(embedded.signer_info, signed=False)):
            examine = ades_basic_validation  # level B-B: its certificate must be in force now
        found = await examine(embedded.signed_data, self.with_time, timing_info=self.timing, raw_digest=digest)
        status = found.api_status
        stamp = status.timestamp_validity if status else None
        stamped = bool(stamp and stamp.valid and stamp.trusted)
        if found.ades_subindic != AdESPassed.OK and archived:
            past = await ades_lta_validation(embedded, self.archived, timing_info=self.timing)
            attached = past.signature_timestamp_status
            if past.ades_subindic == AdESPassed.OK:
                good = bool(attached and attached.ades_subindic == AdESPassed.OK)
                return True, "", good or await self._stamped_then(embedded, digest)
        return found.ades_subindic == AdESPassed.OK, _reason(found.ades_subindic), stamped

    async def _stamped_then(self, embedded: EmbeddedPdfSignature, digest: bytes) -> bool:
        """Whether the signature's own stamp held when the first archive stamp was put over it; asked when its TSA is over."""
        covered = [at for end, at in self.stamps if end > _end(embedded)]
        if not covered:
            return False
        timing = ValidationTimingInfo(min(covered), min(covered), point_in_time_validation=True)
        found = await ades_with_time_validation(
            embedded.signed_data, self.with_time, timing_info=timing, raw_digest=digest
        )
        stamp: Any = found.api_status.timestamp_validity if found.api_status else None
        return bool(stamp and stamp.valid and stamp.trusted)

    async def _stamp(self, embedded: EmbeddedPdfSignature) -> tuple[bool, bool, bool, str]:
        """(intact, valid, trusted, why not) of an archive time stamp: now, or when a later one was put over it.

        A later one proves that it was there (EN 319 102-1 clause 5.6.3); whether that one holds is judged in its turn.
        """
        covered = [at for end, at in self.stamps if end > _end(embedded)]
        moment = min(*covered, self.now) if covered else self.now
        context = ValidationContext(
            trust_roots=self.stamp_roots, allow_fetching=False, moment=moment, revocation_mode="soft-fail"
        )
        status = await async_validate_pdf_timestamp(embedded, context)
        why = "" if status.trusted else "NO_CERTIFICATE_CHAIN_FOUND"
        return bool(status.intact), bool(status.valid), bool(status.trusted), why

    def _canonical(self, embedded: EmbeddedPdfSignature) -> bool:
        """Whether hole and CMS hold nothing but what we write there; signatures of other makers are not held to it."""
        start, end = int(embedded.byte_range[1]), int(embedded.byte_range[2])
        hole = self.data[start:end]
        if hole[1:-1].translate(None, b"0123456789abcdef") and hole[1:-1].translate(None, b"0123456789ABCDEF"):
            return False
        attributes = embedded.signer_info["signed_attrs"].contents
        if len(attributes or b"") + 3 not in (cms.ATTRIBUTES_SIZE, len(cms.token_attributes(bytes(32), b""))):
            return True
        try:
            encoded = der.read(embedded.pkcs7_content, 0, len(embedded.pkcs7_content)).whole
            signed = cms_check.read_signed_data(encoded)
            token = cms_check.read_signed_data(signed.token) if signed.token else None
        except PkiFault:
            return False
        if token and token.attributes != cms.token_attributes(sha256(token.content or b"").digest(), token.certificate):
            return False  # its certificate may be newer than the file's store, but the token itself must name it
        chains = {(one.certificate, other) for one in (signed, token) if one for other in one.others}
        return all(self._belongs(*one) for one in chains) and not embedded.pkcs7_content[len(encoded) :].strip(b"\0")

    def _belongs(self, certificate: bytes, other: bytes) -> bool:
        """Whether what a chain carries is known to the bit, or is an issuing CA that came after the file's store was written."""
        if other in self.known:
            return True
        try:
            cms_check.check_issued(certificate, other)
            return parse(other).subject not in {parse(one).subject for one in self.known}
        except PkiFault:
            return False


def _store(reader: PdfFileReader) -> tuple[list[x509.Certificate], list[CRLContainer]]:
    """Certificates and CRLs of the file's DSS (EN 319 142-1 clause 5.4.2)."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return [], []
    load: Any = crl.CertificateList.load
    return list(store.load_certs()), [CRLContainer(load(one.get_object().data)) for one in store.crls]


def _encoded(certificate: Any) -> bytes:
    return bytes(certificate.dump())


def _spec(
    roots: list[x509.Certificate],
    stamp_roots: list[x509.Certificate],
    knowledge: LocalKnowledge,
    signer: tuple[RevocationCheckingRule, RevocationCheckingRule],
    stamp: tuple[RevocationCheckingRule, RevocationCheckingRule],
) -> SignatureValidationSpec:
    """Rules are (end entity, CA)."""

    def policy(
        trusted: list[x509.Certificate], rules: tuple[RevocationCheckingRule, RevocationCheckingRule]
    ) -> CertValidationPolicySpec:
        trust = SimpleTrustManager.build(trust_roots=trusted)
        return CertValidationPolicySpec(trust, CertRevTrustPolicy(RevocationCheckingPolicy(*rules)))

    return SignatureValidationSpec(
        policy(roots, signer),
        RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        ts_cert_validation_policy=policy(stamp_roots, stamp),
        local_knowledge=knowledge,
    )


def _integrity(embedded: EmbeddedPdfSignature, certificate: x509.Certificate, digest: bytes) -> tuple[bool, bool]:
    """(the digest is the signed one, the signature over the attributes holds)."""
    try:
        intact, valid = validate_sig_integrity(embedded.signer_info, certificate, "data", digest)
    except SignatureValidationError:
        return False, False
    return bool(intact), bool(valid)


def _end(embedded: EmbeddedPdfSignature) -> int:
    return int(embedded.byte_range[2]) + int(embedded.byte_range[3])


def _token_time(signed_data: Any) -> datetime:
    at: datetime = signed_data["encap_content_info"]["content"].parsed["gen_time"].native
    return at


def _in_force(certificate: Any, at: datetime) -> bool:
    """Whether the token's time lies in the certificate's life. pyHanko lets a token from after its end pass."""
    return bool(certificate.not_valid_before <= at <= certificate.not_valid_after)


def _reason(indication: Any) -> str:
    """The sub-indication in the words of EN 319 102-1 clause 5.1.3, or nothing when it passed."""
    return "" if indication == AdESPassed.OK else str(indication.standard_name)


def _subject(certificate: x509.Certificate) -> dict[str, str]:
    """The parts of the name, each as one text; of repeated ones the first."""
    parts = certificate.subject.native
    return {key: str(value[0] if isinstance(value, list) else value) for key, value in parts.items()}
