"""The authority: certifies signers' keys, attests time, and seals for the institution.

The root's key is not needed here and may be offline; its certificate and its CRL are.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from app.pki import cms, crl
from app.pki.certificate import LEEWAY, Issuer, Subject, signer_certificate
from app.pki.crl import CrlDates
from app.pki.errors import CrlOutdated
from app.pki.parsed_certificate import parse
from app.pki.signing_key import SigningKey
from app.pki.timestamp import TimestampAuthority

DEFAULT_LIFE = timedelta(minutes=10)
ISSUING_CRL_LIFE = timedelta(days=30)
ARCHIVE_CRL_LIFE = timedelta(days=3650)  # as long as the TSA's certificate; by then the archive is stamped anew
MOMENT_CRL_LIFE = timedelta(minutes=1)  # ends while the signer's short certificate still lives


@dataclass(frozen=True)
class TrustMaterial:
    """What a document's DSS holds so that it can be checked without us: certificates and CRLs in DER."""

    root: bytes
    issuing: bytes
    tsa: bytes
    crls: tuple[bytes, bytes]

    @property
    def certificates(self) -> tuple[bytes, bytes, bytes]:
        """Root, issuing CA, TSA."""
        return self.root, self.issuing, self.tsa


@dataclass(repr=False)
class Authority:
    """Certificates in DER, keys behind `SigningKey`, and the two CRLs last signed; safe to share between threads."""

    root: bytes
    issuer: Issuer
    tsa: TimestampAuthority
    e_seal_key: SigningKey
    e_seal_certificate: bytes
    root_crl: bytes
    issuing_crl: bytes
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
    past_tsa: tuple[bytes, ...] = ()
    past_e_seal: tuple[bytes, ...] = ()
    keep_crl: Callable[[bytes], None] = field(default=lambda _: None)

    @property
    def issuing(self) -> bytes:
        """The issuing CA's certificate."""
        return self.issuer.certificate

    @property
    def tsa_certificates(self) -> tuple[bytes, ...]:
        """The TSA's certificates: the one in use, then those before it."""
        return self.tsa.certificate, *self.past_tsa

    @property
    def e_seal_certificates(self) -> tuple[bytes, ...]:
        """The e-seal's certificates: the one in use, then those before it."""
        return self.e_seal_certificate, *self.past_e_seal

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What a CMS carries beside the signer's certificate: the issuing CA, not the root."""
        return (self.issuer.certificate,)

    def issue(self, subject: Subject, spki: bytes, now: datetime, *, life: timedelta = DEFAULT_LIFE) -> bytes:
        """A signer certificate in DER, valid from a minute before `now` until `life` after it; 15 minutes in all at most.

        `spki` is the 91-byte P-256 key whose possession the caller has had proven.
        """
        at = now.replace(microsecond=0)
        octets = self.random(16)
        serial = int.from_bytes(bytes((0x40 | (octets[0] & 0x3F),)) + octets[1:], "big")
        return signer_certificate(
            self.issuer, subject, spki, serial=serial, not_before=at - LEEWAY, not_after=at + life
        )

    def e_seal_sign(self, digest: bytes, at: datetime) -> bytes:
        """The institution's CAdES B-T signature over a document digest (SHA-256), as the CMS for /Contents."""
        attributes = cms.signed_attributes(digest, self.e_seal_certificate)
        signature = self.e_seal_key.sign(attributes)
        return cms.signed_data(
            attributes=attributes,
            signature_der=signature,
            certificate=self.e_seal_certificate,
            chain=self.chain,
            timestamp_token=self.tsa.token(sha256(signature).digest(), at),
        )

    def crls(self, now: datetime) -> tuple[bytes, bytes]:
        """The root's and the issuing CA's CRL, both in force at `now`; the second is signed anew in its last half."""
        if crl.dates_of(self.root_crl).next_update <= now:
            raise CrlOutdated("CRL akar sudah kedaluwarsa. Sambungkan kunci akar, lalu jalankan `pakta keys crl`.")
        if crl.dates_of(self.issuing_crl).next_update - now < ISSUING_CRL_LIFE / 2:
            self.issuing_crl = fresh_crl(self.issuer, now, ISSUING_CRL_LIFE)
            self.keep_crl(self.issuing_crl)
        return self.root_crl, self.issuing_crl

    def archive_crls(self, now: datetime) -> tuple[bytes, bytes, bytes]:
        """The CRLs an archive time stamp preserves: root's, issuing CA's for the years to come, issuing CA's of this moment.

        The first two let a validator judge CA, TSA and e-seal offline for as long as the TSA's certificate lives. The last
        and newest lets the time slide of ETSI EN 319 102-1 clause 5.6.2.2 come to rest inside the life of the signer's
        certificate, where it would otherwise stay at the validator's own time and find that certificate expired.
        """
        lasting = fresh_crl(self.issuer, now - timedelta(seconds=1), ARCHIVE_CRL_LIFE)
        return self.root_crl, lasting, fresh_crl(self.issuer, now, MOMENT_CRL_LIFE)

    def trust_material(self, now: datetime) -> TrustMaterial:
        """Certificates and CRLs for the DSS of documents made at `now`."""
        return TrustMaterial(self.root, self.issuing, self.tsa.certificate, self.crls(now))


def fresh_crl(issuer: Issuer, now: datetime, life: timedelta) -> bytes:
    """An empty CRL from `now` on. Its number is the second it was made in, so it grows without being kept anywhere."""
    at = now.replace(microsecond=0)
    return crl.revocation_list(issuer, number=int(at.timestamp()), dates=CrlDates(at, at + life))


def issuer_of(certificate: bytes, key: SigningKey) -> Issuer:
    """A certificate and its key as an issuer."""
    return Issuer(certificate, parse(certificate).subject, key)
