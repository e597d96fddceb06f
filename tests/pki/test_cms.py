import secrets
import subprocess
from hashlib import sha256

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st

from app.pki import cms

DIGESTS = st.binary(min_size=32, max_size=32)


def signed(authority, device, subject, now, content, *, timestamped=True):
    certificate = authority.issue(subject, device.spki, now)
    attributes = cms.signed_attributes(sha256(content).digest(), certificate)
    signature = device.sign(attributes)
    token = authority.tsa.token(sha256(signature).digest(), now) if timestamped else None
    return cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=token,
    )


def openssl_verifies(folder, authority, encoded, content, now):
    for name, data in (("root.der", authority.root), ("cms.der", encoded), ("content", content)):
        (folder / name).write_bytes(data)
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem"], cwd=folder, check=True)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "cms.der"]
    command += ["-content", "content", "-CAfile", "root.pem", "-purpose", "any", "-out", "out"]
    command += ["-attime", str(int(now.timestamp()))]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@given(DIGESTS, st.binary(min_size=1, max_size=600))
def test_the_attributes_are_135_bytes_with_two_digests_in_fixed_places(digest, certificate):
    attributes = cms.signed_attributes(digest, certificate)
    other = cms.signed_attributes(bytes(32), b"")
    assert len(attributes) == cms.ATTRIBUTES_SIZE == 135
    assert attributes[46:78] == digest
    assert attributes[103:135] == sha256(certificate).digest()
    assert attributes[:46] == other[:46]
    assert attributes[78:103] == other[78:103]


@given(DIGESTS)
def test_the_attributes_are_those_that_asn1crypto_writes(digest):
    certificate = b"certificate"
    assert tsp  # the import that teaches asn1crypto signing_certificate_v2
    ess = {"certs": [{"cert_hash": sha256(certificate).digest()}]}
    reference = asn1_cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [digest]},
            {"type": "signing_certificate_v2", "values": [ess]},
        ]
    )
    assert cms.signed_attributes(digest, certificate) == reference.dump()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_digest_of_another_size_is_refused(size):
    with pytest.raises(ValueError):
        cms.signed_attributes(bytes(size), b"certificate")


def openssl_rewrites(encoded):
    """OpenSSL's own encoding of what it read."""
    command = ["openssl", "cms", "-cmsout", "-inform", "DER", "-outform", "DER"]
    return subprocess.run(command, input=encoded, capture_output=True, check=True).stdout


def test_signed_data_is_der_that_asn1crypto_would_write_again(authority, device, subject, now):
    encoded = signed(authority, device, subject, now, b"content", timestamped=False)
    assert asn1_cms.ContentInfo.load(encoded, strict=True).dump(force=True) == encoded


def test_signed_data_is_what_openssl_would_write_again(authority, device, subject, now):
    for encoded in (
        signed(authority, device, subject, now, b"content"),
        signed(authority, device, subject, now, b"content", timestamped=False),
        authority.e_seal_sign(bytes(32), now),
        authority.tsa.token(bytes(32), now),
    ):
        assert openssl_rewrites(encoded) == encoded


def test_openssl_accepts_the_cms_and_refuses_other_content(authority, device, subject, now, tmp_path):
    content = secrets.token_bytes(5000)
    encoded = signed(authority, device, subject, now, content)
    assert openssl_verifies(tmp_path, authority, encoded, content, now)
    assert not openssl_verifies(tmp_path, authority, encoded, content[:-1] + b"\0\0", now)


def test_openssl_accepts_the_seal(authority, now, tmp_path):
    encoded = authority.e_seal_sign(sha256(b"content").digest(), now)
    assert openssl_verifies(tmp_path, authority, encoded, b"content", now)
