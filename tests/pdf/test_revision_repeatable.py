"""Same inputs, same clock, same keys: the same bytes, also in another process."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.pdf.compiler import compile_template
from app.pdf.increment import embed
from app.pdf.revision import FileParts, read_base
from app.pki import cms, keyring
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.signing_key import LocalKey
from app.pki.timestamp import TimestampAuthority
from tests.pdf.pledge_files import AT, CODE, PERSON, Office, inputs, trust

PASSPHRASE = b"a passphrase of the tests"
ROOT = Path(__file__).parents[2]


def counted_random() -> Callable[[int], bytes]:
    """Octets that look random and are the same in every process."""
    numbers = count()
    return lambda size: sha256(b"%d" % next(numbers)).digest()[:size]


def repeatable_authority(folder: Path) -> Authority:
    """The authority of a folder with given randomness: serial numbers, and nonces by RFC 6979."""
    authority = keyring.load_keys(folder, PASSPHRASE).authority
    issuing, tsa, e_seal = (
        LocalKey(keyring.signing_key(folder, name, PASSPHRASE).private, repeatable=True)
        for name in ("issuing", "tsa", "e-seal")
    )
    return replace(
        authority,
        issuing_cas=(replace(authority.issuing_cas[0], issuer=replace(authority.issuer, key=issuing)),),
        tsa=TimestampAuthority(tsa, authority.tsa.certificate, authority.tsa.chain, random=counted_random()),
        e_seal_key=e_seal,
        random=counted_random(),
    )


def digests(folder: Path) -> list[str]:
    """SHA-256 of the prefix and of one document in each state, by a device with a key of its own."""
    office = Office(repeatable_authority(folder))
    compiled = compile_template(inputs(trust=trust(office.authority)))
    device = LocalKey(ec.derive_private_key(2026, ec.SECP256R1()), repeatable=True)
    prepared = compiled.prepare(PERSON, code=CODE, prepared_at=AT)
    subject = Subject("Pemerintah Kota Contoh", "Badan Kepegawaian", PERSON.name, PERSON.nip)
    certificate = office.authority.issue(subject, device.spki, AT)
    attributes = cms.signed_attributes(prepared.digest, certificate)
    signature = device.sign(attributes)
    value = cms.signed_data(
        attributes=attributes,
        signature_der=signature,
        certificate=certificate,
        chain=office.authority.chain,
        timestamp_token=office.authority.tsa.token(sha256(signature).digest(), AT),
    )
    tail = embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=value)
    prefix = compiled.variants[prepared.variant].prefix
    signed = FileParts(read_base(prefix), (tail,))
    sealed = office.sealed(signed)
    archived = office.archived(sealed, office.authority.archive_crls(AT))
    return [
        sha256(b"".join((prefix, *parts))).hexdigest() for parts in ((), signed.parts, sealed.parts, archived.parts)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("repeatable") / "keys"
    keyring.init_keys(path, PASSPHRASE, institution="Pemerintah Kota Contoh", now=AT)
    return path


def in_another_process(folder: Path, seed: str) -> list[str]:
    program = (
        "import sys\nfrom pathlib import Path\nfrom tests.pdf.test_revision_repeatable import digests\n"
        "print(*digests(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return said.stdout.split()


def test_two_processes_make_the_same_bytes_in_every_state(folder):
    first = in_another_process(folder, "1")
    assert len(set(first)) == 4
    assert in_another_process(folder, "2") == first == digests(folder)


def test_another_clock_makes_other_bytes(folder, monkeypatch):
    monkeypatch.setitem(digests.__globals__, "AT", AT.replace(second=59))
    other = digests(folder)
    monkeypatch.undo()
    assert not set(other[1:]) & set(digests(folder)[1:])
