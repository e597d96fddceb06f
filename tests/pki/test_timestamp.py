import subprocess
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp

from app.pki.timestamp import TimestampAuthority


def info_of(token):
    assert tsp
    return asn1_cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed


def test_a_token_is_der_that_asn1crypto_would_write_again(authority, now):
    imprint = bytes(range(32))
    token = authority.tsa.token(imprint, now)
    assert asn1_cms.ContentInfo.load(token, strict=True).dump(force=True) == token
    assert info_of(token)["message_imprint"]["hashed_message"].native == imprint


def test_a_token_says_the_second_in_utc_its_accuracy_and_policy(authority):
    at = datetime(2026, 3, 2, 10, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=7)))
    key = authority.issuer.key
    other = TimestampAuthority(key, authority.tsa.certificate, authority.chain, policy="1.2.3.4")
    info = info_of(other.token(bytes(32), at))
    assert info["gen_time"].native == datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
    assert info["accuracy"].native["seconds"] == 1
    assert info["policy"].native == "1.2.3.4"
    assert info["nonce"].native is None


def test_serial_numbers_differ(authority, now):
    assert len({info_of(authority.tsa.token(bytes(32), now))["serial_number"].native for _ in range(50)}) == 50


def test_a_digest_of_another_size_and_a_time_without_zone_are_refused(authority, now):
    with pytest.raises(ValueError):
        authority.tsa.token(bytes(20), now)
    with pytest.raises(ValueError):
        authority.tsa.token(bytes(32), now.replace(tzinfo=None))


def test_openssl_accepts_the_token_for_its_data_only(authority, now, tmp_path):
    token = authority.tsa.token(sha256(b"data").digest(), now)
    for name, content in (("token", token), ("data", b"data"), ("other", b"other"), ("root.der", authority.root)):
        (tmp_path / name).write_bytes(content)
    subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem"], cwd=tmp_path, check=True
    )

    def verifies(file):
        command = ["openssl", "ts", "-verify", "-data", file, "-token_in", "-in", "token", "-CAfile", "root.pem"]
        command += ["-attime", str(int(now.timestamp()))]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return "Verification: OK" in result.stdout

    assert verifies("data")
    assert not verifies("other")
