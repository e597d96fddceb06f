"""The key folder: made once and whole, opened with a passphrase.

`root issuing tsa e-seal` each have `NAME.key` (PKCS#8 encrypted, RFC 5958) and `NAME.crt` (DER); `root` and `issuing` have
`NAME.crl` (DER) beside; `log.key` is the Ed25519 key of the log. Folder 0700, files 0600. `root.key` may be taken away.
A key that lies in a token (PKCS #11) has its certificate here and no `NAME.key`.
PKCS#8's key stretching is mild: the passphrase must be a random one of 128 bits or more, as the service makes by itself.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
from app.pki.authority import Authority, issuer_of, issuing_of
from app.pki.crl import fresh_crl
from app.pki.errors import DerMalformed, KeysExist, KeysMissing, KeysUnreadable, ObjectMissing, PassphraseWrong
from app.pki.hierarchy import CURVES, ROOT_CRL_LIFE
from app.pki.issuing_ca import ISSUING_CRL_LIFE, IssuingCa
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import TokenPlace
from app.pki.signing_key import LocalKey, SigningKey
from app.pki.timestamp import DEFAULT_POLICY, TimestampAuthority
from app.pki.token_key import TokenKey, obtain

CERTIFIED = ("root", "issuing", "tsa", "e-seal")
LISTED = ("root", "issuing")
PAST = "past"


@dataclass(frozen=True)
class KeyRing:
    """What a running service needs: the authority, and the key that signs the log's checkpoints."""

    authority: Authority
    log_key: Ed25519PrivateKey


Places = Mapping[str, TokenPlace]
"""Which of `CERTIFIED` lie in a token, and where; the others are files."""
NOWHERE: Places = {}


def init_keys(
    folder: Path,
    passphrase: bytes,
    *,
    institution: str,
    now: datetime,
    crl_base: str | None = None,
    places: Places = NOWHERE,
) -> None:
    """Make all keys, certificates and CRLs of an institution in `folder`, those keys in `places` inside their token.

    `crl_base` is the URL CRLs are published under, written into CA, TSA and e-seal certificates. All is written to a new
    folder beside it which then takes its name in one step: killed half-way, nothing is there but keys in a token, which
    the next run takes. `KeysExist` when the folder is filled, also by another run at the same moment; `TokenFault`.
    """
    if not passphrase:
        raise PassphraseWrong("Frasa sandi kosong. Isi PAKTA_MASTER_KEY, lalu ulangi.")
    taken = KeysExist(
        f"{folder} sudah berisi kunci. Kunci lama tidak pernah ditimpa; periksa dengan `pakta keys check`."
    )
    if folder.exists() and any(folder.iterdir()):
        raise taken
    hierarchy.require_institution(institution)
    folder.parent.mkdir(parents=True, exist_ok=True)
    local = {name: ec.generate_private_key(CURVES[name]) for name in CERTIFIED if name not in places}
    signing: dict[str, SigningKey] = {name: LocalKey(key) for name, key in local.items()}
    signing |= {name: obtain(place, CURVES[name]) for name, place in places.items()}
    files = hierarchy.build(institution, now, crl_base, signing)
    for name, key in (local | {"log": Ed25519PrivateKey.generate()}).items():
        files[key_file(name)] = encrypted(key, passphrase)
    _place(folder, files, taken)


def _place(folder: Path, files: Mapping[str, bytes], taken: KeysExist) -> None:
    """Write files to a new folder beside it, which then takes its name in one step."""
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    draft.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            _write(draft / name, content)
        sync_folder(draft)
        try:
            draft.rename(folder)
        except OSError as error:
            raise taken from error
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_keys(folder: Path, passphrase: bytes, *, policy: str = DEFAULT_POLICY, places: Places = NOWHERE) -> KeyRing:
    """Open the keys of a folder. `policy` is the TSA's policy identifier. The root's key is not needed and not opened.

    A key that `places` puts in a token must be there and fit its certificate: `TokenFault`, `KeyMismatch`.
    """
    certificates = {name: read_file(folder, f"{name}.crt") for name in CERTIFIED}
    for name, certificate in certificates.items():
        try:
            parse(certificate)
        except DerMalformed as error:
            raise KeysUnreadable(f"{name}.crt rusak. Pulihkan folder kunci dari cadangan.") from error
    issuing_key, tsa, e_seal = (signing_key(folder, name, passphrase, places) for name in ("issuing", "tsa", "e-seal"))
    in_use = IssuingCa(
        issuer_of(certificates["issuing"], issuing_key),
        read_file(folder, "issuing.crl"),
        partial(put, folder, "issuing.crl"),
    )
    earlier, without_key = _past_cas(folder, passphrase, places)
    issuing = certificates["issuing"], *(ca.certificate for ca in earlier), *without_key
    above_tsa = issuing_of(certificates["tsa"], issuing)
    authority = Authority(
        root=certificates["root"],
        root_crl=read_file(folder, "root.crl"),
        issuing_cas=(in_use, *earlier),
        tsa=TimestampAuthority(tsa, certificates["tsa"], (above_tsa,), policy=policy),
        e_seal_key=e_seal,
        e_seal_certificate=certificates["e-seal"],
        past_issuing=without_key,
        past_tsa=past_certificates(folder, "tsa"),
        past_e_seal=past_certificates(folder, "e-seal"),
    )
    return KeyRing(authority, log_key(folder, passphrase))


