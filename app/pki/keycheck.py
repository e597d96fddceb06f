"""What is wrong with a key folder, in words: the answer of `pakta keys check` and of the readiness probe."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.pki import crl, key_files, keyring, past
from app.pki.errors import DerMalformed, KeysMissing, ObjectMissing, PkiFault, TokenFault
from app.pki.keyring import CERTIFIED, LISTED
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE, Places

EXPIRING = timedelta(days=62)  # whatever ends next month is told this month
CRL_RENEWAL = timedelta(days=7)
ISSUERS = {"root": "root", "issuing": "root", "tsa": "issuing", "e-seal": "issuing"}


Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: an `error` stops signing, a `warning` will stop it soon."""

    code: str
    level: Level
    detail: str


def check_keys(folder: Path, passphrase: bytes, now: datetime, *, places: Places = NOWHERE) -> list[Finding]:
    """Every fault of the folder at `now`; an empty list means that all is well. It raises nothing of its own.

    Codes: `keys.missing`, `keys.unreadable`, `keys.passphrase`, `keys.exposed`, `keys.expired`, `keys.expiring`,
    `keys.not_yet_valid`, `keys.usage`, `keys.issuer`, `keys.mismatch`, `keys.past_missing`, `keys.crl_outdated`, `keys.crl_ending`;
    of keys in a token: `keys.module`, `keys.token_missing`, `keys.pin`, `keys.object_missing`, `keys.mechanism`, `keys.token_lost`.
    """
    if not folder.is_dir():
        return [Finding("keys.missing", "error", f"Folder kunci {folder} belum ada. Jalankan `pakta keys init`.")]
    found: list[Finding] = []
    certificates: dict[str, x509.Certificate] = {}
    for name in CERTIFIED:
        try:
            certificates[name] = x509.load_der_x509_certificate(key_files.read_file(folder, f"{name}.crt"))
        except PkiFault as error:
            found.append(_from_error(error))
        except ValueError:
            found.append(Finding("keys.unreadable", "error", f"{name}.crt rusak. Pulihkan dari cadangan."))
    for name, certificate in certificates.items():
        found += _life(name, certificate, now) + _usage(name, certificate)
        found += _key(folder, name, passphrase, certificate, places)
        if issuer := _issuer_of(folder, name, certificate, certificates):
            found += _issuer(name, certificate, issuer)
    found += _log_key(folder, passphrase) + _exposed(folder) + _past_keys(folder, passphrase, now, places)
    for name in LISTED:
        found += _list(folder, name, now)
    return found


def superseded(folder: Path, in_use: Mapping[str, bytes]) -> list[Finding]:
    """Which certificates (DER, by name) a running process still works with although others followed: it must be restarted."""
    found = []
    for name, certificate in in_use.items():
        with suppress(PkiFault):
            if key_files.read_file(folder, f"{name}.crt") != certificate:
                detail = (
                    f"{name} sudah diganti, tetapi proses ini masih memakai yang lama. Mulai ulang server dan worker."
                )
                found.append(Finding("keys.superseded", "warning", detail))
    return found


def _from_error(error: PkiFault) -> Finding:
    return Finding(error.code, "error", str(error))


def _life(name: str, certificate: x509.Certificate, now: datetime) -> list[Finding]:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < start:
        detail = f"{name}.crt baru berlaku {start:%d-%m-%Y %H:%M} UTC. Periksa jam server ini."
        return [Finding("keys.not_yet_valid", "error", detail)]
    if now >= end:
        detail = f"{name}.crt berakhir {end:%d-%m-%Y}. Ganti dengan `pakta keys rotate`, atau periksa jam server."
        return [Finding("keys.expired", "error", detail)]
    if now >= end - EXPIRING:
        detail = f"{name}.crt berakhir {end:%d-%m-%Y}. Siapkan `pakta keys rotate` sebelum hari itu."
        return [Finding("keys.expiring", "warning", detail)]
    return []


def _usage(name: str, certificate: x509.Certificate) -> list[Finding]:
    wrong = Finding(
        "keys.usage", "error", f"{name}.crt tidak boleh dipakai untuk tugasnya. Pulihkan berkas yang benar."
    )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if name in LISTED:
            return [] if usage.key_cert_sign and usage.crl_sign else [wrong]
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return [wrong]
    stamps = list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING] and purposes.critical
    fit = stamps if name == "tsa" else usage.content_commitment
    return [] if usage.digital_signature and fit else [wrong]


