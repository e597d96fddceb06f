"""The certificates of a key folder as an administrator sees them: until when, where the key lies; nothing secret."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509

from app.pki import key_files
from app.pki.keycheck import EXPIRING
from app.pki.keyring import CERTIFIED
from app.pki.pkcs11_uri import NOWHERE, Places

CertificateState = Literal["valid", "expiring", "expired", "not_yet_valid"]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate: `name` is one of `CERTIFIED`, `serial` in hexadecimal, `place` file, offline or token and object."""

    name: str
    subject: str
    serial: str
    not_before: datetime
    not_after: datetime
    place: str
    state: CertificateState


def list_certificates(folder: Path, now: datetime, *, places: Places = NOWHERE) -> list[CertificateFacts]:
    """The certificates that are there and can be read; `keycheck` says what is wrong with the others."""
    found = []
    for name in CERTIFIED:
        try:
            certificate = x509.load_der_x509_certificate((folder / f"{name}.crt").read_bytes())
        except (OSError, ValueError):
            continue
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        found.append(
            CertificateFacts(
                name=name,
                subject=certificate.subject.rfc4514_string(),
                serial=f"{certificate.serial_number:x}",
                not_before=start,
                not_after=end,
                place=_place(folder, name, places),
                state=_state(start, end, now),
            )
        )
    return found


def _place(folder: Path, name: str, places: Places) -> str:
    if name in places:
        return places[name].shown
    return "file" if (folder / key_files.key_file(name)).exists() else "offline"


def _state(start: datetime, end: datetime, now: datetime) -> CertificateState:
    if now < start:
        return "not_yet_valid"
    if now >= end:
        return "expired"
    return "expiring" if now >= end - EXPIRING else "valid"
