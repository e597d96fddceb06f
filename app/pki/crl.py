"""Certificate revocation lists (RFC 5280 clause 5): what the root says of CAs, and the issuing CA of TSA and e-seal.

Signer certificates never appear: they carry noRevAvail and live for minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.pki import der
from app.pki.certificate import Issuer, authority_key_identifier


@dataclass(frozen=True)
class Revocation:
    """A certificate taken back before its end; the issuer drops it from the list once it has expired."""

    serial: int
    at: datetime
    expires: datetime


@dataclass(frozen=True)
class CrlDates:
    """From when a list speaks, and when the next one is due."""

    this_update: datetime
    next_update: datetime


def revocation_list(issuer: Issuer, *, number: int, dates: CrlDates, revoked: Sequence[Revocation] = ()) -> bytes:
    """A full CRL in DER; `number` must grow with every list of this issuer (RFC 5280 clause 5.2.3)."""
    algorithm = der.sequence(der.oid(issuer.key.algorithm))
    entries = [
        der.sequence(der.integer(entry.serial), der.validity_time(entry.at))
        for entry in revoked
        if entry.expires > dates.this_update
    ]
    crl_number = der.sequence(der.oid("2.5.29.20"), der.octet_string(der.integer(number)))
    tbs = der.sequence(
        der.integer(1),
        algorithm,
        issuer.name,
        der.validity_time(dates.this_update),
        der.validity_time(dates.next_update),
        der.sequence(*entries) if entries else b"",
        der.explicit(0, der.sequence(authority_key_identifier(issuer.key_identifier), crl_number)),
    )
    return der.sequence(tbs, algorithm, der.bit_string(issuer.key.sign(tbs)))


def fresh_crl(issuer: Issuer, now: datetime, life: timedelta) -> bytes:
    """An empty CRL from `now` on. Its number is the second it was made in, so it grows without being kept anywhere."""
    at = now.replace(microsecond=0)
    return revocation_list(issuer, number=int(at.timestamp()), dates=CrlDates(at, at + life))


def dates_of(crl: bytes) -> CrlDates:
    """The two dates of a CRL we wrote."""
    tbs = der.children(der.read_whole(crl, der.SEQUENCE))[0]
    parts = der.children(tbs)
    return CrlDates(der.read_time(parts[3]), der.read_time(parts[4]))


def issuer_name(crl: bytes) -> bytes:
    """The DER of the name of the CA that signed a CRL we wrote."""
    tbs = der.children(der.read_whole(crl, der.SEQUENCE))[0]
    return der.children(tbs)[2].whole
