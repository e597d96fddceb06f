"""An issuing CA is followed by another under the same root, with the root's key at hand or elsewhere, whatever is killed when."""

import shutil
import ssl
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from app.cli.main import cli
from app.core.secrets import master_key
from app.core.settings import Settings
from app.pki import cms, cms_check, crl, keyring, past, succession
from app.pki.certificate import Subject
from app.pki.errors import IssuerMissing, RotationRefused
from app.pki.keycheck import check_keys
from app.pki.parsed_certificate import parse
from app.pki.pkcs11_uri import NOWHERE
from app.pki.rotation import rotate
from app.pki.signing_key import LocalKey
from app.pki.standing import good_response
from tests.pki.killed import killed_at
from tests.pki.soft_token import make_soft_token

PASSPHRASE = b"a passphrase of the tests"
CITY = "Pemerintah Kota Contoh"
CRL_BASE = "https://pakta.contoh.go.id/ca"
DIGEST = sha256(b"x").digest()


@pytest.fixture
def keys(tmp_path, now):
    keyring.init_keys(tmp_path / "keys", PASSPHRASE, institution=CITY, now=now, crl_base=CRL_BASE)
    return tmp_path / "keys"


def opened(folder, places=NOWHERE):
    return keyring.load_keys(folder, PASSPHRASE, places=places).authority


def follow(folder, now, places=NOWHERE):
    return succession.rotate_issuing(folder, PASSPHRASE, institution=CITY, now=now, crl_base=CRL_BASE, places=places)


def signed(authority, now):
    """A CMS by a person certified now, with its time stamp."""
    key = LocalKey(ec.generate_private_key(ec.SECP256R1()))
    certificate = authority.issue(Subject(CITY, "Dinas", "Siti", "198501012010012001"), key.spki, now)
    attributes = cms.signed_attributes(DIGEST, certificate)
    signature = key.sign(attributes)
    token = authority.tsa.token(sha256(signature).digest(), now)
    return cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=authority.chain,
        timestamp_token=token,
    )


def holds(encoded, own):
    found = cms_check.read_signed_data(encoded)
    cms_check.check_document_signature(found, DIGEST)
    cms_check.check_chain(found, own.issuing)
    return cms_check.check_token(found.token, sha256(found.signature).digest(), tsa=own.tsa, issuing=own.issuing)


def listing_place(certificate):
    points = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.CRLDistributionPoints)
    return points.value[0].full_name[0].value


def test_what_was_signed_before_and_after_holds_and_each_ca_lists_for_itself(keys, now):
    old = opened(keys)
    before = signed(old, now)
    made = follow(keys, now + timedelta(days=400))
    rotate(keys, PASSPHRASE, "tsa", institution=CITY, now=now + timedelta(days=400), crl_base=CRL_BASE)
    later = now + timedelta(days=401)
    new = opened(keys)
    assert (new.issuing, [ca.certificate for ca in new.issuing_cas]) == (made, [made, old.issuing])
    after = signed(new, later)
    assert (holds(before, new.own_certificates), holds(after, new.own_certificates)) == (now, later)
    assert {crl.issuer_name(one) for one in new.crls(later)} >= {ca.issuer.name for ca in new.issuing_cas}
    assert check_keys(keys, PASSPHRASE, later) == []
    assert parse(made).subject != parse(old.issuing).subject
    places = [listing_place(one) for one in (old.tsa.certificate, new.tsa.certificate, new.e_seal_certificate)]
    assert places == [f"{CRL_BASE}/issuing.crl", f"{CRL_BASE}/issuing-2.crl", f"{CRL_BASE}/issuing.crl"]
    for ca, name in zip(new.issuing_cas, ("issuing-2.crl", "issuing.crl"), strict=True):
        listed = x509.load_der_x509_crl(new.published_crl(name, later))
        assert listed.is_signature_valid(x509.load_der_x509_certificate(ca.certificate).public_key())
    assert new.published_crl("issuing-3.crl", later) is None
    assert len(new.archive_crls(later)) == 5


def test_the_ca_before_stops_listing_when_it_ends(keys, now):
    first = parse(opened(keys).issuing).not_after
    follow(keys, first - timedelta(days=30))
    authority = opened(keys)
    assert authority.published_crl("issuing.crl", first - timedelta(days=1)) is not None
    assert authority.published_crl("issuing.crl", first + timedelta(days=1)) is None
    assert len(authority.archive_crls(first + timedelta(days=1))) == 3


def test_the_lists_of_a_ca_before_survive_a_restart(keys, now):
    follow(keys, now)
    first = opened(keys).published_crl("issuing.crl", now)
    assert opened(keys).published_crl("issuing.crl", now + timedelta(days=1)) == first


def test_without_the_key_of_the_ca_before_its_documents_are_read_but_not_renewed(keys, now):
    old = opened(keys)
    before = signed(old, now)
    follow(keys, now)
    (kept,) = (keys / past.PAST).glob("issuing-*.key")
    kept.unlink()
    new = opened(keys)
    assert holds(before, new.own_certificates) == now
    (finding,) = check_keys(keys, PASSPHRASE, now)
    assert (finding.code, finding.level) == ("keys.past_missing", "warning")
    assert check_keys(keys, PASSPHRASE, parse(old.issuing).not_after + timedelta(minutes=1))[0].code != finding.code
    with pytest.raises(IssuerMissing):
        good_response(new, old.tsa.certificate, now, now)


