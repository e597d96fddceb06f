"""The long-lived certificates of an institution (RFC 5280): root, issuing CA, TSA (EN 319 422), e-seal; made once.

Root: P-384 with SHA-384, 20 years, signs only the issuing CA and its own CRL. Below it P-256: the issuing CA for 10
years, the TSA for 10, the e-seal for 5. Nothing here is fast or secret-keeping: `keyring` stores what this makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from app.pki import der
from app.pki.authority import issuer_of
from app.pki.certificate import Issuer
from app.pki.crl import fresh_crl
from app.pki.errors import SubjectRefused
from app.pki.issuing_ca import ISSUING_CRL_LIFE, ROOT_ROLE, list_name, role
from app.pki.parsed_certificate import parse
from app.pki.signing_key import SigningKey

YEAR = timedelta(days=365)
LIVES = {"root": 20 * YEAR, "issuing": 10 * YEAR, "tsa": 10 * YEAR, "e-seal": 5 * YEAR}
# embedded in every document and signed by a key that may be offline for years: it lasts as long as the root
ROOT_CRL_LIFE = LIVES["root"]
# certificates start a little early, so that a clock behind ours does not refuse them on the first day
START_EARLY = timedelta(hours=1)
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
UPPER_BOUND = 64
_Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


CURVES: dict[str, ec.EllipticCurve] = {"root": ec.SECP384R1()} | dict.fromkeys(
    ("issuing", "tsa", "e-seal"), ec.SECP256R1()
)


def build(institution: str, now: datetime, crl_base: str | None, keys: Mapping[str, SigningKey]) -> dict[str, bytes]:
    """All certificates and CRLs (DER) over these keys, by file name; `institution` may have 64 characters.

    That is X.520's ub-organization-name. A key signs wherever it lies.
    """
    require_institution(institution)
    start = now.replace(microsecond=0) - START_EARLY
    root = root_certificate(institution, 1, keys["root"], now)
    name = issuing_name(institution, 1)
    issuing = issuing_certificate(name, keys["issuing"].spki, issuer_of(root, keys["root"]), now, crl_base)
    signer = issuer_of(issuing, keys["issuing"])
    tsa, seal = (end_certificate(name, institution, keys[name], signer, now, crl_base) for name in ("tsa", "e-seal"))
    return {
        "root.crt": root,
        "issuing.crt": issuing,
        "tsa.crt": tsa,
        "e-seal.crt": seal,
        "root.crl": fresh_crl(issuer_of(root, keys["root"]), start, ROOT_CRL_LIFE),
        "issuing.crl": fresh_crl(issuer_of(issuing, keys["issuing"]), start, ISSUING_CRL_LIFE),
    }


def root_certificate(institution: str, generation: int, key: SigningKey, now: datetime) -> bytes:
    """A root (DER), signed by itself; the next one has another name, so that lists and chains cannot be mixed up."""
    start, name = now.replace(microsecond=0) - START_EARLY, _name(institution, role(generation, ROOT_ROLE))
    return _certificate(name, key.spki, _Issuing(name, key), (start, start + LIVES["root"]), _ca_extensions(1))


def link_certificate(root: bytes, by: Issuer, now: datetime) -> bytes:
    """A root's name and key certified by the root before it (DER): how the next one is introduced (RFC 4210 clause 4.4, NewWithOld).

    It ends with the earlier of the two. It introduces and stands in no chain: the roots allow one CA below them, and there are two.
    """
    made, signer = x509.load_der_x509_certificate(root), x509.load_der_x509_certificate(by.certificate)
    start = now.replace(microsecond=0) - START_EARLY
    end = min(made.not_valid_after_utc, signer.not_valid_after_utc)
    spki = parse(root).spki
    return _certificate(made.subject, spki, _Issuing(signer.subject, by.key), (start, end), _ca_extensions(1))


def issuing_name(institution: str, generation: int) -> x509.Name:
    """The name of an institution's issuing CA; the next one has another, so that lists and chains cannot be mixed up."""
    return _name(institution, role(generation))


def issuing_certificate(name: x509.Name, spki: bytes, root: Issuer, now: datetime, crl_base: str | None) -> bytes:
    """A certificate (DER) of an issuing CA under the root; it ends with the root's own at the latest."""
    start = now.replace(microsecond=0) - START_EARLY
    by = x509.load_der_x509_certificate(root.certificate)
    end = min(start + LIVES["issuing"], by.not_valid_after_utc)
    extensions = (*_ca_extensions(0), *_distribution(crl_base, list_name(root.certificate)))
    return _certificate(name, spki, _Issuing(by.subject, root.key), (start, end), extensions)


