"""The authority: certifies signers' keys, attests time, and seals for the institution.

The root's key is not needed here and may be offline; its certificate and its CRL are.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from app.pki import cms, crl
from app.pki.certificate import LEEWAY, Issuer, Subject, signer_certificate
from app.pki.crl import fresh_crl
from app.pki.errors import CrlOutdated, IssuerMissing
from app.pki.issuing_ca import IssuingCa, list_name
from app.pki.parsed_certificate import parse
from app.pki.signing_key import SigningKey
from app.pki.timestamp import ArchiveStamps, OtherStamps, TimestampAuthority

DEFAULT_LIFE = timedelta(minutes=10)
ARCHIVE_CRL_LIFE = timedelta(days=3650)  # as long as the TSA's certificate; by then the archive is stamped anew
MOMENT_CRL_LIFE = timedelta(minutes=1)  # ends while the signer's short certificate still lives


@dataclass(frozen=True)
class TrustMaterial:
    """What a document's DSS holds so that it can be checked without us: certificates and CRLs in DER, the root's first."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True)
class OwnCertificates:
    """The certificates (DER) that may stand behind what is signed here: those in use, then those before them."""

    issuing: tuple[bytes, ...]
    tsa: tuple[bytes, ...]
    e_seal: tuple[bytes, ...]


@dataclass(repr=False)
class Authority:
    """Certificates in DER, keys behind `SigningKey`, and the CRLs last signed; safe to share between threads.

    `issuing_cas` begins with the one in use; `past_issuing` are certificates of CAs whose keys are no longer here; `past_roots` are
    the roots before the one in use, each with its CRL.
    """

    root: bytes
    root_crl: bytes
    issuing_cas: tuple[IssuingCa, ...]
    tsa: TimestampAuthority
    e_seal_key: SigningKey
    e_seal_certificate: bytes
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
    past_roots: tuple[tuple[bytes, bytes], ...] = ()
    past_issuing: tuple[bytes, ...] = ()
    past_tsa: tuple[bytes, ...] = ()
    past_e_seal: tuple[bytes, ...] = ()
    others: OtherStamps | None = None

    @property
    def roots(self) -> tuple[bytes, ...]:
        """What a verifier has to trust: the root in use, then those before it."""
        return self.root, *(root for root, _ in self.past_roots)

    def chain_certificates(self, now: datetime) -> tuple[bytes, ...]:
        """Roots and issuing CAs that what is sealed at `now` may stand under, those in use first."""
        return *self.roots, *(ca.certificate for ca in self._cas_at(now))

    def root_crls(self, now: datetime) -> tuple[bytes, ...]:
        """The CRL of each root in force, the one in use first; raises `CrlOutdated` when that is over."""
        if crl.dates_of(self.root_crl).next_update <= now:
            raise CrlOutdated("CRL akar sudah kedaluwarsa. Sambungkan kunci akar, lalu jalankan `pakta keys crl`.")
        return self.root_crl, *(listed for root, listed in self.past_roots if now < parse(root).not_after)

    @property
    def archive_stamps(self) -> ArchiveStamps:
        """Who gives archive time stamps: authorities of others where there are some, else our own."""
        return self.others if self.others and self.others.asked else self.tsa

    @property
    def check_other_token(self) -> Callable[[bytes, bytes], datetime] | None:
        """What judges archive tokens of authorities of others: (token, SHA-256 digest) -> its time, or `SignatureRefused`."""
        return self.others.check if self.others else None

    @property
    def issuer(self) -> Issuer:
        """The issuing CA that certifies now."""
        return self.issuing_cas[0].issuer

    @property
    def issuing(self) -> bytes:
        """The certificate of the issuing CA that certifies now."""
        return self.issuer.certificate

    @property
    def own_certificates(self) -> OwnCertificates:
        """What may stand behind documents made here, at any time."""
        issuing = *(ca.certificate for ca in self.issuing_cas), *self.past_issuing
        return OwnCertificates(issuing, self.tsa_certificates, self.e_seal_certificates)

    def issuer_for(self, certificate: bytes) -> Issuer:
        """The issuing CA that a certificate (DER) came from; raises `IssuerMissing` when its key is not here."""
        name = parse(certificate).issuer
        for ca in self.issuing_cas:
            if ca.issuer.name == name:
                return ca.issuer
        raise IssuerMissing(
            "Kunci CA penerbit terdahulu tidak ada di folder past. Pulihkan dari cadangan, lalu ulangi."
        )

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
            chain=(issuing_of(self.e_seal_certificate, self.own_certificates.issuing),),
            timestamp_token=self.tsa.token(sha256(signature).digest(), at),
        )

    def crls(self, now: datetime) -> tuple[bytes, ...]:
        """The CRLs of root and issuing CAs, also of those before until their end, the ones in use first; all in force at `now`."""
        return *self.root_crls(now), *(ca.crl(now) for ca in self._cas_at(now))

    def published_crl(self, name: str, now: datetime) -> bytes | None:
        """The CRL that certificates name by this file name; None when there is none, or its CA has ended."""
        for root, listed in ((self.root, self.root_crl), *self.past_roots):
            if list_name(root) == name:
                return listed
        return next((ca.crl(now) for ca in self._cas_at(now) if list_name(ca.certificate) == name), None)

    def archive_crls(self, now: datetime) -> tuple[bytes, ...]:
        """The CRLs an archive time stamp preserves: root's, each issuing CA's for the years to come, and each one's of this moment.

        The first two let a validator judge CA, TSA and e-seal offline for as long as the TSA's certificate lives. The last
        and newest lets the time slide of ETSI EN 319 102-1 clause 5.6.2.2 come to rest inside the life of the signer's
        certificate, where it would otherwise stay at the validator's own time and find that certificate expired. What is
        sealed may have been signed under the CA before.
        """
        issuers = [ca.issuer for ca in self._cas_at(now)]
        others = self.others.crls(now) if self.others and self.others.asked else ()
        lasting = (fresh_crl(issuer, now - timedelta(seconds=1), ARCHIVE_CRL_LIFE) for issuer in issuers)
        return *self.root_crls(now), *others, *lasting, *(fresh_crl(issuer, now, MOMENT_CRL_LIFE) for issuer in issuers)

    def trust_material(self, now: datetime) -> TrustMaterial:
        """Certificates and CRLs for the DSS of documents made at `now`."""
        return TrustMaterial((*self.chain_certificates(now), self.tsa.certificate), self.crls(now))

    def _cas_at(self, now: datetime) -> list[IssuingCa]:
        """The CA in use, and those before it until their end."""
        first, *earlier = self.issuing_cas
        return [first, *(ca for ca in earlier if ca.in_force(now))]


def issuer_of(certificate: bytes, key: SigningKey) -> Issuer:
    """A certificate and its key as an issuer."""
    return Issuer(certificate, parse(certificate).subject, key)


def issuing_of(certificate: bytes, issuing: Sequence[bytes]) -> bytes:
    """Which of an institution's issuing CAs (DER, the one in use first) a certificate names as its issuer."""
    name = parse(certificate).issuer
    return next((one for one in issuing if parse(one).subject == name), issuing[0])
