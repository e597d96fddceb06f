"""A key of an authority that lies in a token: only the raw ECDSA over a digest is done there (PKCS #11 clause 2.3.6, CKM_ECDSA).

Everything around it is written here as for a key in memory. When the token is gone signing fails: no other key takes over.
"""

from collections.abc import Callable
from hashlib import sha256, sha384
from typing import Any, TypeVar

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as p11
from pkcs11.util.ec import encode_named_curve_parameters

from app.pki import der
from app.pki.certificate import key_identifier
from app.pki.errors import DerMalformed, KeyMismatch, MechanismMissing, ObjectMissing, TokenFault
from app.pki.pkcs11_uri import TokenPlace
from app.pki.signing_key import ECDSA_WITH_SHA256, ECDSA_WITH_SHA384
from app.pki.token import Borrowed, Token, is_lost, lost, token_of

R = TypeVar("R")
_CURVES = {"secp256r1": "1.2.840.10045.3.1.7", "secp384r1": "1.3.132.0.34"}


class TokenKey:
    """The private key at `place` that belongs to this public key; it is looked up by label and by CKA_ID.

    Where several keys share the label (a rotated one stays until its certificate ends), the one whose CKA_ID is the key
    identifier of `spki` is meant: that is how `generate` names them.
    """

    def __init__(self, place: TokenPlace, spki: bytes) -> None:
        self.place = place
        self.spki = spki
        public = load_der_public_key(spki)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise KeyMismatch("Sertifikat untuk kunci di token bukan sertifikat EC.")
        self._public = public
        self._width = (public.curve.key_size + 7) // 8
        self._hash = sha384 if self._width > 32 else sha256
        self.algorithm = ECDSA_WITH_SHA384 if self._width > 32 else ECDSA_WITH_SHA256
        self._identifier = key_identifier(spki)
        self._token = token_of(place.module, place.token, place.serial, place.pin)

    def sign(self, data: bytes) -> bytes:
        """A DER ECDSA signature over `data`. Raises `TokenFault` when the token, the PIN or the object is not there."""
        digest = self._hash(data).digest()
        return self._encoded(with_token(self.place, self._token, lambda lent: self._sign_in(lent, digest)))

    def check(self) -> None:
        """That the key is there and belongs to its certificate. Raises `TokenFault`, `KeyMismatch`."""
        with_token(self.place, self._token, lambda lent: self._find(lent.session))

    def _sign_in(self, lent: Borrowed, digest: bytes) -> bytes:
        key = lent.found.get(self)
        if key is None:
            key = lent.found[self] = self._find(lent.session)
        return bytes(key.sign(digest, mechanism=Mechanism.ECDSA))

    def _find(self, session: Any) -> Any:
        found = list(session.get_objects(_named(self.place)))
        found = [key for key in found if _identifier(key) == self._identifier] or found
        if len(found) != 1:
            raise ObjectMissing(
                f"Kunci privat tidak ditemukan di {self.place.shown}. Periksa alamatnya, atau pulihkan isi tokennya."
            )
        self._prove(found[0])
        return found[0]

    def _prove(self, key: Any) -> None:
        """Sign something and verify it, once a session: a key of the same name must not sign under this certificate."""
        probe = self._hash(b"pakta: does this key belong to its certificate?").digest()
        signature = self._encoded(bytes(key.sign(probe, mechanism=Mechanism.ECDSA)))
        hashed = Prehashed(hashes.SHA384() if self._width > 32 else hashes.SHA256())
        try:
            self._public.verify(signature, probe, ec.ECDSA(hashed))
        except InvalidSignature:
            raise KeyMismatch(
                f"Kunci di {self.place.shown} bukan pasangan sertifikatnya. Perbaiki alamatnya, atau pulihkan sertifikatnya."
            ) from None

    def _encoded(self, raw: bytes) -> bytes:
        """`SEQUENCE { r, s }` (RFC 5753 clause 7.2) from the token's `r ‖ s`."""
        half = self._width
        if len(raw) != 2 * half:
            raise MechanismMissing(f"Token memberi tanda tangan yang bukan ECDSA ({self.place.shown}).")
        r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        return der.sequence(der.integer(r), der.integer(s))


