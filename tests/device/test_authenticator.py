"""The software passkey speaks WebAuthn as an independent verifier reads it."""

import json
import secrets

import pytest
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import InvalidAuthenticationResponse, InvalidRegistrationResponse

from app.device.authenticator import SoftAuthenticator, b64

ORIGIN, RP_ID = "https://ikrar.malangkota.example", "ikrar.malangkota.example"


@pytest.fixture
def passkey() -> SoftAuthenticator:
    return SoftAuthenticator(ORIGIN, RP_ID)


def register(passkey: SoftAuthenticator, challenge: bytes, *, origin: str = ORIGIN, rp_id: str = RP_ID):
    return verify_registration_response(
        credential=passkey.create({"challenge": b64(challenge)}),
        expected_challenge=challenge,
        expected_origin=origin,
        expected_rp_id=rp_id,
        require_user_verification=True,
    )


def authenticate(passkey: SoftAuthenticator, credential: dict, challenge: bytes, *, key: bytes | None = None):
    return verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_origin=ORIGIN,
        expected_rp_id=RP_ID,
        credential_public_key=key or register(passkey, b"x" * 32).credential_public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )


def test_its_registration_verifies(passkey: SoftAuthenticator) -> None:
    found = register(passkey, secrets.token_bytes(32))
    assert found.credential_id == passkey.credential_id
    assert found.user_verified
    assert found.fmt == "none"


@pytest.mark.parametrize("wrong", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}])
def test_its_registration_is_for_one_site(passkey: SoftAuthenticator, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidRegistrationResponse):
        register(passkey, secrets.token_bytes(32), **wrong)


def test_its_assertion_verifies(passkey: SoftAuthenticator) -> None:
    challenge = secrets.token_bytes(32)
    found = authenticate(passkey, passkey.get(challenge), challenge)
    assert found.credential_id == passkey.credential_id
    assert found.user_verified


def test_its_assertion_is_for_one_challenge_and_one_key(passkey: SoftAuthenticator) -> None:
    challenge = secrets.token_bytes(32)
    assertion = passkey.get(challenge)
    with pytest.raises(InvalidAuthenticationResponse):
        authenticate(passkey, assertion, secrets.token_bytes(32))
    other = register(SoftAuthenticator(ORIGIN, RP_ID), b"x" * 32).credential_public_key
    with pytest.raises(InvalidAuthenticationResponse):
        authenticate(passkey, assertion, challenge, key=other)


def test_a_changed_assertion_is_refused(passkey: SoftAuthenticator) -> None:
    challenge = secrets.token_bytes(32)
    assertion = passkey.get(challenge)
    data = bytearray(base64url_to_bytes(assertion["response"]["authenticatorData"]))
    data[32] &= 0xFB  # the flag "user verified"
    assertion["response"]["authenticatorData"] = b64(bytes(data))
    with pytest.raises(InvalidAuthenticationResponse):
        authenticate(passkey, json.loads(json.dumps(assertion)), challenge)
