"""The long-lived certificates of an institution (RFC 5280): root, issuing CA, TSA (EN 319 422), e-seal; made once.

Root: P-384 with SHA-384, 20 years, signs only the issuing CA and its own CRL. Below it P-256: the issuing CA for 10
years, the TSA for 10, the e-seal for 5. Nothing here is fast or secret-keeping: `keyring` stores what this makes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from app.pki.authority import ISSUING_CRL_LIFE, fresh_crl, issuer_of
from app.pki.errors import SubjectRefused
from app.pki.signing_key import LocalKey

YEAR = timedelta(days=365)
LIVES = {"root": 20 * YEAR, "issuing": 10 * YEAR, "tsa": 10 * YEAR, "e-seal": 5 * YEAR}
# embedded in every document and signed by a key that may be offline for years: it lasts as long as the root
ROOT_CRL_LIFE = LIVES["root"]
# certificates start a little early, so that a clock behind ours does not refuse them on the first day
START_EARLY = timedelta(hours=1)
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
UPPER_BOUND = 64
_Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


@dataclass(frozen=True)
class Hierarchy:
    """The private keys by name, and the public files (DER) by file name."""

    keys: dict[str, ec.EllipticCurvePrivateKey | Ed25519PrivateKey]
    public: dict[str, bytes]


def build(institution: str, now: datetime, crl_base: str | None) -> Hierarchy:
    """All keys, certificates and CRLs, new; `institution` may have 64 characters (X.520 ub-organization-name)."""
    if not 0 < len(institution.strip()) <= UPPER_BOUND:
        raise SubjectRefused("Nama instansi harus 1 sampai 64 karakter. Perbaiki pengaturan nama instansi.")
    start = now.replace(microsecond=0) - START_EARLY
    root_key = ec.generate_private_key(ec.SECP384R1())
    issuing_key, tsa_key, seal_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root_name, issuing_name = _name(institution, "Akar"), _name(institution, "CA Penerbit")
    root = _certificate("root", root_name, root_key, root_name, root_key, start, _ca_extensions(1))
    from_root = (*_ca_extensions(0), *_distribution(crl_base, "root.crl"))
    issuing = _certificate("issuing", issuing_name, issuing_key, root_name, root_key, start, from_root)
    point = _distribution(crl_base, "issuing.crl")
    stamping = (*_end_extensions((ExtendedKeyUsageOID.TIME_STAMPING,), critical=True), *point)
    tsa = _certificate("tsa", _name(institution, "Stempel Waktu"), tsa_key, issuing_name, issuing_key, start, stamping)
    purposes = (DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)
    sealing = (*_end_extensions(purposes, critical=False), *point)
    seal = _certificate(
        "e-seal", _name(institution, "Segel Elektronik"), seal_key, issuing_name, issuing_key, start, sealing
    )
    public = {"root.crt": root, "issuing.crt": issuing, "tsa.crt": tsa, "e-seal.crt": seal}
    public["root.crl"] = fresh_crl(issuer_of(root, LocalKey(root_key)), start, ROOT_CRL_LIFE)
    public["issuing.crl"] = fresh_crl(issuer_of(issuing, LocalKey(issuing_key)), start, ISSUING_CRL_LIFE)
    keys: dict[str, ec.EllipticCurvePrivateKey | Ed25519PrivateKey] = {
        "root": root_key,
        "issuing": issuing_key,
        "tsa": tsa_key,
        "e-seal": seal_key,
        "log": Ed25519PrivateKey.generate(),
    }
    return Hierarchy(keys, public)


def _name(institution: str, role: str) -> x509.Name:
    """C, O, CN; the CN names the institution too where the two fit into its 64 characters together."""
    together = f"{role} {institution}"
    common = together if len(together.encode()) <= UPPER_BOUND else role
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, institution),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, end: bool, repudiation: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=end,
        content_commitment=repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not end,
        crl_sign=not end,
        encipher_only=False,
        decipher_only=False,
    )


def _ca_extensions(depth: int) -> _Extensions:
    return ((x509.BasicConstraints(ca=True, path_length=depth), True), (_usage(end=False), True))


def _end_extensions(purposes: tuple[ObjectIdentifier, ...], *, critical: bool) -> _Extensions:
    """A TSA's purpose must be critical and its only one (RFC 3161 clause 2.3); a seal also commits to content."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(end=True, repudiation=not critical), True),
        (x509.ExtendedKeyUsage(list(purposes)), critical),
    )


def _distribution(crl_base: str | None, file: str) -> _Extensions:
    if crl_base is None:
        return ()
    where = [x509.UniformResourceIdentifier(f"{crl_base.rstrip('/')}/{file}")]
    point = x509.DistributionPoint(full_name=where, relative_name=None, reasons=None, crl_issuer=None)
    return ((x509.CRLDistributionPoints([point]), False),)


def _certificate(
    role: str,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    extensions: _Extensions,
) -> bytes:
    """A certificate in DER; the root signs with SHA-384, the issuing CA with SHA-256, each as wide as its curve."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIVES[role])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer_key is not key:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    wide = issuer_key.curve.key_size > 256
    return builder.sign(issuer_key, hashes.SHA384() if wide else hashes.SHA256()).public_bytes(Encoding.DER)
