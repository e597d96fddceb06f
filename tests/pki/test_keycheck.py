from datetime import timedelta

import pytest

from app.pki import keyring
from app.pki.hierarchy import LIVES
from app.pki.keycheck import check_keys

PASSPHRASE = b"a passphrase of the tests"


@pytest.fixture
def keys(tmp_path, now):
    keyring.init_keys(tmp_path / "keys", PASSPHRASE, institution="Pemerintah Kota Contoh", now=now)
    return tmp_path / "keys"


def codes(path, now, passphrase=PASSPHRASE):
    return {finding.code for finding in check_keys(path, passphrase, now)}


def test_fresh_keys_have_no_faults(keys, now):
    assert check_keys(keys, PASSPHRASE, now) == []


def test_a_root_without_its_key_is_no_fault(keys, now):
    (keys / "root.key").unlink()
    assert check_keys(keys, PASSPHRASE, now) == []


def test_an_absent_folder_is_missing(tmp_path, now):
    assert codes(tmp_path / "none", now) == {"keys.missing"}


def test_a_wrong_passphrase_is_found(keys, now):
    assert codes(keys, now, b"another") == {"keys.passphrase"}


def test_a_clock_that_is_slow_is_found(keys, now):
    assert codes(keys, now - timedelta(days=1)) == {"keys.not_yet_valid"}


def test_a_seal_that_ends_next_month_is_a_warning_and_later_an_error(keys, now):
    for later, code, level in ((-55, "keys.expiring", "warning"), (1, "keys.expired", "error")):
        at = now + LIVES["e-seal"] + timedelta(days=later)
        keyring.renew_crl(keys, PASSPHRASE, at)
        (finding,) = check_keys(keys, PASSPHRASE, at)
        assert (finding.code, finding.level) == (code, level)
        assert finding.detail.startswith("e-seal.crt")


def test_lists_about_to_end_and_ended_are_found(keys, now):
    assert codes(keys, now + timedelta(days=25)) == {"keys.crl_ending"}
    assert codes(keys, now + timedelta(days=31)) == {"keys.crl_outdated"}


def test_a_key_of_another_certificate_is_found(keys, now):
    (keys / "tsa.key").write_bytes((keys / "e-seal.key").read_bytes())
    assert codes(keys, now) == {"keys.mismatch"}


def test_a_certificate_of_another_use_is_found(keys, now):
    for suffix in ("crt", "key"):
        (keys / f"tsa.{suffix}").write_bytes((keys / f"e-seal.{suffix}").read_bytes())
    assert codes(keys, now) == {"keys.usage"}


def test_a_certificate_of_another_authority_is_found(keys, tmp_path, now):
    keyring.init_keys(tmp_path / "other", PASSPHRASE, institution="Pemerintah Kota Contoh", now=now)
    for suffix in ("crt", "key"):
        (keys / f"e-seal.{suffix}").write_bytes((tmp_path / "other" / f"e-seal.{suffix}").read_bytes())
    assert codes(keys, now) == {"keys.issuer"}


def test_keys_others_may_read_are_found(keys, now):
    (keys / "log.key").chmod(0o640)
    assert codes(keys, now) == {"keys.exposed"}


@pytest.mark.parametrize("name", ["issuing.crt", "tsa.key", "log.key", "issuing.crl"])
def test_missing_and_broken_files_are_found(keys, now, name):
    kept = (keys / name).read_bytes()
    (keys / name).write_bytes(b"\x30\x03\x02\x01\x00")
    assert codes(keys, now) <= {"keys.unreadable", "keys.issuer"}
    assert codes(keys, now)
    (keys / name).unlink()
    assert codes(keys, now) == {"keys.missing"}
    (keys / name).write_bytes(kept)
