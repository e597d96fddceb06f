"""Key files of officials (PKCS #12, RFC 7292): opened with the owner's own passphrase for one act, and closed again."""

import asyncio
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from app.signing.providers.base import Cms, Given, Sheet, Signer, Stamp, Takes, Traits
from app.signing.providers.cms import ROOM, attributes_for, build
from app.signing.providers.errors import (
    PassphraseWrong,
    ProviderUnavailable,
    SecretMissing,
    SignatureUnfit,
    SignerNotRegistered,
    SignerWithoutCertificate,
)


class Pkcs12Provider:
    """Signs with `<folder>/<NIP>.p12`."""

    def __init__(self, folder: Path | None, roots: tuple[bytes, ...], stamp: Stamp) -> None:
        self._folder = folder
        self._stamp = stamp
        self.traits = Traits("pkcs12", Takes.DIGEST, "uncertified", "device", ("passphrase",), ROOM, most=300)
        self.roots = roots

    async def sign(self, signer: Signer, sheets: tuple[Sheet, ...], given: Given, *, at: datetime) -> tuple[Cms, ...]:
        """Open the key and sign; raises `SignerNotRegistered`, `PassphraseWrong`, `SignerWithoutCertificate`."""
        if given.passphrase is None:
            raise SecretMissing(needed="passphrase")
        passphrase = given.passphrase.get_secret_value().encode()
        return await asyncio.to_thread(self._sign, signer.nip, sheets, passphrase, at)

    async def look_again(self, signer: Signer, reference: str) -> None:
        """Nothing leaves this machine, so no outcome stays unknown."""

    def _sign(self, nip: str, sheets: tuple[Sheet, ...], passphrase: bytes, at: datetime) -> tuple[Cms, ...]:
        opened = _open(self._read(nip), passphrase)
        key, owner = opened.key, opened.cert
        if owner is None or not owner.certificate.not_valid_before_utc <= at <= owner.certificate.not_valid_after_utc:
            raise SignerWithoutCertificate
        certificate = owner.certificate.public_bytes(Encoding.DER)
        chain = [one.certificate.public_bytes(Encoding.DER) for one in opened.additional_certs]
        made = []
        for sheet in sheets:
            attributes = attributes_for(sheet.digest, certificate)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                signature = key.sign(attributes, ec.ECDSA(hashes.SHA256()))
            elif isinstance(key, rsa.RSAPrivateKey):
                signature = key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
            else:
                raise SignatureUnfit(reason="key")
            made.append(build(sheet.digest, signature, certificate, chain, stamp=self._stamp, at=at))
        return tuple(made)

    def _read(self, nip: str) -> bytes:
        if self._folder is None:
            raise ProviderUnavailable(reason="settings")
        if not nip.isalnum():  # a NIP is digits; nothing else may become part of a path
            raise SignerNotRegistered
        try:
            return (self._folder / f"{nip}.p12").read_bytes()
        except FileNotFoundError:
            raise SignerNotRegistered from None
        except OSError:
            raise ProviderUnavailable(reason="file") from None


def _open(data: bytes, passphrase: bytes) -> PKCS12KeyAndCertificates:
    """The library tells a wrong passphrase from a broken file no more than by one ValueError."""
    try:
        return load_pkcs12(data, passphrase)
    except ValueError:
        raise PassphraseWrong from None
