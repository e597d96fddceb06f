"""What is kept of keys that were followed by others: certificates for ever, and the keys of issuing CAs."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from app.pki.authority import issuer_of
from app.pki.errors import DerMalformed, KeysMissing, KeysUnreadable, ObjectMissing
from app.pki.issuing_ca import IssuingCa
from app.pki.key_files import ec_key, key_file, put, read_file, sync_folder
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE, Places
from app.pki.signing_key import SigningKey
from app.pki.token_key import TokenKey

PAST = "past"


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
    key = ec_key(folder / PAST, kept, passphrase)
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


def past_roots(folder: Path) -> tuple[tuple[bytes, bytes], ...]:
    """The roots (DER) before the one in use, each with the CRL it left; raises `KeysUnreadable`, `KeysMissing`."""
    roots = past_certificates(folder, "root")
    return tuple((root, read_file(folder / PAST, past_file("root", root, "crl"))) for root in roots)


def past_cas(folder: Path, passphrase: bytes, places: Places) -> tuple[list[IssuingCa], tuple[bytes, ...]]:
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
