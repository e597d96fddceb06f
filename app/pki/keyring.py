"""The key folder: made once and whole, opened with a passphrase.

`root issuing tsa e-seal` each have `NAME.key` (PKCS#8 encrypted, RFC 5958) and `NAME.crt` (DER); `root` and `issuing` have
`NAME.crl` (DER) beside; `log.key` is the Ed25519 key of the log. Folder 0700, files 0600. `root.key` may be taken away.
PKCS#8's key stretching is mild: the passphrase must be a random one of 128 bits or more, as the service makes by itself.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
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

from app.pki import hierarchy
from app.pki.authority import ISSUING_CRL_LIFE, Authority, fresh_crl, issuer_of
from app.pki.errors import DerMalformed, KeysExist, KeysMissing, KeysUnreadable, PassphraseWrong
from app.pki.hierarchy import ROOT_CRL_LIFE
from app.pki.parsed_certificate import parse
from app.pki.signing_key import LocalKey
from app.pki.timestamp import DEFAULT_POLICY, TimestampAuthority

CERTIFIED = ("root", "issuing", "tsa", "e-seal")
LISTED = ("root", "issuing")


@dataclass(frozen=True)
class KeyRing:
    """What a running service needs: the authority, and the key that signs the log's checkpoints."""

    authority: Authority
    log_key: Ed25519PrivateKey


def init_keys(folder: Path, passphrase: bytes, *, institution: str, now: datetime, crl_base: str | None = None) -> None:
    """Make all keys, certificates and CRLs of an institution in `folder`.

    `crl_base` is the URL CRLs are published under, written into CA, TSA and e-seal certificates. All is written to a new
    folder beside it which then takes its name in one step: killed half-way, nothing is there. `KeysExist` when the folder
    is filled, also by another run at the same moment.
    """
    if not passphrase:
        raise PassphraseWrong("Frasa sandi kosong. Isi PAKTA_MASTER_KEY, lalu ulangi.")
    taken = KeysExist(f"{folder} sudah berisi kunci. Kunci lama tidak pernah ditimpa; gunakan `pakta keys rotate`.")
    if folder.exists() and any(folder.iterdir()):
        raise taken
    folder.parent.mkdir(parents=True, exist_ok=True)
    files = hierarchy.build(institution, now, crl_base)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    draft.mkdir(mode=0o700)
    try:
        for name, key in files.keys.items():
            _write(draft / f"{name}.key", _encrypted(key, passphrase))
        for name, content in files.public.items():
            _write(draft / name, content)
        _sync_folder(draft)
        try:
            draft.rename(folder)
        except OSError as error:
            raise taken from error
        _sync_folder(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_keys(folder: Path, passphrase: bytes, *, policy: str = DEFAULT_POLICY) -> KeyRing:
    """Open the keys of a folder. `policy` is the TSA's policy identifier. `root.key` is not needed and not opened."""
    certificates = {name: read_file(folder, f"{name}.crt") for name in CERTIFIED}
    for name, certificate in certificates.items():
        try:
            parse(certificate)
        except DerMalformed as error:
            raise KeysUnreadable(f"{name}.crt rusak. Pulihkan folder kunci dari cadangan.") from error
    issuing, tsa, e_seal = (signing_key(folder, name, passphrase) for name in ("issuing", "tsa", "e-seal"))
    authority = Authority(
        root=certificates["root"],
        issuer=issuer_of(certificates["issuing"], issuing),
        tsa=TimestampAuthority(tsa, certificates["tsa"], (certificates["issuing"],), policy=policy),
        e_seal_key=e_seal,
        e_seal_certificate=certificates["e-seal"],
        root_crl=read_file(folder, "root.crl"),
        issuing_crl=read_file(folder, "issuing.crl"),
    )
    return KeyRing(authority, log_key(folder, passphrase))


def renew_crl(folder: Path, passphrase: bytes, now: datetime) -> list[str]:
    """Sign the CRLs anew from `now` on and give the names of those renewed: the root's only when its key is here."""
    renewed = []
    for name, life in (("root", ROOT_CRL_LIFE), ("issuing", ISSUING_CRL_LIFE)):
        if name == "root" and not (folder / "root.key").exists():
            continue
        issuer = issuer_of(read_file(folder, f"{name}.crt"), signing_key(folder, name, passphrase))
        draft = folder / f".{name}.crl.{secrets.token_hex(6)}"
        _write(draft, fresh_crl(issuer, now, life))
        draft.replace(folder / f"{name}.crl")
        renewed.append(f"{name}.crl")
    _sync_folder(folder)
    return renewed


def signing_key(folder: Path, name: str, passphrase: bytes) -> LocalKey:
    """One EC key of the folder."""
    key = _private_key(folder, name, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeysUnreadable(f"{name}.key bukan kunci EC. Pulihkan folder kunci dari cadangan.")
    return LocalKey(key)


def log_key(folder: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """The log's key."""
    key = _private_key(folder, "log", passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysUnreadable("log.key bukan kunci Ed25519. Pulihkan folder kunci dari cadangan.")
    return key


def read_file(folder: Path, name: str) -> bytes:
    """A file of the folder, or `KeysMissing` with what to do."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        what = "Jalankan `pakta keys init`." if not folder.exists() else "Pulihkan dari cadangan."
        raise KeysMissing(f"{name} tidak ada di {folder}. {what}") from error
    except OSError as error:
        raise KeysUnreadable(f"{name} di {folder} tidak dapat dibaca: periksa pemilik dan izin berkasnya.") from error


def _private_key(folder: Path, name: str, passphrase: bytes) -> PrivateKeyTypes:
    encrypted = read_file(folder, f"{name}.key")
    if b"ENCRYPTED PRIVATE KEY" not in encrypted:
        raise KeysUnreadable(f"{name}.key tidak terenkripsi atau rusak. Pulihkan folder kunci dari cadangan.")
    try:
        return load_pem_private_key(encrypted, passphrase)
    except (ValueError, TypeError) as error:
        raise PassphraseWrong(f"Frasa sandi tidak membuka {name}.key. Periksa PAKTA_MASTER_KEY.") from error


def _encrypted(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey, passphrase: bytes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _write(path: Path, content: bytes) -> None:
    """A new file only its owner may read, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
