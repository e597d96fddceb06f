"""What the issuing CA says of one certificate at one moment, to be kept for ever: an OCSP response (RFC 6960).

A renewed archive time stamp needs proof that the TSA's certificate before it was good then. A CRL of that day would not do:
as the newest one it would also speak about the signer's and the seal's certificates, and the time slide of EN 319 102-1
clause 5.6.2.2 would come to rest on a day when those are long over. An OCSP response names one certificate. The CA signs it
itself (clause 4.2.2.2): a responder's own certificate would fall under the old CRLs again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1

from app.pki import der
from app.pki.authority import ARCHIVE_CRL_LIFE, MOMENT_CRL_LIFE, Authority
from app.pki.parsed_certificate import parse

_BASIC = der.oid("1.3.6.1.5.5.7.48.1.1")
_SHA1 = der.sequence(der.oid("1.3.14.3.2.26"), der.tlv(der.NULL))
_GOOD = der.tlv(0x80)  # certStatus: good [0] IMPLICIT NULL
_SUCCESSFUL = der.tlv(0x0A, b"\0")


@dataclass(frozen=True)
class Standing:
    """What is added to a document's store: certificates, CRLs and OCSP responses, all in DER."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    responses: tuple[bytes, ...]


def standing_of_tsa(authority: Authority, now: datetime) -> Standing:
    """That each TSA certificate still in force is good at this moment, and the newest for as long as its issuer lives.

    The root's CRL goes with it for the issuing CA.
    """
    at, newest = now.replace(microsecond=0), authority.tsa.certificate
    alive = [tsa for tsa in authority.tsa_certificates if at < parse(tsa).not_after]
    lasting = min(at + ARCHIVE_CRL_LIFE, parse(authority.issuer_for(newest).certificate).not_after)
    whole = good_response(authority, newest, at - timedelta(seconds=1), lasting)
    moments = [good_response(authority, tsa, at, at + MOMENT_CRL_LIFE) for tsa in alive]
    others = authority.others.crls(now) if authority.others and authority.others.asked else ()
    return Standing((newest,), (*authority.root_crls(now), *others), (whole, *moments))


def standing_then(authority: Authority, signed: Sequence[tuple[bytes, datetime]]) -> tuple[bytes, ...]:
    """That certificates (DER) were good when they signed: what is known of them for ever, told once more.

    A validator asks for it who can no longer see from the first time stamp alone that they were.
    """
    moments = [(certificate, at.replace(microsecond=0)) for certificate, at in signed]
    return tuple(good_response(authority, certificate, at, at + MOMENT_CRL_LIFE) for certificate, at in moments)


def good_response(authority: Authority, certificate: bytes, since: datetime, until: datetime) -> bytes:
    """An OCSPResponse (RFC 6960 clause 4.2.1) in which its issuing CA calls a certificate good from `since` to `until`."""
    issuer = authority.issuer_for(certificate)
    key, responder = issuer.key, der.octet_string(issuer.key_identifier)
    # SHA-1 names the issuer here as every client expects it (clause 4.1.1); it protects nothing
    issuer_name = sha1(issuer.name, usedforsecurity=False).digest()
    named = der.sequence(_SHA1, der.octet_string(issuer_name), responder, der.integer(parse(certificate).serial))
    single = der.sequence(named, _GOOD, der.generalized_time(since), der.explicit(0, der.generalized_time(until)))
    tbs = der.sequence(der.explicit(2, responder), der.generalized_time(since), der.sequence(single))
    basic = der.sequence(tbs, der.sequence(der.oid(key.algorithm)), der.bit_string(key.sign(tbs)))
    content = der.sequence(_BASIC, der.octet_string(basic))
    return der.sequence(_SUCCESSFUL, der.explicit(0, content))
