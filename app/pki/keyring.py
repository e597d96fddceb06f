"""The key folder: made once and whole, opened with a passphrase.

`root issuing tsa e-seal` each have `NAME.key` (PKCS#8 encrypted, RFC 5958) and `NAME.crt` (DER); `root` and `issuing` have
`NAME.crl` (DER) beside; `log.key` is the Ed25519 key of the log. Folder 0700, files 0600. `root.key` may be taken away.
A key that lies in a token (PKCS #11) has its certificate here and no `NAME.key`.
PKCS#8's key stretching is mild: the passphrase must be a random one of 128 bits or more, as the service makes by itself.
"""

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

from app.pki import hierarchy
from app.pki.authority import Authority, issuer_of, issuing_of
from app.pki.crl import fresh_crl, issuer_name
from app.pki.errors import DerMalformed, KeysExist, KeysUnreadable, PassphraseWrong
from app.pki.hierarchy import CURVES, ROOT_CRL_LIFE
from app.pki.issuing_ca import ISSUING_CRL_LIFE, IssuingCa
from app.pki.key_files import ec_key, encrypted, key_file, private_key, put, read_file, sync_folder, write_new
from app.pki.parsed_certificate import parse
from app.pki.past import past_cas, past_certificates, past_roots
from app.pki.pkcs11_uri import NOWHERE, Places
from app.pki.signing_key import LocalKey, SigningKey
from app.pki.timestamp import DEFAULT_POLICY, OtherStamps, TimestampAuthority
from app.pki.token_key import TokenKey, obtain

CERTIFIED = ("root", "issuing", "tsa", "e-seal")
LISTED = ("root", "issuing")
NEXT_CRL = "root.next.crl"


@dataclass(frozen=True)
class KeyRing:
    """What a running service needs: the authority, and the key that signs the log's checkpoints."""

    authority: Authority
    log_key: Ed25519PrivateKey


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
            write_new(draft / name, content)
        sync_folder(draft)
        try:
            draft.rename(folder)
        except OSError as error:
            raise taken from error
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_keys(
    folder: Path,
    passphrase: bytes,
    *,
    policy: str = DEFAULT_POLICY,
    places: Places = NOWHERE,
    others: OtherStamps | None = None,
) -> KeyRing:
    """Open the keys of a folder. `policy` is the TSA's policy identifier, `others` the time-stamping authorities beside it. The root's key is not needed and not opened.

    A key that `places` puts in a token must be there and fit its certificate: `TokenFault`, `KeyMismatch`.
    """
    certificates = _certificates(folder)
    issuing_key, tsa, e_seal = (signing_key(folder, name, passphrase, places) for name in ("issuing", "tsa", "e-seal"))
    in_use = IssuingCa(
        issuer_of(certificates["issuing"], issuing_key),
        read_file(folder, "issuing.crl"),
        partial(put, folder, "issuing.crl"),
    )
    earlier, without_key = past_cas(folder, passphrase, places)
    issuing = certificates["issuing"], *(ca.certificate for ca in earlier), *without_key
    above_tsa = issuing_of(certificates["tsa"], issuing)
    authority = Authority(
        root=certificates["root"],
        root_crl=root_list(folder),
        past_roots=past_roots(folder),
        issuing_cas=(in_use, *earlier),
        tsa=TimestampAuthority(tsa, certificates["tsa"], (above_tsa,), policy=policy),
        e_seal_key=e_seal,
        e_seal_certificate=certificates["e-seal"],
        past_issuing=without_key,
        past_tsa=past_certificates(folder, "tsa"),
        past_e_seal=past_certificates(folder, "e-seal"),
        others=others,
    )
    return KeyRing(authority, log_key(folder, passphrase))


def _certificates(folder: Path) -> dict[str, bytes]:
    found = {name: read_file(folder, f"{name}.crt") for name in CERTIFIED}
    for name, certificate in found.items():
        try:
            parse(certificate)
        except DerMalformed as error:
            raise KeysUnreadable(f"{name}.crt rusak. Pulihkan folder kunci dari cadangan.") from error
    return found


def root_list(folder: Path) -> bytes:
    """The CRL (DER) of the root in use; where a rotation was killed before that took its name, the one that waits."""
    name = parse(read_file(folder, "root.crt")).subject
    with suppress(FileNotFoundError, DerMalformed):
        kept = (folder / "root.crl").read_bytes()
        if issuer_name(kept) == name:
            return kept
    with suppress(FileNotFoundError, DerMalformed):
        waiting = (folder / NEXT_CRL).read_bytes()
        if issuer_name(waiting) == name:
            return waiting
    return read_file(folder, "root.crl")


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


def local_key(folder: Path, name: str, passphrase: bytes) -> LocalKey:
    """One EC key of the folder."""
    key = ec_key(folder, name, passphrase)
    if (folder / f"{name}.next.key").exists() and (folder / f"{name}.crt").exists():
        certified = parse(read_file(folder, f"{name}.crt")).spki
        if key.spki != certified and (following := ec_key(folder, f"{name}.next", passphrase)).spki == certified:
            return following  # a rotation was killed before the key took its name
    return key


def log_key(folder: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """The log's key."""
    key = private_key(folder, "log", passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysUnreadable("log.key bukan kunci Ed25519. Pulihkan folder kunci dari cadangan.")
    return key
