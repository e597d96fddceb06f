"""What a device makes sure of before it signs: it trusts no digest, no attribute and no certificate it did not check itself."""

import hashlib
import re
from datetime import timedelta

from app.pki.errors import DerMalformed
from app.pki.parsed_certificate import parse

_RANGE = re.compile(rb"/ByteRange\[0 ([1-9]\d{0,9}) ([1-9]\d{0,9}) ([1-9]\d{0,9}) *\]/Contents<")
LONGEST_CERTIFICATE = timedelta(minutes=15)


class DeviceRefusal(Exception):
    """The server said something the device cannot account for; nothing is signed. `code` says what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def must(condition: bool, code: str) -> None:
    """Raise `DeviceRefusal` unless the condition holds."""
    if not condition:
        raise DeviceRefusal(code)


def document_digest(pdf: bytes, signatures: int = 1) -> bytes:
    """Return SHA-256 of all but one hole of zeros, which must be the only thing the last of so many `signatures` leaves out."""
    must(pdf.count(b"/ByteRange") == signatures, "pdf.byte_range_count")
    found = _RANGE.match(pdf, pdf.rfind(b"/ByteRange"))
    if found is None:
        raise DeviceRefusal("pdf.byte_range_shape")
    start, after, rest = map(int, found.groups())
    must(start == found.end() - 1 and after + rest == len(pdf), "pdf.not_covered")
    must(re.fullmatch(rb"<0+>", pdf[start:after]) is not None, "pdf.hole_not_empty")
    return hashlib.sha256(pdf[:start] + pdf[after:]).digest()


def check_certificate(certificate: bytes, spki: bytes, nip: str) -> None:
    """The certificate is for our key, our person, and a quarter of an hour at most; the device's clock is not asked."""
    try:
        parsed = parse(certificate)
    except DerMalformed:
        raise DeviceRefusal("certificate.shape") from None
    must(parsed.spki == spki, "certificate.other_key")
    must(timedelta(0) < parsed.not_after - parsed.not_before <= LONGEST_CERTIFICATE, "certificate.too_long")
    must(parsed.text("serial_number") == nip, "certificate.other_person")
