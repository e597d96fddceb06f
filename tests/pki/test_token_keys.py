"""Keys in a real PKCS #11 token: made there, found there, and never replaced by others when it is gone."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, Mechanism, ObjectClass
from pkcs11 import exceptions as p11

from app.pki import keyring, token
from app.pki.errors import (
    KeyMismatch,
    KeysMissing,
    MechanismMissing,
    ModuleMissing,
    ObjectMissing,
    PinRefused,
    TokenFault,
    TokenMissing,
    UriRefused,
)
from app.pki.inventory import list_certificates
from app.pki.keycheck import check_keys
from app.pki.pkcs11_uri import read_uri
from app.pki.token_key import TokenKey, generate, obtain
from tests.pki.soft_token import MODULE, PIN, make_soft_token

PASSPHRASE = b"a passphrase of the tests"
NAMES = ("root", "issuing", "tsa", "e-seal")


@pytest.fixture(scope="module")
def soft(tmp_path_factory):
    return make_soft_token(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def hidden(soft):
    """Take the token's files away and bring them back."""
    (folder,) = (path for path in soft.store.iterdir() if soft.label.encode() in (path / "token.object").read_bytes())

    class Hidden:
        def take(self):
            folder.rename(soft.store.parent / "away")

        def bring(self):
            if not folder.exists():
                (soft.store.parent / "away").rename(folder)

    hiding = Hidden()
    yield hiding
    hiding.bring()
    token.restart(MODULE)


def holds(key, signature, data):
    public = load_der_public_key(key.spki)
    public.verify(signature, data, ec.ECDSA(hashes.SHA384() if public.curve.key_size > 256 else hashes.SHA256()))
    return True


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: curve.name)
def test_a_key_made_in_the_token_signs_and_cannot_leave_it(soft, curve):
    key = generate(soft.place(f"made-{curve.name}"), curve)
    assert holds(key, key.sign(b"data"), b"data")
    with token.token_of(MODULE, soft.label, "", PIN).session() as lent:
        private = lent.session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=f"made-{curve.name}")
        assert private[Attribute.SENSITIVE]
        assert not private[Attribute.EXTRACTABLE]
        with pytest.raises(p11.AttributeSensitive):
            private[Attribute.VALUE]


def test_a_key_that_is_there_is_taken_and_not_made_again(soft):
    first = obtain(soft.place("kept"), ec.SECP256R1())
    assert obtain(soft.place("kept"), ec.SECP256R1()).spki == first.spki


def test_of_two_keys_of_one_name_the_certified_one_signs(soft):
    old, new = (generate(soft.place("twice"), ec.SECP256R1()) for _ in range(2))
    assert old.spki != new.spki
    assert holds(old, old.sign(b"x"), b"x")
    assert holds(new, new.sign(b"x"), b"x")
    with pytest.raises(ObjectMissing):
        obtain(soft.place("twice"), ec.SECP256R1())


def test_many_threads_sign_at_once(soft):
    key = obtain(soft.place("threads"), ec.SECP256R1())
    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda i: key.sign(b"%d" % i), range(400)))
    assert all(holds(key, signature, b"%d" % i) for i, signature in enumerate(signed))


def test_a_forked_process_opens_sessions_of_its_own(soft):
    key = obtain(soft.place("fork"), ec.SECP256R1())
    key.sign(b"before")
    fork = multiprocessing.get_context("fork")
    answer, told = fork.Pipe(duplex=False)
    child = fork.Process(target=lambda: told.send(key.sign(b"inside")))
    child.start()
    assert answer.poll(30)
    assert holds(key, answer.recv(), b"inside")
    child.join()
    assert holds(key, key.sign(b"after"), b"after")


def test_a_session_that_breaks_is_replaced(soft):
    key = obtain(soft.place("broken"), ec.SECP256R1())
    key.sign(b"x")
    pool = token.token_of(MODULE, soft.label, "", PIN)
    for lent in pool._pool.idle:
        lent.session.close()
    assert holds(key, key.sign(b"y"), b"y")
    token.restart(MODULE)
    assert holds(key, key.sign(b"z"), b"z")


def test_without_its_token_nothing_is_signed_until_it_is_back(soft, hidden):
    key = obtain(soft.place("gone"), ec.SECP256R1())
    key.check()
    hidden.take()
    token.restart(MODULE)
    with pytest.raises(TokenMissing):
        key.sign(b"x")
    with pytest.raises(TokenFault):
        key.sign(b"x")
    hidden.bring()
    resting = token.token_of(MODULE, soft.label, "", PIN)
    resting._failed_at = time.monotonic() - token.REST_SECONDS
    assert holds(key, key.sign(b"x"), b"x")


def test_every_fault_has_its_code_and_tells_no_pin(soft):
    spki = obtain(soft.place("there"), ec.SECP256R1()).spki
    other = obtain(soft.place("other"), ec.SECP256R1()).spki
    good = soft.place("there")
    cases = [
        (replace(good, token="nowhere"), spki, TokenMissing, "keys.token_missing"),
        (replace(good, label="nothing"), spki, ObjectMissing, "keys.object_missing"),
        (replace(good, module="/nowhere/lib.so"), spki, ModuleMissing, "keys.module"),
        (replace(good, pin=""), spki, PinRefused, "keys.pin"),
        (good, other, KeyMismatch, "keys.mismatch"),
    ]
    for place, public, kind, code in cases:
        with pytest.raises(kind) as caught:
            TokenKey(place, public).check()
        assert caught.value.code == code
        assert PIN not in str(caught.value) + repr(place)


