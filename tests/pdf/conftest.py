"""One institution's keys and compiled templates for all tests of the PDF engine."""

import pytest
from hypothesis import settings

from app.pdf.compiler import compile_template
from app.pki import keyring
from tests.pdf.pledge_files import AT, Office, every_state, inputs, trust

# a busy machine must not fail a property
settings.register_profile("engine", deadline=None, max_examples=60)
settings.load_profile("engine")


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf") / "keys"
    keyring.init_keys(folder, b"a passphrase of the tests", institution="Pemerintah Kota Contoh", now=AT)
    return Office(keyring.load_keys(folder, b"a passphrase of the tests").authority)


@pytest.fixture(scope="session")
def compiled(office):
    """The pact on F4 without countersignature."""
    return compile_template(inputs(trust=trust(office.authority)))


@pytest.fixture(scope="session")
def countersigned_template(office):
    return compile_template(inputs(countersign=True, trust=trust(office.authority)))


@pytest.fixture(scope="session")
def states(office, countersigned_template):
    """Every state of one pact, from signed to archived, as whole files."""
    return every_state(office, countersigned_template)
