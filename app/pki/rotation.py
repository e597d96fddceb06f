"""A new key and certificate for the time-stamping authority or the e-seal, under the issuing CA; the old certificate is kept.

What was made under the old certificate stays verifiable: it lies in `past/` of the key folder and is handed out with the
authority. The old private key is not kept as a file; one in a token stays there for its operator to remove.

Killed anywhere, the folder opens: the new pair is durable as `NAME.next.*` before the certificate takes its place, and a
key that belongs to the certificate is found under either name.
"""

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from app.pki import hierarchy, key_files, keyring, past
from app.pki.authority import issuer_of
from app.pki.errors import RotationRefused
from app.pki.hierarchy import CURVES
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE, Places
from app.pki.signing_key import LocalKey, SigningKey
from app.pki.token_key import generate

ROTATED = ("tsa", "e-seal")


def rotate(
    folder: Path,
    passphrase: bytes,
    name: str,
    *,
    institution: str,
    now: datetime,
    crl_base: str | None = None,
    places: Places = NOWHERE,
) -> bytes:
    """Give `name`, one of `ROTATED`, a new key and certificate; returns the certificate (DER).

    Its life ends with the issuing CA's at the latest. Raises `RotationRefused` when that CA is over or about to be, and
    what opening the keys raises.
    """
    if name not in ROTATED:
        raise RotationRefused(f"{name} tidak dapat diganti dengan perintah ini. Yang dapat: {', '.join(ROTATED)}.")
    issuing = key_files.read_file(folder, "issuing.crt")
    if parse(issuing).not_after - now < hierarchy.START_EARLY:
        raise RotationRefused("Sertifikat CA penerbit sudah berakhir, jadi tidak dapat menerbitkan yang baru.")
    issuer = issuer_of(issuing, keyring.signing_key(folder, "issuing", passphrase, places))
    keyring.signing_key(folder, name, passphrase, places)  # a folder that does not open is not made worse
    finish(folder, name, passphrase)
    old = key_files.read_file(folder, f"{name}.crt")
    key, private = new_key(name, places)
    certificate = hierarchy.end_certificate(name, institution, key, issuer, now, crl_base)
    past.keep_past(folder, name, old)
    if private is not None:
        key_files.put(folder, f"{name}.next.key", key_files.encrypted(private, passphrase))
    key_files.put(folder, f"{name}.crt", certificate)
    finish(folder, name, passphrase)
    return certificate


def new_key(name: str, places: Places) -> tuple[SigningKey, ec.EllipticCurvePrivateKey | None]:
    """A key that will follow the one of this name, in its token or, with the private key told, for a file."""
    if place := places.get(name):
        if place.identifier:
            raise RotationRefused(
                "Alamat PKCS#11 menyebut id=, jadi kunci kedua tidak dapat dibedakan. Pakai object= saja, atau alamat baru."
            )
        return generate(place, CURVES[name]), None
    private = ec.generate_private_key(CURVES[name])
    return LocalKey(private), private


def finish(folder: Path, name: str, passphrase: bytes) -> None:
    """Let the key that belongs to the certificate take its name: the last step, also of a run that was killed before it."""
    waiting = folder / f"{name}.next.key"
    if not waiting.exists():
        return
    certified = parse(key_files.read_file(folder, f"{name}.crt")).spki
    if keyring.local_key(folder, f"{name}.next", passphrase).spki == certified:
        waiting.replace(folder / key_files.key_file(name))
        key_files.sync_folder(folder)