def obtain(place: TokenPlace, curve: ec.EllipticCurve) -> TokenKey:
    """The key pair the URI names, made inside the token where it is not there yet. Raises `TokenFault`.

    One that was made before (in a ceremony of the module's maker, or by a run that was killed) is taken as it is.
    """
    token = token_of(place.module, place.token, place.serial, place.pin)
    spki = with_token(place, token, lambda lent: _existing(lent.session, place, curve))
    return TokenKey(place, spki) if spki else generate(place, curve)


def generate(place: TokenPlace, curve: ec.EllipticCurve) -> TokenKey:
    """Make a key pair inside the token: sensitive, never extractable, for signing only. Raises `TokenFault`.

    The label is the URI's; CKA_ID becomes the URI's or, without one, the key identifier (RFC 5280 clause 4.2.1.2).
    """
    token = token_of(place.module, place.token, place.serial, place.pin)
    spki = with_token(place, token, lambda lent: _generate_in(lent.session, place, curve, token), writing=True)
    return TokenKey(place, spki)


def with_token(place: TokenPlace, token: Token, act: Callable[[Borrowed], R], *, writing: bool = False) -> R:
    """Do something in a session; a fault of the token is tried once more in a new one. Raises `TokenFault`."""
    try:
        with token.session(writing=writing) as lent:
            return act(lent)
    except (TokenFault, p11.PKCS11Error) as error:
        if not is_lost(error) or isinstance(error, p11.MechanismInvalid):
            raise lost(place, error) from None
    try:
        token.renew()
        with token.session(writing=writing) as lent:
            return act(lent)
    except (TokenFault, p11.PKCS11Error) as error:
        fault = lost(place, error)
        if is_lost(error) and not isinstance(error, ObjectMissing):
            token.rest(fault)
        raise fault from None


def _named(place: TokenPlace) -> dict[Attribute, Any]:
    named: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.EC}
    if place.label:
        named[Attribute.LABEL] = place.label
    if place.identifier:
        named[Attribute.ID] = place.identifier
    return named


def _identifier(key: Any) -> bytes:
    try:
        return bytes(key[Attribute.ID])
    except p11.PKCS11Error:
        return b""


def _generate_in(session: pkcs11.Session, place: TokenPlace, curve: ec.EllipticCurve, token: Token) -> bytes:
    if not token.mechanism_exists(Mechanism.EC_KEY_PAIR_GEN) or not token.mechanism_exists(Mechanism.ECDSA):
        raise MechanismMissing(f"Token tidak mengenal ECDSA ({place.shown}). Pakai token yang mengenalnya.")
    named = encode_named_curve_parameters(_CURVES[curve.name])
    parameters = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: named}, local=True)
    hidden = {
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.SIGN: True,
        Attribute.DECRYPT: False,
        Attribute.DERIVE: False,
        Attribute.UNWRAP: False,
    }
    public, private = parameters.generate_keypair(
        store=True, label=place.label or "pakta", id=place.identifier, private_template=hidden
    )
    spki = _spki(public, curve)
    if not place.identifier:
        for one in (public, private):
            one[Attribute.ID] = key_identifier(spki)
    return spki


def _existing(session: pkcs11.Session, place: TokenPlace, curve: ec.EllipticCurve) -> bytes:
    """The SubjectPublicKeyInfo of the one key pair of this name; empty when there is none."""
    if not list(session.get_objects(_named(place))):
        return b""
    found = list(session.get_objects(_named(place) | {Attribute.CLASS: ObjectClass.PUBLIC_KEY}))
    try:
        if len(found) == 1:
            return _spki(found[0], curve)
    except (DerMalformed, ValueError, p11.PKCS11Error):
        pass
    raise ObjectMissing(
        f"Sudah ada kunci di {place.shown}, tetapi kunci publiknya tidak terbaca atau lebih dari satu. "
        "Hapus yang tidak dipakai, atau pakai nama objek lain."
    )


def _spki(public: Any, curve: ec.EllipticCurve) -> bytes:
    point = der.read_whole(bytes(public[Attribute.EC_POINT]), der.OCTET_STRING).body
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
