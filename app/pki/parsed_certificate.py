"""An X.509 certificate (RFC 5280) read strictly and fast: only what the check of a finished document needs.

It reads certificates of our own making. It judges nothing: extensions and paths of strangers are pyHanko's business.
"""

import functools
from dataclasses import dataclass
from datetime import datetime

from app.pki import der
from app.pki.errors import DerMalformed

COMMON_NAME = der.oid("2.5.4.3")
SERIAL_NUMBER = der.oid("2.5.4.5")
ORGANIZATION = der.oid("2.5.4.10")
ORGANIZATIONAL_UNIT = der.oid("2.5.4.11")
_TEXT = {COMMON_NAME: "name", SERIAL_NUMBER: "serial_number", ORGANIZATION: "organization", ORGANIZATIONAL_UNIT: "unit"}


@dataclass(frozen=True)
class ParsedCertificate:
    """The signed part, its signature, and the fields a check compares; `issuer`, `subject` and `spki` are whole DER elements."""

    tbs: bytes
    signature: bytes
    serial: int
    issuer: bytes
    subject: bytes
    spki: bytes
    not_before: datetime
    not_after: datetime
    texts: dict[str, str]

    def text(self, key: str) -> str:
        """A part of the subject: `name`, `serial_number`, `organization` or `unit`; empty when it is not there."""
        return self.texts.get(key, "")


@functools.lru_cache(maxsize=256)
def parse(certificate: bytes) -> ParsedCertificate:
    """The parts of a DER certificate; `DerMalformed` when it is none."""
    tbs, _, signature = der.children(
        der.read_whole(certificate, der.SEQUENCE), der.SEQUENCE, der.SEQUENCE, der.BIT_STRING
    )
    parts = der.children(tbs)
    shape = [part.tag for part in parts[:7]]
    if shape != [0xA0, der.INTEGER] + [der.SEQUENCE] * 5 or signature.body[:1] != b"\0":
        raise DerMalformed("not a version 3 certificate")
    _, serial, _, issuer, validity, subject, spki = parts[:7]
    start, end = der.children(validity)[:2]
    return ParsedCertificate(
        tbs=tbs.whole,
        signature=signature.body[1:],
        serial=der.read_integer(serial),
        issuer=issuer.whole,
        subject=subject.whole,
        spki=spki.whole,
        not_before=der.read_time(start),
        not_after=der.read_time(end),
        texts=_texts(subject),
    )


def _texts(subject: der.Node) -> dict[str, str]:
    """The text of the attributes we know, the first of each kind."""
    texts: dict[str, str] = {}
    for relative in der.children(subject):
        for key, text in _attributes(relative.whole):
            texts.setdefault(key, text)
    return texts


@functools.lru_cache(maxsize=4096)  # an agency's people share all but their names and numbers
def _attributes(relative: bytes) -> tuple[tuple[str, str], ...]:
    """The attributes we know of one relative name."""
    known = []
    for attribute in der.children(der.read(relative, 0, len(relative))):
        kind, value = der.children(attribute)[:2]
        key = _TEXT.get(kind.whole)
        if key:
            known.append((key, value.body.decode("utf-8", "replace")))
    return tuple(known)


@functools.lru_cache(maxsize=256)
def issuer_and_serial(certificate: bytes) -> bytes:
    """The IssuerAndSerialNumber (RFC 5652 clause 10.2.4) that points at this certificate; stops reading at the issuer."""
    end = len(certificate)
    tbs = der.read(certificate, der.read(certificate, 0, end).body_start, end)
    serial = der.read(certificate, der.read(certificate, tbs.body_start, tbs.end).end, tbs.end)
    issuer = der.read(certificate, der.read(certificate, serial.end, tbs.end).end, tbs.end)
    if serial.tag != der.INTEGER or issuer.tag != der.SEQUENCE:
        raise DerMalformed("not a version 3 certificate")
    return der.sequence(issuer.whole, serial.whole)
