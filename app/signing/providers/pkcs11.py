"""Keys of officials in a hardware module (PKCS #11 v2.40): token by URI (RFC 7512), key and certificate labelled with the NIP.

The module is called in a thread, one session at a time: a session is not shared between threads.
"""

import asyncio
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote

import pkcs11
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pydantic import SecretStr

from app.core.errors import CannotStart
from app.pki.errors import ModuleMissing
from app.pki.token import library
from app.signing.providers.base import Cms, Given, Sheet, Signer, Stamp, Takes, Traits
from app.signing.providers.cms import ROOM, attributes_for, build
from app.signing.providers.errors import (
    ProviderLoginRefused,
    ProviderUnavailable,
    SignatureUnfit,
    SignerNotRegistered,
    SignerWithoutCertificate,
)

_ONE_AT_A_TIME = Lock()


class Pkcs11Provider:
    """Signs with the key of the signer's NIP in one token."""

    def __init__(self, token: str, pin: SecretStr, roots: tuple[bytes, ...], stamp: Stamp) -> None:
        self._module, self._token = read_uri(token)
        self._pin = pin
        self._stamp = stamp
        self.traits = Traits("pkcs11", Takes.DIGEST, "uncertified", "device", (), ROOM, most=300)
        self.roots = roots

    async def sign(self, signer: Signer, sheets: tuple[Sheet, ...], given: Given, *, at: datetime) -> tuple[Cms, ...]:  # noqa: ARG002 - the token's PIN is the operator's
        """Sign in the module; raises `SignerNotRegistered`, `SignerWithoutCertificate`, `ProviderLoginRefused`, `ProviderUnavailable`."""
        return await asyncio.to_thread(self._sign, signer.nip, sheets, at)

    async def look_again(self, signer: Signer, reference: str) -> None:
        """Nothing leaves this machine, so no outcome stays unknown."""

    def _sign(self, nip: str, sheets: tuple[Sheet, ...], at: datetime) -> tuple[Cms, ...]:
        with _ONE_AT_A_TIME:
            try:
                token = library(self._module).get_token(token_label=self._token)
                with token.open(user_pin=self._pin.get_secret_value()) as session:
                    return self._sign_in(session, nip, sheets, at)
            except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLocked, pkcs11.exceptions.PinLenRange):
                raise ProviderLoginRefused from None
            except (pkcs11.exceptions.PKCS11Error, ModuleMissing, OSError, RuntimeError):
                raise ProviderUnavailable(reason="token") from None

    def _sign_in(self, session: pkcs11.Session, nip: str, sheets: tuple[Sheet, ...], at: datetime) -> tuple[Cms, ...]:
        try:
            key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=nip)
        except pkcs11.exceptions.NoSuchKey:
            raise SignerNotRegistered from None
        certificate = _certificate(session, nip, at)
        made = []
        for sheet in sheets:
            attributes = attributes_for(sheet.digest, certificate)
            made.append(build(sheet.digest, _raw_sign(key, attributes), certificate, [], stamp=self._stamp, at=at))
        return tuple(made)


def read_uri(uri: str) -> tuple[str, str]:
    """(module path, token label) of a PKCS#11 URI (RFC 7512 clause 2.3); raises `CannotStart` naming what is missing."""
    scheme, _, rest = uri.partition(":")
    path, _, query = rest.partition("?")
    attributes = dict(part.partition("=")[::2] for part in path.split(";") if part)
    module = parse_qs(query).get("module-path", [""])[0]
    if scheme != "pkcs11" or "token" not in attributes or not module:
        raise CannotStart("PAKTA_PKCS11_TOKEN must read pkcs11:token=<label>?module-path=<library>.")
    return module, unquote(attributes["token"])


def _certificate(session: pkcs11.Session, nip: str, at: datetime) -> bytes:
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: nip}))
    for one in found:
        der = bytes(one[Attribute.VALUE])
        try:
            parsed = x509.load_der_x509_certificate(der)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if parsed.not_valid_before_utc <= at <= parsed.not_valid_after_utc:
            return der
    raise SignerWithoutCertificate


def _raw_sign(key: Any, data: bytes) -> bytes:
    """DER ECDSA or PKCS#1 v1.5 over `data`, SHA-256; many modules hash only for RSA, so ECDSA is given the digest."""
    if key.key_type == KeyType.RSA:
        return bytes(key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))
    if key.key_type != KeyType.EC:
        raise SignatureUnfit(reason="key")
    raw = bytes(key.sign(sha256(data).digest(), mechanism=Mechanism.ECDSA))
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