def _issuer_of(
    folder: Path, name: str, certificate: x509.Certificate, certificates: Mapping[str, x509.Certificate]
) -> x509.Certificate | None:
    """The certificate beside it that should have issued this one; that may be older than the issuing CA or root in use."""
    current = certificates.get(ISSUERS[name])
    if current is None or certificate.issuer == current.subject:
        return current
    with suppress(PkiFault, ValueError):
        earlier = map(x509.load_der_x509_certificate, past.past_certificates(folder, ISSUERS[name]))
        return next((one for one in earlier if one.subject == certificate.issuer), current)
    return current


def _issuer(name: str, certificate: x509.Certificate, issuer: x509.Certificate) -> list[Finding]:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        detail = f"{name}.crt tidak diterbitkan oleh {ISSUERS[name]}.crt. Pulihkan folder kunci dari satu cadangan."
        return [Finding("keys.issuer", "error", detail)]
    return []


def _key(folder: Path, name: str, passphrase: bytes, certificate: x509.Certificate, places: Places) -> list[Finding]:
    try:
        if name in places:
            keyring.signing_key(folder, name, passphrase, places)
            return []
        key = keyring.local_key(folder, name, passphrase)
    except KeysMissing as error:
        # an offline root is how it should be, not a fault
        return [] if name == "root" else [_from_error(error)]
    except PkiFault as error:
        # an offline root is how it should be, also where its token is taken away
        level: Level = "warning" if name == "root" and isinstance(error, TokenFault) else "error"
        return [Finding(error.code, level, f"{name}: {error}")]
    if key.private.public_key() != certificate.public_key():
        detail = f"{name}.key bukan pasangan {name}.crt. Pulihkan keduanya dari cadangan yang sama."
        return [Finding("keys.mismatch", "error", detail)]
    return []


def _log_key(folder: Path, passphrase: bytes) -> list[Finding]:
    try:
        keyring.log_key(folder, passphrase)
    except PkiFault as error:
        return [_from_error(error)]
    return []


def _past_keys(folder: Path, passphrase: bytes, now: datetime, places: Places) -> list[Finding]:
    """Issuing CAs before the one in use speak of what they issued until their end, and need their keys for it."""
    try:
        certificates = past.past_certificates(folder, "issuing")
    except PkiFault as error:
        return [_from_error(error)]
    except OSError:
        return []  # issuing.crt itself is missing, which is told above
    found = []
    for certificate in certificates:
        try:
            past.past_key(folder, "issuing", certificate, passphrase, places)
        except (KeysMissing, ObjectMissing):
            if now < parse(certificate).not_after:
                kept = past.past_file("issuing", certificate, "key")
                detail = f"{past.PAST}/{kept} tidak ada. Dokumen dari masa CA itu tidak dapat disegel: pulihkan dari cadangan."
                found.append(Finding("keys.past_missing", "warning", detail))
        except PkiFault as error:
            found.append(_from_error(error))
    return found


def _exposed(folder: Path) -> list[Finding]:
    open_ones = sorted(path.name for path in folder.rglob("*.key") if path.stat().st_mode & 0o077)
    if not open_ones:
        return []
    detail = f"{', '.join(open_ones)} dapat dibaca pengguna lain. Jalankan chmod 600 pada berkas itu."
    return [Finding("keys.exposed", "error", detail)]


def _list(folder: Path, name: str, now: datetime) -> list[Finding]:
    renew = "Jalankan `pakta keys crl`."
    try:
        dates = crl.dates_of(
            keyring.root_list(folder) if name == "root" else key_files.read_file(folder, "issuing.crl")
        )
    except DerMalformed:
        return [Finding("keys.unreadable", "error", f"{name}.crl rusak. {renew}")]
    except PkiFault as error:
        return [_from_error(error)]
    if now < dates.this_update:
        return [Finding("keys.not_yet_valid", "error", f"{name}.crl baru berlaku nanti. Periksa jam server ini.")]
    if now >= dates.next_update:
        return [Finding("keys.crl_outdated", "error", f"{name}.crl berakhir {dates.next_update:%d-%m-%Y}. {renew}")]
    if now >= dates.next_update - CRL_RENEWAL:
        return [Finding("keys.crl_ending", "warning", f"{name}.crl berakhir {dates.next_update:%d-%m-%Y}. {renew}")]
    return []
