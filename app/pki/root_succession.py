"""A new root, and all that stands under it: made where the root's key is, carried to where the service is.

The old root stays trusted for what was made under it: certificate and CRL lie in `past/` for ever and verifiers are given both roots. The
new one has another name and is introduced by a certificate of the old one over its key (RFC 4210 clause 4.4, NewWithOld), which the
service checks before it takes a root from elsewhere. There is none the other way round (OldWithNew): it would let whoever holds the
old key speak under the new root, and a root may be followed by another for that very reason.

Killed anywhere, the folder opens under one root or the other, and the same command goes on where it stopped.
"""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from app.pki import hierarchy, key_files, keyring, past, rotation, succession
from app.pki.authority import issuer_of
from app.pki.crl import fresh_crl
from app.pki.errors import RotationRefused
from app.pki.issuing_ca import generation_of
from app.pki.keyring import NEXT_CRL
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE, Places

NAME = "root"
LINK = "link"
_FOREIGN = "Berkas ini bukan akar baru yang diperkenalkan akar kita. Ambil dari `pakta keys rotate root --output`."


def rotate_root(
    folder: Path,
    passphrase: bytes,
    *,
    institution: str,
    now: datetime,
    crl_base: str | None = None,
    places: Places = NOWHERE,
) -> bytes:
    """A new root and, where issuing CA, TSA and e-seal are here, their next ones under it; returns the root (DER).

    Raises `RotationRefused` where the root's key is not here. A run that was killed is finished, not begun anew.
    """
    hierarchy.require_institution(institution)
    if NAME not in places and not (folder / key_files.key_file(NAME)).exists():
        raise RotationRefused(
            "Kunci akar tidak ada di sini. Jalankan perintah ini di tempat kunci akar dengan --output, lalu"
            " `pakta keys adopt` di sini."
        )
    _finish(folder, passphrase)
    here = (folder / "issuing.crt").exists()
    if not here or _stands_under(folder, "issuing", NAME):
        _follow(folder, passphrase, institution, now, places)
    if here:
        if not _stands_under(folder, "issuing", NAME):
            succession.rotate_issuing(
                folder, passphrase, institution=institution, now=now, crl_base=crl_base, places=places
            )
        for name in rotation.ROTATED:
            if not _stands_under(folder, name, "issuing"):
                rotation.rotate(
                    folder, passphrase, name, institution=institution, now=now, crl_base=crl_base, places=places
                )
    return key_files.read_file(folder, "root.crt")


def introduction(folder: Path) -> bytes:
    """What carries a new root to where the service is (PEM): root, its introduction by the one before, its CRL; no secrets."""
    root = key_files.read_file(folder, "root.crt")
    link = key_files.read_file(folder / past.PAST, past.past_file(NAME, root, LINK))
    listed = x509.load_der_x509_crl(keyring.root_list(folder)).public_bytes(Encoding.PEM)
    return "".join(map(ssl.DER_cert_to_PEM_cert, (root, link))).encode() + listed


def adopt(folder: Path, passphrase: bytes, introduced: bytes, *, now: datetime) -> bytes:
    """Let a root from elsewhere (`introduction`) stand above from now on; returns it (DER). Raises `RotationRefused`."""
    _finish(folder, passphrase)
    current = key_files.read_file(folder, "root.crt")
    root, link, listed = _read(introduced)
    if root == current:
        return root
    if (folder / key_files.key_file(NAME)).exists():
        raise RotationRefused("Kunci akar ada di sini. Pakai `pakta keys rotate root`.")
    _require_introduced(root, link, listed, current, now)
    _replace(folder, passphrase, current, (root, link, listed))
    return root


def _follow(folder: Path, passphrase: bytes, institution: str, now: datetime, places: Places) -> None:
    current = key_files.read_file(folder, "root.crt")
    before = issuer_of(current, keyring.signing_key(folder, NAME, passphrase, places))
    generation = max(map(generation_of, (current, *past.past_certificates(folder, NAME)))) + 1
    key, private = rotation.new_key(NAME, places)
    root = hierarchy.root_certificate(institution, generation, key, now)
    listed = fresh_crl(issuer_of(root, key), now - hierarchy.START_EARLY, hierarchy.ROOT_CRL_LIFE)
    if private is not None:
        past.keep_past(folder, NAME, current)
        past.keep_past_key(folder, NAME, current)
        key_files.put(folder, "root.next.key", key_files.encrypted(private, passphrase))
    _replace(folder, passphrase, current, (root, hierarchy.link_certificate(root, before, now), listed))


def _replace(folder: Path, passphrase: bytes, current: bytes, made: tuple[bytes, bytes, bytes]) -> None:
    """Keep what was; then the certificate takes its place in one step, when all that belongs to it is durable."""
    root, link, listed = made
    past.keep_past(folder, NAME, current)
    kept = folder / past.PAST
    if (folder / "root.crl").exists():
        key_files.put(kept, past.past_file(NAME, current, "crl"), key_files.read_file(folder, "root.crl"))
    key_files.put(kept, past.past_file(NAME, root, LINK), link)
    key_files.put(folder, NEXT_CRL, listed)
    key_files.put(folder, "root.crt", root)
    _finish(folder, passphrase)


def _finish(folder: Path, passphrase: bytes) -> None:
    """Let key and CRL of the root in use take their names: the last steps, also of a run that was killed before them."""
    rotation.finish(folder, NAME, passphrase)
    waiting = folder / NEXT_CRL
    if waiting.exists() and keyring.root_list(folder) == waiting.read_bytes():
        waiting.replace(folder / "root.crl")
        key_files.sync_folder(folder)


def _stands_under(folder: Path, name: str, above: str) -> bool:
    one, issuer = (parse(key_files.read_file(folder, f"{which}.crt")) for which in (name, above))
    return one.issuer == issuer.subject


def _read(introduced: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        root, link = x509.load_pem_x509_certificates(introduced)
        listed = x509.load_pem_x509_crl(introduced)
    except ValueError as error:
        raise RotationRefused(_FOREIGN) from error
    return root.public_bytes(Encoding.DER), link.public_bytes(Encoding.DER), listed.public_bytes(Encoding.DER)


def _require_introduced(root: bytes, link: bytes, listed: bytes, current: bytes, now: datetime) -> None:
    """That a root is its own issuer's, the one in use certified its name and key, its CRL is its own, and it is in force."""
    made, by, before = (x509.load_der_x509_certificate(one) for one in (root, link, current))
    try:
        made.verify_directly_issued_by(made)
        by.verify_directly_issued_by(before)
        limits = made.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise RotationRefused(_FOREIGN) from error
    own_list = x509.load_der_x509_crl(listed)
    same = by.subject == made.subject and by.public_key() == made.public_key() and made.subject != before.subject
    able = limits.ca and usage.key_cert_sign and usage.crl_sign
    if not (same and able and own_list.issuer == made.subject and own_list.is_signature_valid(_key(made))):
        raise RotationRefused(_FOREIGN)
    if not made.not_valid_before_utc <= now < made.not_valid_after_utc - hierarchy.START_EARLY:
        raise RotationRefused("Akar baru ini tidak sedang berlaku. Periksa jam di kedua tempat.")


def _key(made: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = made.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise RotationRefused(_FOREIGN)
    return key
