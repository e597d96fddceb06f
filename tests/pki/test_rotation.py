"""The TSA and the e-seal get new keys and certificates; what was made before stays verifiable, whatever is killed when."""

from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography import x509

from app.pki import cms_check, keyring, past
from app.pki.errors import RotationRefused
from app.pki.hierarchy import LIVES
from app.pki.keycheck import check_keys, superseded
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE
from app.pki.rotation import rotate
from tests.pki.killed import killed_at
from tests.pki.soft_token import make_soft_token

PASSPHRASE = b"a passphrase of the tests"
CITY = "Pemerintah Kota Contoh"


@pytest.fixture
def keys(tmp_path, now):
    keyring.init_keys(tmp_path / "keys", PASSPHRASE, institution=CITY, now=now)
    return tmp_path / "keys"


def opened(folder, places=NOWHERE):
    return keyring.load_keys(folder, PASSPHRASE, places=places).authority


@pytest.mark.parametrize("name", ["tsa", "e-seal"])
def test_a_rotated_certificate_is_new_and_the_old_one_is_kept(keys, now, name):
    before = (keys / f"{name}.crt").read_bytes()
    made = rotate(keys, PASSPHRASE, name, institution=CITY, now=now + timedelta(days=3))
    assert (keys / f"{name}.crt").read_bytes() == made != before
    assert parse(made).spki != parse(before).spki
    assert past.past_certificates(keys, name) == (before,)
    assert check_keys(keys, PASSPHRASE, now + timedelta(days=3)) == []
    issuing = x509.load_der_x509_certificate((keys / "issuing.crt").read_bytes())
    assert parse(made).not_after <= issuing.not_valid_after_utc
    again = rotate(keys, PASSPHRASE, name, institution=CITY, now=now + timedelta(days=9))
    assert set(past.past_certificates(keys, name)) == {before, made}
    assert again not in {before, made}


def test_tokens_of_before_and_after_are_known_by_their_certificates(keys, now):
    old = opened(keys)
    token = old.tsa.token(sha256(b"x").digest(), now)
    rotate(keys, PASSPHRASE, "tsa", institution=CITY, now=now)
    new = opened(keys)
    assert new.tsa_certificates == (new.tsa.certificate, old.tsa.certificate)
    assert (
        cms_check.check_token(
            token, sha256(b"x").digest(), tsa=new.own_certificates.tsa[1:], issuing=new.own_certificates.issuing
        )
        == now
    )
    in_use = {"tsa": old.tsa.certificate, "e-seal": old.e_seal_certificate}
    (finding,) = superseded(keys, in_use)
    assert (finding.code, finding.level) == ("keys.superseded", "warning")
    assert superseded(keys, in_use | {"tsa": new.tsa.certificate}) == []


def test_other_names_and_an_ended_authority_are_refused(keys, now):
    with pytest.raises(RotationRefused):
        rotate(keys, PASSPHRASE, "root", institution=CITY, now=now)
    with pytest.raises(RotationRefused):
        rotate(keys, PASSPHRASE, "tsa", institution=CITY, now=now + LIVES["issuing"])


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_anywhere_the_keys_open_and_the_next_rotation_works(keys, now, step):
    killed_at(step, lambda: rotate(keys, PASSPHRASE, "tsa", institution=CITY, now=now))
    assert [f for f in check_keys(keys, PASSPHRASE, now) if f.level == "error"] == []
    authority = opened(keys)
    digest = sha256(b"x").digest()
    assert cms_check.check_token(
        authority.tsa.token(digest, now),
        digest,
        tsa=authority.own_certificates.tsa,
        issuing=authority.own_certificates.issuing,
    )
    rotate(keys, PASSPHRASE, "tsa", institution=CITY, now=now)
    assert authority.tsa.certificate in opened(keys).past_tsa
    assert not (keys / "tsa.next.key").exists()


def test_a_key_in_a_token_is_followed_by_another_there(tmp_path, now):
    soft = make_soft_token(tmp_path)
    places = {name: soft.place(name) for name in ("issuing", "tsa")}
    keyring.init_keys(tmp_path / "keys", PASSPHRASE, institution=CITY, now=now, places=places)
    old = opened(tmp_path / "keys", places)
    rotate(tmp_path / "keys", PASSPHRASE, "tsa", institution=CITY, now=now, places=places)
    new = opened(tmp_path / "keys", places)
    digest = sha256(b"x").digest()
    for authority in (old, new):
        token = authority.tsa.token(digest, now)
        assert (
            cms_check.check_token(
                token, digest, tsa=authority.own_certificates.tsa, issuing=authority.own_certificates.issuing
            )
            == now
        )
    assert old.tsa.certificate != new.tsa.certificate
    assert sorted(path.name for path in (tmp_path / "keys").glob("*.key")) == ["e-seal.key", "log.key", "root.key"]
