"""The files of a key folder: read with what to do when one is missing, written so that they last; private keys encrypted."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from app.pki.errors import KeysMissing, KeysUnreadable, PassphraseWrong
from app.pki.signing_key import LocalKey


def key_file(name: str) -> str:
    """The name of the file a key lies in."""
    return f"{name}.key"


def ec_key(folder: Path, name: str, passphrase: bytes) -> LocalKey:
    """One EC key of the folder."""
    key = private_key(folder, name, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeysUnreadable(f"{name}.key bukan kunci EC. Pulihkan folder kunci dari cadangan.")
    return LocalKey(key)


def read_file(folder: Path, name: str) -> bytes:
    """A file of the folder, or `KeysMissing` with what to do."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        what = "Jalankan `pakta keys init`." if not folder.exists() else "Pulihkan dari cadangan."
        raise KeysMissing(f"{name} tidak ada di {folder}. {what}") from error
    except OSError as error:
        raise KeysUnreadable(f"{name} di {folder} tidak dapat dibaca: periksa pemilik dan izin berkasnya.") from error


def private_key(folder: Path, name: str, passphrase: bytes) -> PrivateKeyTypes:
    """One private key of the folder; raises `KeysMissing`, `KeysUnreadable`, `PassphraseWrong`."""
    encrypted = read_file(folder, f"{name}.key")
    if b"ENCRYPTED PRIVATE KEY" not in encrypted:
        raise KeysUnreadable(f"{name}.key tidak terenkripsi atau rusak. Pulihkan folder kunci dari cadangan.")
    try:
        return load_pem_private_key(encrypted, passphrase)
    except (ValueError, TypeError) as error:
        raise PassphraseWrong(f"Frasa sandi tidak membuka {name}.key. Periksa PAKTA_MASTER_KEY.") from error


def encrypted(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey, passphrase: bytes) -> bytes:
    """A key as it is kept: PKCS #8 (RFC 5958) under the passphrase, PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def write_new(path: Path, content: bytes) -> None:
    """A new file only its owner may read, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def put(folder: Path, name: str, content: bytes) -> None:
    """Put a file in the place of another, in one step."""
    draft = folder / f".{name}.{secrets.token_hex(6)}"
    write_new(draft, content)
    draft.replace(folder / name)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
