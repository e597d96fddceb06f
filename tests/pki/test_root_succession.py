"""The root is followed by another, with all that stands under it, where its key is or elsewhere, whatever is killed when."""

import shutil
import ssl
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from app.cli.main import cli
from app.core.secrets import master_key
from app.core.settings import Settings
from app.pki import crl, keyring, past, root_succession, succession
from app.pki.errors import RotationRefused
from app.pki.keycheck import check_keys
from app.pki.parsed_certificate import parse
from tests.pki.killed import killed_at
from tests.pki.soft_token import make_soft_token
from tests.pki.test_succession import CITY, CRL_BASE, PASSPHRASE, holds, keys, listing_place, opened, signed

__all__ = ["keys"]


def follow(folder, now, **more):
    return root_succession.rotate_root(folder, PASSPHRASE, institution=CITY, now=now, **({"crl_base": CRL_BASE} | more))


def issued_by(certificate, issuer):
    loaded = x509.load_der_x509_certificate(certificate)
    loaded.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    return True


def test_what_stood_under_the_old_root_and_what_stands_under_the_new_one_hold(keys, now):
    old = opened(keys)
    before = signed(old, now)
    root = follow(keys, now)
    new = opened(keys)
    assert (new.root, new.roots) == (root, (root, old.root))
    assert parse(root).subject != parse(old.root).subject
    assert issued_by(new.issuing, root)
    assert issued_by(new.tsa.certificate, new.issuing)
    assert issued_by(new.e_seal_certificate, new.issuing)
    assert holds(before, new.own_certificates) == holds(signed(new, now), new.own_certificates) == now
    assert check_keys(keys, PASSPHRASE, now) == []
    assert [listing_place(one) for one in (old.issuing, new.issuing)] == [
        f"{CRL_BASE}/{n}.crl" for n in ("root", "root-2")
    ]
    for name, by in (("root.crl", old.root), ("root-2.crl", root)):
        listed = x509.load_der_x509_crl(new.published_crl(name, now))
        assert listed.is_signature_valid(x509.load_der_x509_certificate(by).public_key())
    assert len(new.crls(now)) == 4
    assert issued_by((keys / past.PAST / past.past_file("root", root, "link")).read_bytes(), old.root)
    assert (follow(keys, now), len(opened(keys).roots)) == (opened(keys).root, 3)


@pytest.mark.parametrize("step", [*range(1, 16, 2), 20, 26, 34])
def test_killed_anywhere_the_keys_open_and_the_same_command_goes_on(keys, now, step):
    killed_at(step, lambda: follow(keys, now))
    assert [f for f in check_keys(keys, PASSPHRASE, now) if f.level == "error"] == []
    authority = opened(keys)
    assert holds(signed(authority, now), authority.own_certificates) == now
    assert crl.issuer_name(authority.root_crl) == parse(authority.root).subject
    half = not issued_under(authority)
    root = follow(keys, now)
    again = opened(keys)
    assert (root == authority.root) is half
    assert issued_under(again)
    assert parse(again.e_seal_certificate).issuer == parse(again.tsa.certificate).issuer == parse(again.issuing).subject
    assert check_keys(keys, PASSPHRASE, now) == []
    assert [path.name for path in keys.glob("*.next.*") if not path.name.startswith(".")] == []


def issued_under(authority):
    return parse(authority.issuing).issuer == parse(authority.root).subject


def test_with_the_root_elsewhere_the_new_one_is_carried_here_and_only_that(keys, now, tmp_path):
    vault, foreign = tmp_path / "vault", tmp_path / "foreign"
    vault.mkdir()
    shutil.move(keys / "root.key", vault / "root.key")
    shutil.copy(keys / "root.crt", vault / "root.crt")
    with pytest.raises(RotationRefused):
        follow(keys, now)
    old, root = opened(keys), follow(vault, now)
    carried = root_succession.introduction(vault)
    keyring.init_keys(foreign, PASSPHRASE, institution=CITY, now=now)
    follow(foreign, now)
    pem = ssl.DER_cert_to_PEM_cert(root).encode()
    for wrong in (
        root_succession.introduction(foreign),
        pem,
        b"none",
        pem * 2 + carried[carried.index(b"-----BEGIN X509") :],
    ):
        with pytest.raises(RotationRefused):
            root_succession.adopt(keys, PASSPHRASE, wrong, now=now)
    with pytest.raises(RotationRefused):
        root_succession.adopt(keys, PASSPHRASE, carried, now=now - timedelta(days=1))
    assert opened(keys).root == old.root
    killed_at(4, lambda: root_succession.adopt(keys, PASSPHRASE, carried, now=now))
    for _ in range(2):
        assert root_succession.adopt(keys, PASSPHRASE, carried, now=now) == root
    assert opened(keys).roots == (root, old.root)
    asked = succession.request(keys, PASSPHRASE, institution=CITY)
    made = succession.certify(vault, PASSPHRASE, asked, now=now, crl_base=CRL_BASE)
    succession.install(keys, PASSPHRASE, made, now=now)
    new = opened(keys)
    assert issued_by(new.issuing, root)
    assert holds(signed(new, now), new.own_certificates) == now
    assert check_keys(keys, PASSPHRASE, now) == []


def test_the_root_in_a_token_is_followed_by_another_there(tmp_path, now):
    soft = make_soft_token(tmp_path)
    places = {name: soft.place(name) for name in ("root", "issuing")}
    folder = tmp_path / "keys"
    keyring.init_keys(folder, PASSPHRASE, institution=CITY, now=now, places=places)
    old = opened(folder, places)
    before = signed(old, now)
    root = follow(folder, now, places=places)
    new = opened(folder, places)
    assert new.roots == (root, old.root)
    assert issued_by(new.issuing, root)
    assert holds(before, new.own_certificates) == holds(signed(new, now), new.own_certificates) == now
    assert check_keys(folder, PASSPHRASE, now, places=places) == []


def test_the_commands_carry_a_new_root_and_verify_trusts_both(tmp_path, monkeypatch):
    run = CliRunner()
    here, vault, carried = (tmp_path / one for one in ("here", "vault", "root.pem"))
    monkeypatch.delenv("PAKTA_DATA_DIR", raising=False)

    def pakta(*words):
        told = run.invoke(cli, ["keys", *map(str, words)])
        assert told.exit_code == 0, (words, told.output, told.exception)

    pakta("init", "--data-dir", here)
    shutil.copytree(here, vault)
    (here / "keys" / "root.key").unlink()
    pakta("rotate", "root", "--output", carried, "--data-dir", vault)
    pakta("adopt", carried, "--data-dir", here)
    pakta("check", "--data-dir", here)
    ring = keyring.load_keys(here / "keys", master_key(Settings().storage))
    new, _ = x509.load_pem_x509_certificates(carried.read_bytes())
    assert ring.authority.root == new.public_bytes(Encoding.DER)
    assert len(ring.authority.roots) == 2
