import multiprocessing
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from app.pki import crl, hierarchy, keyring
from app.pki.errors import (
    CrlOutdated,
    KeysExist,
    KeysMissing,
    KeysUnreadable,
    PassphraseWrong,
    PkiFault,
    SubjectRefused,
)

PASSPHRASE = b"a passphrase of the tests"


def make(path, now, **options):
    keyring.init_keys(path, PASSPHRASE, institution="Pemerintah Kota Contoh", now=now, **options)


def test_files_are_for_their_owner_only(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 11


def test_no_private_key_lies_open(folder):
    for file in folder.glob("*.key"):
        assert file.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_keys_load_again_and_belong_to_their_certificates(folder, authority):
    ring = keyring.load_keys(folder, PASSPHRASE)
    assert ring.authority.issuer.key.spki == authority.issuer.key.spki
    assert ring.log_key.sign(b"note") == keyring.load_keys(folder, PASSPHRASE).log_key.sign(b"note")


def test_a_second_init_changes_nothing(folder, now):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(KeysExist):
        make(folder, now)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_of_many_inits_at_once_exactly_one_wins(tmp_path, now):
    def attempt(_):
        try:
            make(tmp_path / "keys", now)
        except KeysExist:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert keyring.load_keys(tmp_path / "keys", PASSPHRASE)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def _killed_half_way(path, now):
    real = os.fsync
    calls = []

    def fsync(descriptor):
        real(descriptor)
        calls.append(descriptor)
        if len(calls) == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = fsync
    make(path, now)


def test_a_kill_half_way_leaves_no_keys_and_the_next_init_works(tmp_path, now):
    child = multiprocessing.get_context("spawn").Process(target=_killed_half_way, args=(tmp_path / "keys", now))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not (tmp_path / "keys").exists()
    make(tmp_path / "keys", now)
    assert keyring.load_keys(tmp_path / "keys", PASSPHRASE)


def test_a_wrong_passphrase_says_so(folder):
    with pytest.raises(PassphraseWrong) as caught:
        keyring.load_keys(folder, b"another")
    assert caught.value.code == "keys.passphrase"
    assert "PAKTA_MASTER_KEY" in str(caught.value)


def test_an_empty_passphrase_and_an_unnamed_institution_are_refused(tmp_path, now):
    with pytest.raises(PassphraseWrong):
        keyring.init_keys(tmp_path / "keys", b"", institution="Kota", now=now)
    with pytest.raises(SubjectRefused):
        keyring.init_keys(tmp_path / "keys", b"x", institution=" ", now=now)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", ["issuing.key", "tsa.crt", "issuing.crl", "log.key"])
def test_a_missing_file_is_named(tmp_path, now, name):
    make(tmp_path / "keys", now)
    (tmp_path / "keys" / name).unlink()
    with pytest.raises(KeysMissing, match=name):
        keyring.load_keys(tmp_path / "keys", PASSPHRASE)


def test_broken_files_are_named_and_never_a_stray_error(tmp_path, now):
    make(tmp_path / "keys", now)
    for file in (tmp_path / "keys").iterdir():
        if file.name.startswith("root") or file.suffix == ".crl":
            continue
        kept = file.read_bytes()
        file.write_bytes(kept[:40])
        with pytest.raises(PkiFault, match=file.name):
            keyring.load_keys(tmp_path / "keys", PASSPHRASE)
        file.write_bytes(kept)
    (tmp_path / "keys" / "log.key").write_bytes((tmp_path / "keys" / "tsa.key").read_bytes())
    with pytest.raises(KeysUnreadable):
        keyring.load_keys(tmp_path / "keys", PASSPHRASE)


def test_the_root_may_be_offline_for_all_but_its_own_crl(tmp_path, now):
    make(tmp_path / "keys", now)
    assert keyring.renew_crl(tmp_path / "keys", PASSPHRASE, now) == ["root.crl", "issuing.crl"]
    (tmp_path / "keys" / "root.key").unlink()
    assert keyring.load_keys(tmp_path / "keys", PASSPHRASE)
    assert keyring.renew_crl(tmp_path / "keys", PASSPHRASE, now) == ["issuing.crl"]


def test_crls_are_signed_by_their_issuers_and_grow_in_number(tmp_path, now):
    make(tmp_path / "keys", now)
    path = tmp_path / "keys"
    numbers = []
    for later in (timedelta(0), timedelta(days=20)):
        if later:
            keyring.renew_crl(path, PASSPHRASE, now + later)
        for name, signed_with in (("root", hashes.SHA384), ("issuing", hashes.SHA256)):
            issuer = x509.load_der_x509_certificate((path / f"{name}.crt").read_bytes())
            listed = x509.load_der_x509_crl((path / f"{name}.crl").read_bytes())
            assert listed.is_signature_valid(issuer.public_key())
            assert isinstance(listed.signature_hash_algorithm, signed_with)
            assert listed.issuer == issuer.subject
            numbers.append(listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert numbers[2] > numbers[0]
    assert numbers[3] > numbers[1]


def test_revoked_certificates_are_listed_until_they_expire(authority, now):
    dates = crl.CrlDates(now, now + timedelta(days=30))
    gone = crl.Revocation(7, now - timedelta(days=9), now - timedelta(days=1))
    alive = crl.Revocation(8, now - timedelta(days=9), now + timedelta(days=1))
    listed = x509.load_der_x509_crl(crl.revocation_list(authority.issuer, number=1, dates=dates, revoked=[gone, alive]))
    assert [(entry.serial_number, entry.revocation_date_utc) for entry in listed] == [(8, alive.at)]


def test_the_authority_renews_its_crl_in_time_and_refuses_an_outdated_root(tmp_path, now):
    make(tmp_path / "keys", now)
    authority = keyring.load_keys(tmp_path / "keys", PASSPHRASE).authority
    first = authority.crls(now)
    assert authority.crls(now + timedelta(days=10)) == first
    later = now + timedelta(days=45)
    root_crl, issuing_crl = authority.crls(later)
    assert root_crl == first[0]
    assert crl.dates_of(issuing_crl) == crl.CrlDates(later, later + timedelta(days=30))
    with pytest.raises(CrlOutdated):
        authority.trust_material(now + timedelta(days=20 * 365))


def test_a_long_institution_and_crl_addresses_are_written_into_certificates(tmp_path, now):
    institution = "Pemerintah Kabupaten Penukal Abab Lematang Ilir Sumatera Selatan"
    keyring.init_keys(
        tmp_path / "keys", PASSPHRASE, institution=institution, now=now, crl_base="https://pakta.contoh.go.id/crl/"
    )
    assert len(institution) == 64
    for name, listed_in in (("issuing", "root"), ("tsa", "issuing"), ("e-seal", "issuing")):
        certificate = x509.load_der_x509_certificate((tmp_path / "keys" / f"{name}.crt").read_bytes())
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert points[0].full_name[0].value == f"https://pakta.contoh.go.id/crl/{listed_in}.crl"
        life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert life == hierarchy.LIVES[name]
