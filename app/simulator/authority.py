"""The simulators' own certification authority: a root, a time-stamping authority and certificates of synthetic persons. Worthless keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=730)
CRL = "http://crl.simulator.example/ca.crl"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certified:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class SimulatedAuthority:
    """Root and TSA of one simulator, from `start` on."""

    root: Certified
    tsa: Certified
    start: datetime

    def certify(self, name: str, number: str, *, start: datetime | None = None, life: timedelta = LIFE) -> Certified:
        """A person's certificate with an RSA key of 2048 bits, as BSrE gives them out; all of them share one key."""
        key = _rsa_key("person")
        return Certified(key, _certificate(name, key, self.root, start or self.start, life, number=number))

    def write_root(self, path: Path) -> Path:
        """Write the root for a `…_ROOTS` setting."""
        path.write_bytes(self.root.certificate.public_bytes(Encoding.PEM))
        return path


def make_authority(name: str, now: datetime) -> SimulatedAuthority:
    """A fresh root and TSA, in force since a year before `now`."""
    start = now - timedelta(days=365)
    root_key, tsa_key = ec.generate_private_key(ec.SECP256R1()), _rsa_key("tsa")  # pyHanko's own TSA knows RSA only
    root = Certified(root_key, _certificate(f"{name} Root CA (simulator)", root_key, None, start, LIFE * 2))
    stamping = _certificate(f"{name} TSA (simulator)", tsa_key, root, start, LIFE * 2, stamping=True)
    return SimulatedAuthority(root, Certified(tsa_key, stamping), start)


@lru_cache(maxsize=4)
def _rsa_key(role: str) -> rsa.RSAPrivateKey:
    """One key for all persons and one for all TSAs of this process: making one takes a tenth of a second."""
    del role
    return rsa.generate_private_key(65537, 2048)


def _certificate(
    name: str,
    key: Key,
    issuer: Certified | None,
    start: datetime,
    life: timedelta,
    *,
    number: str = "",
    stamping: bool = False,
) -> x509.Certificate:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    subject = x509.Name(attributes + ([x509.NameAttribute(NameOID.SERIAL_NUMBER, number)] if number else []))
    usage = _usage(end=issuer is not None, stamping=stamping)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:  # as the real ones: an address of a list that no file carries
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(CRL)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    if stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def _usage(*, end: bool, stamping: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=end,
        content_commitment=end and not stamping,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not end,
        crl_sign=not end,
        encipher_only=False,
        decipher_only=False,
    )