def end_certificate(
    name: str, institution: str, key: SigningKey, issuer: Issuer, now: datetime, crl_base: str | None
) -> bytes:
    """A certificate (DER) of `tsa` or `e-seal` under the issuing CA; it ends with that CA's own at the latest."""
    start = now.replace(microsecond=0) - START_EARLY
    by = x509.load_der_x509_certificate(issuer.certificate)
    point = _distribution(crl_base, list_name(issuer.certificate))
    if name == "tsa":
        purpose = "Stempel Waktu"
        extensions = _end_extensions((ExtendedKeyUsageOID.TIME_STAMPING,), critical=True)
    else:
        purpose = "Segel Elektronik"
        extensions = _end_extensions((DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION), critical=False)
    end = min(start + LIVES[name], by.not_valid_after_utc)
    signed_by = _Issuing(by.subject, issuer.key)
    return _certificate(_name(institution, purpose), key.spki, signed_by, (start, end), (*extensions, *point))


def require_institution(institution: str) -> None:
    """Raise `SubjectRefused` for a name that no certificate can bear; asked before any key is made."""
    if not 0 < len(institution.strip()) <= UPPER_BOUND:
        raise SubjectRefused("Nama instansi harus 1 sampai 64 karakter. Perbaiki pengaturan nama instansi.")


@dataclass(frozen=True)
class _Issuing:
    """Who signs a certificate."""

    name: x509.Name
    key: SigningKey


def _name(institution: str, purpose: str) -> x509.Name:
    """C, O, CN; the CN names the institution too where the two fit into its 64 characters together."""
    together = f"{purpose} {institution}"
    common = together if len(together.encode()) <= UPPER_BOUND else purpose
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, institution),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def usage(*, end: bool, repudiation: bool = False) -> x509.KeyUsage:
    """What a CA's key may do, or that of an end."""
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
    return ((x509.BasicConstraints(ca=True, path_length=depth), True), (usage(end=False), True))


def _end_extensions(purposes: tuple[ObjectIdentifier, ...], *, critical: bool) -> _Extensions:
    """A TSA's purpose must be critical and its only one (RFC 3161 clause 2.3); a seal also commits to content."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(end=True, repudiation=not critical), True),
        (x509.ExtendedKeyUsage(list(purposes)), critical),
    )


def _distribution(crl_base: str | None, file: str) -> _Extensions:
    if crl_base is None:
        return ()
    where = [x509.UniformResourceIdentifier(f"{crl_base.rstrip('/')}/{file}")]
    point = x509.DistributionPoint(full_name=where, relative_name=None, reasons=None, crl_issuer=None)
    return ((x509.CRLDistributionPoints([point]), False),)


def _certificate(
    subject: x509.Name,
    spki: bytes,
    issuer: _Issuing,
    life: tuple[datetime, datetime],
    extensions: _Extensions,
) -> bytes:
    """A certificate in DER; the root signs with SHA-384, the issuing CA with SHA-256, each as wide as its curve."""
    public = _public(spki)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if issuer.key.spki != spki:
        builder = builder.add_extension(authority_identifier(issuer.key), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return _signed(builder, issuer.key)


def _signed(builder: x509.CertificateBuilder, key: SigningKey) -> bytes:
    """Sign with a key that may lie in a token: the signed part is laid out with a key that is thrown away.

    Nothing in the signed part depends on the key that signs but its algorithm (RFC 5280 clause 4.1.1.2).
    """
    curve = _public(key.spki).curve
    wide = curve.key_size > 256
    draft = builder.sign(ec.generate_private_key(curve), hashes.SHA384() if wide else hashes.SHA256())
    tbs = draft.tbs_certificate_bytes
    return der.sequence(tbs, der.sequence(der.oid(key.algorithm)), der.bit_string(key.sign(tbs)))


def authority_identifier(key: SigningKey) -> x509.AuthorityKeyIdentifier:
    """The extension that names the issuer's key."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(key.spki))


def _public(spki: bytes) -> ec.EllipticCurvePublicKey:
    public = load_der_public_key(spki)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("the authorities' keys are EC keys")
    return public