def test_a_wrong_pin_is_tried_once_and_locks_nothing(soft):
    spki = obtain(soft.place("there"), ec.SECP256R1()).spki
    token.restart(MODULE)
    wrong = replace(soft.place("there"), pin="00000000")
    for _ in range(5):
        with pytest.raises(PinRefused) as caught:
            TokenKey(wrong, spki).check()
        assert "00000000" not in str(caught.value)
    token.restart(MODULE)
    TokenKey(soft.place("there"), spki).check()


def test_a_token_without_ecdsa_is_told(soft, monkeypatch):
    asked = []

    def lacks(self, mechanism):
        asked.append(mechanism)
        return mechanism is not Mechanism.ECDSA

    monkeypatch.setattr(token.Token, "mechanism_exists", lacks)
    with pytest.raises(MechanismMissing):
        generate(soft.place("never"), ec.SECP256R1())
    assert Mechanism.ECDSA in asked


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "file:/x",
        "pkcs11:object=a",
        "pkcs11:token=t",
        "pkcs11:token=t;object=a;token=u",
        "pkcs11:token=t;object=a;colour=red",
        "pkcs11:token=t;object=a;type=cert",
        "pkcs11:token=t;object=a?pin-source=/nowhere/pin",
    ],
)
def test_a_faulty_uri_is_refused(uri):
    with pytest.raises(UriRefused):
        read_uri(uri, module=MODULE)


def test_a_uri_is_read_as_rfc_7512_says(tmp_path):
    (tmp_path / "pin").write_text("4711\n")
    place = read_uri(
        f"pkcs11:token=Kota%20Contoh;id=%01%ff;type=private?module-path=/lib/x.so&pin-source=file:{tmp_path}/pin"
    )
    assert (place.module, place.token, place.identifier, place.pin) == ("/lib/x.so", "Kota Contoh", b"\x01\xff", "4711")
    assert "4711" not in repr(place)
    with pytest.raises(UriRefused):
        read_uri("pkcs11:token=t;object=a")


@pytest.fixture(scope="module")
def in_token(tmp_path_factory, now):
    """A key folder whose authorities' keys all lie in a token."""
    made = make_soft_token(tmp_path_factory.mktemp("ring"))
    folder = tmp_path_factory.mktemp("keys") / "keys"
    places = {name: made.place(name) for name in NAMES}
    keyring.init_keys(folder, PASSPHRASE, institution="Pemerintah Kota Contoh", now=now, places=places)
    return folder, places


def test_keys_in_a_token_leave_no_key_file_and_certify_as_files_do(in_token, now, subject, device):
    folder, places = in_token
    assert sorted(path.name for path in folder.glob("*.key")) == ["log.key"]
    assert check_keys(folder, PASSPHRASE, now, places=places) == []
    authority = keyring.load_keys(folder, PASSPHRASE, places=places).authority
    chain = [
        authority.issue(subject, device.spki, now),
        authority.issuing,
        authority.root,
    ]
    for certificate, issuer in pairwise(chain):
        x509.load_der_x509_certificate(certificate).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    assert {one.name: one.place for one in list_certificates(folder, now, places=places)}["tsa"].startswith("token ")
    assert keyring.renew_crl(folder, PASSPHRASE, now, places=places) == ["root.crl", "issuing.crl"]


def test_without_the_uris_the_service_does_not_start_on_other_keys(in_token, now):
    folder, _ = in_token
    with pytest.raises(KeysMissing):
        keyring.load_keys(folder, PASSPHRASE)
    assert {finding.code for finding in check_keys(folder, PASSPHRASE, now)} == {"keys.missing"}


def test_each_key_in_a_token_is_checked_by_itself(in_token, now):
    folder, places = in_token
    swapped = places | {"tsa": places["e-seal"]}
    (finding,) = check_keys(folder, PASSPHRASE, now, places=swapped)
    assert (finding.code, finding.level, finding.detail[:4]) == ("keys.mismatch", "error", "tsa:")
    away = places | {"root": replace(places["root"], token="nowhere")}
    (finding,) = check_keys(folder, PASSPHRASE, now, places=away)
    assert (finding.code, finding.level) == ("keys.token_missing", "warning")


def test_an_init_that_was_killed_takes_the_keys_it_made(tmp_path, now):
    made = make_soft_token(tmp_path)
    places = {name: made.place(name) for name in NAMES}
    before = {name: obtain(place, keyring.CURVES[name]).spki for name, place in places.items()}
    keyring.init_keys(tmp_path / "keys", PASSPHRASE, institution="Kota", now=now, places=places)
    ring = keyring.load_keys(tmp_path / "keys", PASSPHRASE, places=places)
    assert ring.authority.issuer.key.spki == before["issuing"]