def _past_cas(folder: Path, passphrase: bytes, places: Places) -> tuple[list[IssuingCa], tuple[bytes, ...]]:
    """The issuing CAs before the one in use, and the certificates of those whose key is no longer here."""
    found, without_key = [], []
    for certificate in past_certificates(folder, "issuing"):
        kept = partial(put, folder / PAST, past_file("issuing", certificate, "crl"))
        last = folder / PAST / past_file("issuing", certificate, "crl")
        try:
            key = past_key(folder, "issuing", certificate, passphrase, places)
        except (KeysMissing, ObjectMissing):
            without_key.append(certificate)
            continue
        found.append(IssuingCa(issuer_of(certificate, key), last.read_bytes() if last.exists() else b"", kept))
    return found, tuple(without_key)


def renew_crl(folder: Path, passphrase: bytes, now: datetime, *, places: Places = NOWHERE) -> list[str]:
    """Sign the CRLs anew from `now` on and give the names of those renewed: the root's only when its key is here."""
    renewed = []
    for name, life in (("root", ROOT_CRL_LIFE), ("issuing", ISSUING_CRL_LIFE)):
        if name == "root" and name not in places and not (folder / "root.key").exists():
            continue
        issuer = issuer_of(read_file(folder, f"{name}.crt"), signing_key(folder, name, passphrase, places))
        put(folder, f"{name}.crl", fresh_crl(issuer, now, life))
        renewed.append(f"{name}.crl")
    return renewed


def signing_key(folder: Path, name: str, passphrase: bytes, places: Places = NOWHERE) -> SigningKey:
    """One of the authorities' keys, in the token that `places` names or from its file; never one for the other."""
    if place := places.get(name):
        key = TokenKey(place, parse(read_file(folder, f"{name}.crt")).spki)
        key.check()
        return key
    return local_key(folder, name, passphrase)


def key_file(name: str) -> str:
    """The name of the file a key lies in."""
    return f"{name}.key"


def local_key(folder: Path, name: str, passphrase: bytes) -> LocalKey:
    """One EC key of the folder."""
    key = _ec_key(folder, name, passphrase)
    if (folder / f"{name}.next.key").exists() and (folder / f"{name}.crt").exists():
        certified = parse(read_file(folder, f"{name}.crt")).spki
        if key.spki != certified and (following := _ec_key(folder, f"{name}.next", passphrase)).spki == certified:
            return following  # a rotation was killed before the key took its name
    return key


def _ec_key(folder: Path, name: str, passphrase: bytes) -> LocalKey:
    key = _private_key(folder, name, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeysUnreadable(f"{name}.key bukan kunci EC. Pulihkan folder kunci dari cadangan.")
    return LocalKey(key)


def past_file(name: str, certificate: bytes, kind: str) -> str:
    """The name in `PAST` of what belonged to a certificate (DER); `kind` is crt, key or crl."""
    return f"{name}-{parse(certificate).serial:x}.{kind}"


def keep_past(folder: Path, name: str, certificate: bytes) -> None:
    """Keep a certificate that is about to be followed by another, for ever."""
    kept = folder / PAST
    kept.mkdir(mode=0o700, exist_ok=True)
    put(kept, past_file(name, certificate, "crt"), certificate)
    sync_folder(folder)


def keep_past_key(folder: Path, name: str, certificate: bytes) -> None:
    """Keep the key of a certificate that is about to be followed by another; one in a token stays there."""
    with suppress(KeysMissing):
        put(folder / PAST, past_file(name, certificate, "key"), read_file(folder, key_file(name)))


def past_key(folder: Path, name: str, certificate: bytes, passphrase: bytes, places: Places = NOWHERE) -> SigningKey:
    """The key of a certificate that was followed by another, from its file or from the token; `KeysMissing`, `TokenFault`."""
    kept, spki = past_file(name, certificate, "key").removesuffix(".key"), parse(certificate).spki
    if name in places and not (folder / PAST / key_file(kept)).exists():
        in_token = TokenKey(places[name], spki)
        in_token.check()
        return in_token
    key = _ec_key(folder / PAST, kept, passphrase)
    if key.spki != spki:
        raise KeysUnreadable(f"{kept}.key di {PAST} bukan pasangan sertifikatnya. Pulihkan folder kunci dari cadangan.")
    return key


def past_certificates(folder: Path, name: str) -> tuple[bytes, ...]:
    """The certificates (DER) that `name` had before; one that cannot be read is `KeysUnreadable`."""
    current = (folder / f"{name}.crt").read_bytes()
    found = [path.read_bytes() for path in sorted((folder / PAST).glob(f"{name}-*.crt"))]
    try:
        return tuple(one for one in found if parse(one) and one != current)
    except DerMalformed as error:
        raise KeysUnreadable(f"Sertifikat lama di {PAST} rusak. Pulihkan folder kunci dari cadangan.") from error


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


def encrypted(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey, passphrase: bytes) -> bytes:
    """A key as it is kept: PKCS #8 (RFC 5958) under the passphrase, PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _write(path: Path, content: bytes) -> None:
    """A new file only its owner may read, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def put(folder: Path, name: str, content: bytes) -> None:
    """Put a file in the place of another, in one step."""
    draft = folder / f".{name}.{secrets.token_hex(6)}"
    _write(draft, content)
    draft.replace(folder / name)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
