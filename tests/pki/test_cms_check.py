from hashlib import sha256

import pytest

from app.pki import cms, cms_check, der
from app.pki.errors import SignatureRefused

DIGEST = sha256(b"a document").digest()


@pytest.fixture(scope="module")
def encoded(authority, device, subject, now):
    certificate = authority.issue(subject, device.spki, now)
    attributes = cms.signed_attributes(DIGEST, certificate)
    signature = device.sign(attributes)
    return cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=authority.tsa.token(sha256(signature).digest(), now),
    )


def fully_checked(authority, encoded):
    signed = cms_check.read_signed_data(encoded)
    cms_check.check_document_signature(signed, DIGEST)
    cms_check.check_issued(signed.certificate, authority.issuing)
    if signed.others != authority.chain:
        raise SignatureRefused("signature.cms", "another chain")
    imprint = sha256(signed.signature).digest()
    return cms_check.check_token(signed.token, imprint, tsa=authority.tsa.certificate, chain=authority.chain)


def test_an_honest_signature_holds_at_the_time_of_its_token(authority, encoded, now):
    assert fully_checked(authority, encoded) == now


def test_a_flipped_bit_in_any_byte_is_refused(authority, encoded):
    for position in range(len(encoded)):
        flipped = bytearray(encoded)
        flipped[position] ^= 1 << position % 8
        with pytest.raises(SignatureRefused):
            fully_checked(authority, bytes(flipped))


def test_an_unsorted_set_of_certificates_is_refused(authority, encoded):
    signed = cms_check.read_signed_data(encoded)
    pair = sorted((signed.certificate, *signed.others))
    assert b"".join(pair) in encoded
    swapped = encoded.replace(b"".join(pair), b"".join(reversed(pair)), 1)
    with pytest.raises(SignatureRefused) as caught:
        cms_check.read_signed_data(swapped)
    assert caught.value.code == "signature.cms"


def test_another_digest_is_refused(encoded):
    with pytest.raises(SignatureRefused) as caught:
        cms_check.check_document_signature(cms_check.read_signed_data(encoded), bytes(32))
    assert caught.value.code == "signature.digest"


def test_a_signature_in_another_form_of_the_same_numbers_is_refused(authority, device, subject, now):
    """Bytes after the two numbers, which OpenSSL would ignore in some versions."""
    certificate = authority.issue(subject, device.spki, now)
    attributes = cms.signed_attributes(DIGEST, certificate)
    loose = device.sign(attributes) + der.tlv(der.NULL)
    built = cms.signed_data(
        attributes=attributes,
        signature_der=loose,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=None,
    )
    with pytest.raises(SignatureRefused) as caught:
        cms_check.check_document_signature(cms_check.read_signed_data(built), DIGEST)
    assert caught.value.code == "signature.value"


def test_a_token_is_no_document_signature_and_the_reverse(authority, encoded, now):
    token = authority.tsa.token(DIGEST, now)
    with pytest.raises(SignatureRefused):
        cms_check.check_document_signature(cms_check.read_signed_data(token), DIGEST)
    with pytest.raises(SignatureRefused):
        cms_check.check_token(encoded, DIGEST, tsa=authority.tsa.certificate, chain=authority.chain)


def test_a_token_for_another_imprint_is_refused(authority, now):
    token = authority.tsa.token(bytes(32), now)
    with pytest.raises(SignatureRefused) as caught:
        cms_check.check_token(token, DIGEST, tsa=authority.tsa.certificate, chain=authority.chain)
    assert caught.value.code == "signature.timestamp"
