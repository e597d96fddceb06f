"""Passkeys of every algorithm the service offers, and authenticators that lie about one thing each: registration and sign-in."""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from app.device.authenticator import b64
from app.device.signer import Device
from app.signing.act import unb64
from tests.identity.test_activation_api import activate, stranger
from tests.service import ORIGIN
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound

REFUSED = (403, "passkey.refused")
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Ed25519:
    """EdDSA, COSE -8 (RFC 9053 §2.2), which browsers offer first."""

    key: ed25519.Ed25519PrivateKey = field(default_factory=ed25519.Ed25519PrivateKey.generate)

    def cose(self) -> dict[int, Any]:
        return {1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


@dataclass
class Es256:
    """ECDSA on P-256, COSE -7."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def cose(self) -> dict[int, Any]:
        point = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass
class Es384(Es256):
    """ECDSA on P-384, COSE -35: not offered."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))

    def cose(self) -> dict[int, Any]:
        point = self.key.public_key().public_numbers()
        return {1: 2, 3: -35, -1: 2, -2: point.x.to_bytes(48, "big"), -3: point.y.to_bytes(48, "big")}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, ec.ECDSA(hashes.SHA384()))


@dataclass
class Rs256:
    """RSASSA-PKCS1-v1_5, COSE -257 (RFC 8812): Windows Hello on old machines."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def cose(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Authenticator:
    """A passkey whose every claim can be bent."""

    algorithm: Any = field(default_factory=Es256)
    origin: str = ORIGIN
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    counter: int = 0
    kinds: tuple[str, str] = ("webauthn.create", "webauthn.get")
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(self.algorithm.cose())
        data = self._data(self.flags | ATTESTED) + attested
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        client = self._client(self.kinds[0], options["challenge"])
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(cbor2.dumps(made))})

    def get(self, challenge: bytes) -> dict[str, Any]:
        data, client = self._data(self.flags), self._client(self.kinds[1], b64(challenge))
        signature = self.algorithm.sign(data + hashlib.sha256(client).digest())
        return self._answer(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes((flags,)) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}


async def onboarding(a_round: OpenedRound) -> tuple[Device, dict[str, Any]]:
    """Somebody in the middle of an activation, and the creation options they were given."""
    device = stranger(a_round)
    await activate(device, await a_round.link(a_round.next_nip()))
    return device, await device._call("POST", "/me/passkey-options", {})


async def registered(a_round: OpenedRound, **claims: Any) -> Authenticator:
    made = Authenticator(**claims)
    device, options = await onboarding(a_round)
    await device._call("POST", "/me/passkeys", made.create(options))
    assert len(await device.pending()) == 2
    return made


async def challenge(a_round: OpenedRound) -> bytes:
    return unb64((await stranger(a_round)._call("POST", "/login/passkey-options", {}))["challenge"])


async def enter(a_round: OpenedRound, proof: dict[str, Any]) -> Device:
    device = stranger(a_round)
    await device._call("POST", "/login/passkey", proof)
    return device


@pytest.mark.parametrize("algorithm", [Ed25519, Es256, Rs256])
@pytest.mark.parametrize("flags", [PRESENT | VERIFIED, PRESENT | VERIFIED | ELIGIBLE | BACKED_UP])
async def test_passkeys_of_every_offered_algorithm_synced_or_not_sign_in(
    a_round: OpenedRound, algorithm: Callable[[], Any], flags: int
) -> None:
    made = await registered(a_round, algorithm=algorithm(), flags=flags)
    assert len(await (await enter(a_round, made.get(await challenge(a_round)))).pending()) == 2


BENT: dict[str, dict[str, Any]] = {
    "another relying party": {"rp_id": "malangkota.example"},
    "another origin": {"origin": "https://pakta.evil.example"},
    "another port": {"origin": "http://localhost:8001"},
    "TLS stripped or added": {"origin": "https://localhost:8000"},
    "nobody verified": {"flags": PRESENT},
    "nobody present": {"flags": VERIFIED},
    "the other ceremony": {"kinds": ("webauthn.get", "webauthn.create")},
}


@pytest.mark.parametrize("claims", BENT.values(), ids=BENT)
async def test_an_authenticator_that_lies_registers_nothing_and_signs_nobody_in(
    a_round: OpenedRound, claims: dict[str, Any]
) -> None:
    device, options = await onboarding(a_round)
    assert await refusal(device._call("POST", "/me/passkeys", Authenticator(**claims).create(options))) == REFUSED
    honest = Authenticator()
    await device._call("POST", "/me/passkeys", honest.create(options))
    bent = Authenticator(algorithm=honest.algorithm, id=honest.id, **claims)
    assert await refusal(enter(a_round, bent.get(await challenge(a_round)))) == REFUSED
    await enter(a_round, honest.get(await challenge(a_round)))


async def test_an_algorithm_that_was_not_offered_is_refused(a_round: OpenedRound) -> None:
    device, options = await onboarding(a_round)
    assert -35 not in {one["alg"] for one in options["pubKeyCredParams"]}
    refused = refusal(device._call("POST", "/me/passkeys", Authenticator(Es384()).create(options)))
    assert await refused == REFUSED


async def test_a_cloned_authenticator_is_found_out_by_its_counter(a_round: OpenedRound) -> None:
    made = await registered(a_round, counter=7)
    made.counter = 8
    await enter(a_round, made.get(await challenge(a_round)))
    for told in (8, 7, 1, 0):  # the clone stayed behind
        made.counter = told
        assert await refusal(enter(a_round, made.get(await challenge(a_round)))) == REFUSED
    made.counter = 9
    await enter(a_round, made.get(await challenge(a_round)))


async def test_answers_work_once_and_for_five_minutes(a_round: OpenedRound) -> None:
    made = await registered(a_round)
    given = await challenge(a_round)
    a_round.service.clock.advance(timedelta(minutes=5, seconds=1))
    assert await refusal(enter(a_round, made.get(given))) == (403, "login.refused")
    given = await challenge(a_round)
    await enter(a_round, made.get(given))
    assert await refusal(enter(a_round, made.get(given))) == (403, "login.refused")


async def test_a_registration_is_taken_once_and_over_the_newest_challenge_only(a_round: OpenedRound) -> None:
    device, first = await onboarding(a_round)
    second = await device._call("POST", "/me/passkey-options", {})
    made = Authenticator()
    assert await refusal(device._call("POST", "/me/passkeys", made.create(first))) == REFUSED
    await device._call("POST", "/me/passkeys", made.create(second))
    assert await refusal(device._call("POST", "/me/passkeys", made.create(second))) == REFUSED


async def test_a_passkey_that_is_somebody_elses_already_is_refused(a_round: OpenedRound) -> None:
    first = await registered(a_round)
    device, options = await onboarding(a_round)
    assert await refusal(device._call("POST", "/me/passkeys", Authenticator(id=first.id).create(options))) == REFUSED
    await enter(a_round, first.get(await challenge(a_round)))


async def test_a_signature_by_another_key_or_over_other_data_is_refused(a_round: OpenedRound) -> None:
    made = await registered(a_round)
    other = Authenticator(id=made.id)
    assert await refusal(enter(a_round, other.get(await challenge(a_round)))) == REFUSED
    proof = made.get(await challenge(a_round))
    proof["response"]["authenticatorData"] = b64(made._data(PRESENT | VERIFIED | BACKED_UP | ELIGIBLE))
    assert await refusal(enter(a_round, proof)) == REFUSED