def test_with_the_root_elsewhere_a_request_goes_there_and_a_certificate_comes_back(keys, now, tmp_path):
    vault = tmp_path / "vault"
    vault.mkdir()
    shutil.move(keys / "root.key", vault / "root.key")
    shutil.copy(keys / "root.crt", vault / "root.crt")
    with pytest.raises(RotationRefused):
        follow(keys, now)
    asked = succession.request(keys, PASSPHRASE, institution=CITY)
    assert succession.request(keys, PASSPHRASE, institution=CITY) == asked
    made = succession.certify(vault, PASSPHRASE, asked, now=now, crl_base=CRL_BASE)
    succession.install(keys, PASSPHRASE, made, now=now)
    succession.install(keys, PASSPHRASE, made, now=now)
    authority = opened(keys)
    assert authority.issuing == made
    assert holds(signed(authority, now), authority.own_certificates) == now
    assert check_keys(keys, PASSPHRASE, now) == []
    assert succession.request(keys, PASSPHRASE, institution=CITY) != asked


def test_a_certificate_that_was_not_asked_for_is_refused(keys, now, tmp_path):
    with pytest.raises(RotationRefused):
        succession.install(keys, PASSPHRASE, opened(keys).tsa.certificate, now=now)
    asked = succession.request(keys, PASSPHRASE, institution=CITY)
    made = succession.certify(keys, PASSPHRASE, asked, now=now, crl_base=None)
    other = tmp_path / "other"
    keyring.init_keys(other, PASSPHRASE, institution=CITY, now=now)
    strangers = succession.certify(other, PASSPHRASE, asked, now=now, crl_base=None)
    own_request = succession.request(other, PASSPHRASE, institution=CITY)
    foreign = succession.certify(keys, PASSPHRASE, own_request, now=now, crl_base=None)
    for certificate in (strangers, foreign, opened(keys).tsa.certificate, b"none"):
        with pytest.raises(RotationRefused):
            succession.install(keys, PASSPHRASE, certificate, now=now)
    for moment in (now - timedelta(days=1), now + timedelta(days=4000)):
        with pytest.raises(RotationRefused):
            succession.install(keys, PASSPHRASE, made, now=moment)
    assert opened(keys).issuing != made


def test_a_request_that_was_changed_on_the_way_is_refused(keys, now):
    asked = x509.load_pem_x509_csr(succession.request(keys, PASSPHRASE, institution=CITY))
    forged = bytearray(asked.public_bytes(Encoding.DER))
    forged[40] ^= 1
    for pem in (as_pem(bytes(forged)), b"nothing of the kind"):
        with pytest.raises(RotationRefused):
            succession.certify(keys, PASSPHRASE, pem, now=now, crl_base=None)


def as_pem(der):
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "CERTIFICATE REQUEST").encode()


def test_the_request_is_one_others_can_read(keys):
    asked = x509.load_pem_x509_csr(succession.request(keys, PASSPHRASE, institution=CITY))
    assert asked.is_signature_valid
    assert isinstance(asked.signature_hash_algorithm, hashes.SHA256)
    assert f"CN=CA Penerbit 2 {CITY}" in asked.subject.rfc4514_string()


@pytest.mark.parametrize("step", range(1, 15))
def test_killed_anywhere_the_keys_open_and_the_ca_can_be_rotated(keys, now, step):
    killed_at(step, lambda: follow(keys, now))
    assert [f for f in check_keys(keys, PASSPHRASE, now) if f.level == "error"] == []
    authority = opened(keys)
    assert holds(signed(authority, now), authority.own_certificates) == now
    assert crl.issuer_name(authority.crls(now)[1]) == authority.issuer.name
    follow(keys, now)
    again = opened(keys)
    assert again.issuing != authority.issuing or not (keys / succession.REQUEST).exists()
    assert holds(signed(again, now), again.own_certificates) == now
    assert not (keys / "issuing.next.key").exists()


def test_the_ca_in_a_token_is_followed_by_another_there(tmp_path, now):
    soft = make_soft_token(tmp_path)
    places = {name: soft.place(name) for name in ("root", "issuing")}
    folder = tmp_path / "keys"
    keyring.init_keys(folder, PASSPHRASE, institution=CITY, now=now, places=places)
    old = opened(folder, places)
    before = signed(old, now)
    follow(folder, now, places)
    new = opened(folder, places)
    assert [ca.certificate for ca in new.issuing_cas] == [new.issuing, old.issuing]
    assert holds(before, new.own_certificates) == holds(signed(new, now), new.own_certificates) == now
    assert check_keys(folder, PASSPHRASE, now, places=places) == []
    assert not list((folder / past.PAST).glob("*.key"))


def test_the_three_commands_carry_the_new_ca_from_machine_to_machine(tmp_path, monkeypatch):
    run = CliRunner()
    here, vault, request, certificate = (tmp_path / one for one in ("here", "vault", "a.csr", "a.pem"))
    monkeypatch.delenv("PAKTA_DATA_DIR", raising=False)

    def pakta(*words):
        told = run.invoke(cli, ["keys", *map(str, words)])
        assert told.exit_code == 0, (words, told.output, told.exception)

    pakta("init", "--data-dir", here)
    shutil.copytree(here, vault)
    (here / "keys" / "root.key").unlink()
    pakta("request", "--output", request, "--data-dir", here)
    pakta("certify", request, "--output", certificate, "--crl-base", CRL_BASE, "--data-dir", vault)
    pakta("install", certificate, "--data-dir", here)
    pakta("check", "--data-dir", here)
    ring = keyring.load_keys(here / "keys", master_key(Settings().storage))
    assert ring.authority.issuing == ssl.PEM_cert_to_DER_cert(certificate.read_text().strip())
