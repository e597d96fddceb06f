"""A sealed document can be checked offline for years, although its signer's certificate lived ten minutes."""

import io
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import crl, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from app.pdf.compiler import compile_template
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.person import PersonValues
from app.pdf.revision import FileParts, append_archive, append_e_seal, embed, read_base
from app.pdf.source import load_source
from app.pki import cms
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.keyring import init_keys, load_keys

TEMPLATE = Path(__file__).parents[2] / "pdf_templates" / "pakta_integritas"
CITY = "Pemerintah Kota Malang"
PASSPHRASE = b"frasa sandi yang panjang untuk uji"


def sealed_at(authority: Authority, signed: datetime) -> bytes:
    trust = authority.trust_material(signed)
    template = compile_template(
        CompileInputs(
            load_source(TEMPLATE),
            {"jenis_pemilihan": "Pemilihan Umum", "tahun": "2029", "instansi": CITY},
            (CITY.upper(),),
            "Malang",
            "http://localhost:8000/v/",
            trust=TrustMaterial(trust.certificates, trust.crls),
        )
    )
    person = PersonValues(
        "Dr. Siti Rahayu", "19850101 201001 2 001", "Penata, III/c", "Guru", "SD Negeri Kauman 1", "Dinas"
    )
    made = template.prepare(person, code="0" * 22, prepared_at=signed)
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate = authority.issue(Subject(CITY, "Dinas", person.name, "198501012010012001"), spki, signed)
    attributes = cms.signed_attributes(made.digest, certificate)
    signature = key.sign(attributes, ec.ECDSA(hashes.SHA256()))
    token = authority.tsa.token(sha256(signature).digest(), signed)
    signed_data = cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=token,
    )
    tail = embed(made.tail, hole=made.hole, prefix_length=made.prefix_length, cms=signed_data)
    prefix = template.variants[made.variant].prefix
    sealing = signed + timedelta(seconds=3)
    file = FileParts(read_base(prefix), (tail,))
    seal = append_e_seal(
        file, institution=CITY, place="Malang", at=sealing, zone="WIB", sign=lambda d: authority.e_seal_sign(d, sealing)
    )
    file = FileParts(file.base, (tail, seal))
    crls = authority.archive_crls(sealing)
    return prefix + tail + seal + append_archive(file, sign=lambda d: authority.tsa.token(d, sealing), crls=crls)


def strict(
    root: bytes | list[bytes],
    knowledge: LocalKnowledge,
    stamp: RevocationCheckingRule = RevocationCheckingRule.CRL_REQUIRED,
) -> SignatureValidationSpec:
    """Trust the root or roots alone, ask nobody, and want a CRL for every certificate but the signer's, or what `stamp` says for the TSA's."""
    required = RevocationCheckingRule.CRL_REQUIRED
    declared = RevocationCheckingRule.CHECK_IF_DECLARED
    roots = [root] if isinstance(root, bytes) else root
    trust = SimpleTrustManager.build(trust_roots=[x509.Certificate.load(one) for one in roots])

    def policy(leaf: RevocationCheckingRule) -> CertValidationPolicySpec:
        return CertValidationPolicySpec(trust, CertRevTrustPolicy(RevocationCheckingPolicy(leaf, required)))

    return SignatureValidationSpec(
        policy(declared),
        RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        ts_cert_validation_policy=policy(stamp),
        local_knowledge=knowledge,
    )


@pytest.mark.parametrize(
    "age", [timedelta(seconds=5), timedelta(minutes=30), timedelta(days=45), timedelta(days=800)], ids=str
)
async def test_a_sealed_document_of_any_age_passes_with_time_and_lta_validation(age: timedelta, tmp_path: Path) -> None:
    signed = datetime.now(UTC).replace(microsecond=0) - age
    init_keys(tmp_path / "keys", PASSPHRASE, institution=CITY, now=signed - timedelta(days=1))
    authority = load_keys(tmp_path / "keys", PASSPHRASE).authority
    document = sealed_at(authority, signed)
    reader = PdfFileReader(io.BytesIO(document))
    store = DocumentSecurityStore.read_dss(reader)
    lists = [CRLContainer(crl.CertificateList.load(stream.get_object().data)) for stream in store.crls]
    knowledge = LocalKnowledge(known_crls=lists, known_certs=list(store.load_certs()))
    signatures = reader.embedded_regular_signatures
    assert len(signatures) == 2
    for signature in signatures:
        spec = strict(authority.root, knowledge)
        with_time = await ades_with_time_validation(signature.signed_data, spec, raw_digest=signature.compute_digest())
        assert with_time.ades_subindic == AdESPassed.OK
        archived = await ades_lta_validation(
            signature, PdfSignatureValidationSpec(strict(authority.root, LocalKnowledge()))
        )
        assert archived.ades_subindic == AdESPassed.OK
