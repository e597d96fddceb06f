from hashlib import sha256

import pytest
from asn1crypto import tsp

from app.pki import cms, cms_check, der
from app.pki.errors import SignatureRefused
from app.pki.timestamp import TimestampAuthority

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
    return cms_check.check_token(
        signed.token, imprint, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
    )


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
        cms_check.check_token(
            encoded, DIGEST, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
        )


def test_a_token_for_another_imprint_is_refused(authority, now):
    token = authority.tsa.token(bytes(32), now)
    with pytest.raises(SignatureRefused) as caught:
        cms_check.check_token(
            token, DIGEST, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
        )
    assert caught.value.code == "signature.timestamp"


def stamped(authority, info):
    """A token of the authority around any content at all, rightly signed."""
    tsa = authority.tsa
    attributes = cms.token_attributes(sha256(info).digest(), tsa.certificate)
    return cms.signed_token(
        info=info,
        attributes=attributes,
        signature_der=tsa_key(authority).sign(attributes),
        certificate=tsa.certificate,
        chain=tsa.chain,
    )


def tsa_key(authority):
    return authority.tsa._key


def content_of(token):
    return cms_check.read_signed_data(token).content


def time_by_asn1crypto(info):
    """The time of a TSTInfo that is about DIGEST, as another reader sees it; None when it is not in order."""
    try:
        read = tsp.TSTInfo.load(info, strict=True)
        imprint = read["message_imprint"]
        read.native  # noqa: B018 - reads every part
        about = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        return read["gen_time"].native if about == ("sha256", DIGEST) else None
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def test_a_rightly_signed_token_with_any_changed_byte_says_what_another_reader_sees_or_nothing(authority, now):
    info = content_of(authority.tsa.token(DIGEST, now))
    outcomes = set()
    for position in range(len(info)):
        for bit in (0, 3, 6):
            changed = bytearray(info)
            changed[position] ^= 1 << bit
            token = stamped(authority, bytes(changed))
            try:
                at = cms_check.check_token(
                    token, DIGEST, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
                )
            except SignatureRefused:
                outcomes.add("refused")
                continue
            if (seen := time_by_asn1crypto(bytes(changed))) is not None:
                outcomes.add(at == seen)
    assert outcomes == {"refused", True}


def test_tokens_of_other_forms_are_read_as_the_usual_one(authority, now):
    """Without accuracy, with a nonce, with serial numbers and policies of other lengths: RFC 3161 clause 2.4.2 allows them."""
    imprint = der.sequence(cms.SHA256, der.octet_string(DIGEST))
    time, accuracy = der.generalized_time(now), der.sequence(der.integer(1))
    policies = [der.oid("1.2.3"), der.oid("1.3.6.1.4.1.99999." + ".".join(["268435455"] * 12))]
    for policy in policies:
        for serial in (1, 2**62, 2**64, 2**71, 2**150):
            for rest in (b"", accuracy, accuracy + der.integer(77), der.integer(77)):
                info = der.sequence(der.integer(1), policy, imprint, der.integer(serial), time, rest)
                at = cms_check.check_token(
                    stamped(authority, info),
                    DIGEST,
                    tsa=authority.own_certificates.tsa,
                    issuing=authority.own_certificates.issuing,
                )
                assert at == now == time_by_asn1crypto(info)


def test_a_token_under_a_policy_of_many_arcs_holds(authority, now):
    policy = "1.3.6.1.4.1.99999." + ".".join(["268435455"] * 12)
    tsa = TimestampAuthority(tsa_key(authority), authority.tsa.certificate, authority.tsa.chain, policy=policy)
    assert now == cms_check.check_token(
        tsa.token(DIGEST, now), DIGEST, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
    )
