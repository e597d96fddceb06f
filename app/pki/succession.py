"""A new issuing CA under the same root, also where the root's key lies elsewhere: request, certify, install.

The request (PKCS #10, RFC 2986) and its key wait in the key folder; the certificate may be made there or on another machine.
Old certificate and key are kept in `past/`: what was signed before is sealed, and its lists are published, under them.

Killed anywhere, the folder opens under one CA or the other: the certificate takes its place in one step, when all it needs
is durable.
"""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.pki import der, hierarchy, key_files, keyring, past, rotation
from app.pki.authority import issuer_of
from app.pki.errors import RotationRefused
from app.pki.issuing_ca import generation_of
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE, Places
from app.pki.signing_key import SigningKey
from app.pki.token_key import TokenKey

NAME = "issuing"
REQUEST = "issuing.csr"
_REPEAT = "Minta yang baru dengan `pakta keys request`."


def request(folder: Path, passphrase: bytes, *, institution: str, places: Places = NOWHERE) -> bytes:
    """The certification request (PEM) of the issuing CA that comes next; the one already waiting, if there is one.

    Its key is made in the folder, or in the token `places` names.
    """
    hierarchy.require_institution(institution)
    rotation.finish(folder, NAME, passphrase)
    current = key_files.read_file(folder, f"{NAME}.crt")
    keyring.signing_key(folder, NAME, passphrase, places)  # a folder that does not open is not made worse
    waiting = folder / REQUEST
    if waiting.exists():
        if _spki(_read(waiting.read_bytes())) != parse(current).spki:
            return waiting.read_bytes()
        waiting.unlink()  # it was installed; only this was not yet done
    known = (current, *past.past_certificates(folder, NAME))
    name = hierarchy.issuing_name(institution, max(map(generation_of, known)) + 1)
    key, private = rotation.new_key(NAME, places)
    if private is not None:
        key_files.put(folder, f"{NAME}.next.key", key_files.encrypted(private, passphrase))
    made = _request(name, key)
    key_files.put(folder, REQUEST, made)
    return made


def certify(
    folder: Path, passphrase: bytes, asked: bytes, *, now: datetime, crl_base: str | None, places: Places = NOWHERE
) -> bytes:
    """The issuing CA's certificate (DER) for a request (PEM), by the root whose key and certificate are in this folder.

    Raises `RotationRefused` for a request that does not hold, and `KeysMissing` where the root's key is not.
    """
    read = _read(asked)
    if not read.is_signature_valid:
        raise RotationRefused("Permintaan sertifikat rusak: tanda tangannya tidak cocok. " + _REPEAT)
    root = key_files.read_file(folder, "root.crt")
    if parse(root).not_after - now < hierarchy.START_EARLY:
        raise RotationRefused("Sertifikat akar sudah berakhir, jadi tidak dapat menerbitkan yang baru.")
    by = issuer_of(root, keyring.signing_key(folder, "root", passphrase, places))
    return hierarchy.issuing_certificate(read.subject, _spki(read), by, now, crl_base)


def install(folder: Path, passphrase: bytes, certificate: bytes, *, now: datetime, places: Places = NOWHERE) -> None:
    """Let a certificate (DER) for the waiting request take the place of the issuing CA's; raises `RotationRefused`."""
    current = key_files.read_file(folder, f"{NAME}.crt")
    if certificate == current:
        rotation.finish(folder, NAME, passphrase)  # killed before it was done
        (folder / REQUEST).unlink(missing_ok=True)
        return
    _require_fit(folder, certificate, now)
    spki = parse(certificate).spki
    if place := places.get(NAME):
        TokenKey(place, spki).check()
    elif keyring.local_key(folder, f"{NAME}.next", passphrase).spki != spki:
        raise RotationRefused("Kunci yang menunggu bukan milik sertifikat ini. " + _REPEAT)
    past.keep_past(folder, NAME, current)
    if NAME not in places:
        past.keep_past_key(folder, NAME, current)
    key_files.put(folder, f"{NAME}.crt", certificate)
    rotation.finish(folder, NAME, passphrase)
    (folder / REQUEST).unlink(missing_ok=True)


def rotate_issuing(
    folder: Path,
    passphrase: bytes,
    *,
    institution: str,
    now: datetime,
    crl_base: str | None = None,
    places: Places = NOWHERE,
) -> bytes:
    """All three steps where the root's key is at hand; returns the certificate (DER)."""
    if "root" not in places and not (folder / key_files.key_file("root")).exists():
        raise RotationRefused(
            "Kunci akar tidak ada di sini. Jalankan `pakta keys request`, lalu `pakta keys certify` di tempat kunci akar,"
            " lalu `pakta keys install`."
        )
    asked = request(folder, passphrase, institution=institution, places=places)
    certificate = certify(folder, passphrase, asked, now=now, crl_base=crl_base, places=places)
    install(folder, passphrase, certificate, now=now, places=places)
    return certificate


def _request(name: x509.Name, key: SigningKey) -> bytes:
    """A CertificationRequest (RFC 2986 clause 4) without attributes, in PEM, signed by a key that may lie in a token."""
    info = der.sequence(der.integer(0), name.public_bytes(), key.spki, der.tlv(0xA0))
    signed = der.sequence(info, der.sequence(der.oid(key.algorithm)), der.bit_string(key.sign(info)))
    return x509.load_der_x509_csr(signed).public_bytes(Encoding.PEM)


def _read(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError as error:
        raise RotationRefused("Permintaan sertifikat tidak terbaca. " + _REPEAT) from error


def _spki(asked: x509.CertificateSigningRequest) -> bytes:
    return asked.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _require_fit(folder: Path, certificate: bytes, now: datetime) -> None:
    """That a certificate is the one asked for, by our root, for an issuing CA, and in force (RFC 5280 clause 6.1.4)."""
    try:
        waiting = _read((folder / REQUEST).read_bytes())
    except FileNotFoundError as error:
        raise RotationRefused("Tidak ada permintaan yang menunggu. " + _REPEAT) from error
    root = x509.load_der_x509_certificate(key_files.read_file(folder, "root.crt"))
    try:
        made = x509.load_der_x509_certificate(certificate)
        made.verify_directly_issued_by(root)
        limits = made.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise RotationRefused("Sertifikat ini bukan sertifikat CA dari akar kita.") from error
    if not limits.ca or limits.path_length != 0 or not usage.key_cert_sign or not usage.crl_sign:
        raise RotationRefused("Sertifikat ini bukan untuk CA penerbit.")
    if made.subject != waiting.subject or made.public_key() != waiting.public_key():
        raise RotationRefused("Sertifikat ini bukan untuk permintaan yang menunggu. " + _REPEAT)
    if not made.not_valid_before_utc <= now < made.not_valid_after_utc - hierarchy.START_EARLY:
        raise RotationRefused("Sertifikat ini tidak sedang berlaku. Periksa jam di kedua tempat.")
