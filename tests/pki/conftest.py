"""One institution's keys for all tests of the engine, and a clock that stands still."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import settings

from app.pki import keyring
from app.pki.certificate import Subject
from app.pki.signing_key import LocalKey

# a busy machine must not fail a property
settings.register_profile("engine", deadline=None, max_examples=60)
settings.load_profile("engine")

PASSPHRASE = b"a passphrase of the tests"


@pytest.fixture(scope="session")
def now():
    return datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, now):
    path = tmp_path_factory.mktemp("pki") / "keys"
    keyring.init_keys(path, PASSPHRASE, institution="Pemerintah Kota Contoh", now=now)
    return path


@pytest.fixture(scope="session")
def authority(folder):
    return keyring.load_keys(folder, PASSPHRASE).authority


@pytest.fixture(scope="session")
def device():
    return LocalKey(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def subject():
    return Subject("Pemerintah Kota Contoh", "Dinas Pendidikan", "Nurʿaini Çelebi, S.Kom., M.Si.", "198501012010012003")
