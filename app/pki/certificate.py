"""Short-lived signer certificates (RFC 5280), written from DER parts so that issuing one costs little beside its signature.

A name longer than the 64 characters of X.520's upper bound (ub-common-name and its siblings) is kept whole: OpenSSL, NSS
and pyHanko accept a longer UTF8String, and a name cut short would be another person's. The wide limit here only keeps
the CMS within the space reserved in the document.
"""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1

from app.pki import cms, der, ecdsa
from app.pki.errors import LifetimeRefused, SubjectRefused
from app.pki.parsed_certificate import COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT, SERIAL_NUMBER
from app.pki.signing_key import SigningKey

LEEWAY = timedelta(minutes=1)
LONGEST_LIFE = timedelta(minutes=15)
LONGEST_NAME = 256
COUNTRY = der.oid("2.5.4.6")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SERIAL_NUMBER = re.compile(r"[A-Za-z0-9 '()+,./:=?-]{1,64}")


def _extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(dotted), der.TRUE if critical else b"", der.octet_string(value))


# basicConstraints CA:FALSE; digitalSignature + nonRepudiation; documentSigning (RFC 9336) with emailProtection, because
# NSS, and so pdfsig, calls a certificate with the first alone faulty; noRevAvail (RFC 9608): it dies before any CRL
_FIXED_EXTENSIONS = (
    _extension("2.5.29.19", der.sequence(), critical=True)
    + _extension("2.5.29.15", der.bit_string(b"\xc0", 6), critical=True)
    + _extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.36"), der.oid("1.3.6.1.5.5.7.3.4")))
    + _extension("2.5.29.56", der.tlv(der.NULL))
)
_VERSION_3 = der.explicit(0, der.integer(2))


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names: `institution` (O), `opd` (OU), `name` with degrees (CN) and `nip` (serialNumber)."""

    institution: str
    opd: str
    name: str
    nip: str

    def __post_init__(self) -> None:
        for what, value in (("Instansi", self.institution), ("OPD", self.opd), ("Nama", self.name)):
            if not value.strip() or len(value) > LONGEST_NAME or _CONTROL.search(value):
                raise SubjectRefused(
                    f"{what} kosong, terlalu panjang atau berisi karakter kendali. Perbaiki data pegawai."
                )
        if not _SERIAL_NUMBER.fullmatch(self.nip):
            raise SubjectRefused("NIP kosong atau berisi karakter yang tidak sah. Perbaiki data pegawai.")


@dataclass(frozen=True)
class Issuer:
    """A certification authority: its certificate, the DER of its name, and the key that signs."""

    certificate: bytes
    name: bytes
    key: SigningKey

    @property
    def key_identifier(self) -> bytes:
        """SHA-1 of its public key (RFC 5280 clause 4.2.1.2, method 1)."""
        return _issuer_identifier(self.key.spki)


def key_identifier(spki: bytes) -> bytes:
    """The 20-byte subject key identifier: SHA-1 over the bits of the public key, an identifier and no protection."""
    if len(spki) == ecdsa.SPKI_SIZE and spki.startswith(ecdsa.SPKI_HEAD):
        bits = spki[len(ecdsa.SPKI_HEAD) - 1 :]
    else:
        bits = der.children(der.read_whole(spki, der.SEQUENCE), der.SEQUENCE, der.BIT_STRING)[1].body[1:]
    return sha1(bits, usedforsecurity=False).digest()


_issuer_identifier = functools.lru_cache(maxsize=64)(key_identifier)  # the same for everybody it certifies


@functools.lru_cache(maxsize=64)
def authority_key_identifier(identifier: bytes) -> bytes:
    """The extension that names the issuer's key (RFC 5280 clause 4.2.1.1)."""
    return _extension("2.5.29.35", der.sequence(der.tlv(0x80, identifier)))


@functools.lru_cache(maxsize=1024)
def _agency(institution: str, opd: str) -> bytes:
    """C, O and OU: the part of the name that a whole agency shares."""
    attributes = (
        der.sequence(COUNTRY, der.printable_string("ID")),
        der.sequence(ORGANIZATION, der.utf8_string(institution)),
        der.sequence(ORGANIZATIONAL_UNIT, der.utf8_string(opd)),
    )
    return b"".join(der.set_of(attribute) for attribute in attributes)


def _name(subject: Subject) -> bytes:
    """C, O, OU, CN, serialNumber; one attribute in each relative name."""
    return der.sequence(
        _agency(subject.institution, subject.opd),
        der.enclosed(der.SET, der.SEQUENCE, COMMON_NAME, der.utf8_string(subject.name)),
        der.enclosed(der.SET, der.SEQUENCE, SERIAL_NUMBER, der.printable_string(subject.nip)),
    )


@functools.lru_cache(maxsize=256)  # a batch is certified in few different seconds
def _validity(not_before: datetime, not_after: datetime) -> bytes:
    return der.sequence(der.validity_time(not_before), der.validity_time(not_after))


@functools.lru_cache(maxsize=64)
def _extensions_head(issuer_identifier: bytes) -> bytes:
    """All extensions but the 20 bytes that end the last one, the subject's key identifier (RFC 5280 clause 4.2.1.2)."""
    last = _extension("2.5.29.14", der.octet_string(bytes(20)))
    whole = der.explicit(3, der.sequence(_FIXED_EXTENSIONS, authority_key_identifier(issuer_identifier), last))
    return whole[:-20]


def signer_certificate(
    issuer: Issuer, subject: Subject, spki: bytes, *, serial: int, not_before: datetime, not_after: datetime
) -> bytes:
    """A certificate in DER for a P-256 key, from `not_before` to `not_after` (whole seconds, at most 15 minutes).

    `serial` must be positive, random and at most 20 octets long (RFC 5280 clause 4.1.2.2).
    """
    ecdsa.public_key(spki)
    if not timedelta(0) < not_after - not_before <= LONGEST_LIFE:
        raise LifetimeRefused("Sertifikat penanda tangan berlaku paling lama 15 menit. Perpendek masa berlakunya.")
    tbs = der.sequence(
        _VERSION_3,
        der.integer(serial),
        cms.ECDSA_WITH_SHA256,
        issuer.name,
        _validity(not_before.astimezone(UTC), not_after.astimezone(UTC)),
        _name(subject),
        spki,
        _extensions_head(issuer.key_identifier),
        key_identifier(spki),
    )
    return der.sequence(tbs, cms.ECDSA_WITH_SHA256, der.bit_string(issuer.key.sign(tbs)))
