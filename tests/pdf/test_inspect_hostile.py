import io
import time
from datetime import UTC, datetime

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pdf.inspect import MOST_BYTES, Inspection, inspect
from tests.pdf.signed_documents import CODE, Office, new_authority

NOW = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office(new_authority(tmp_path_factory.mktemp("hostile") / "keys", NOW), NOW)


@pytest.fixture(scope="module")
def complete(office):
    return office.complete().data


@pytest.fixture(scope="module")
def foreign():
    """Somebody else's PDF, without any mark of ours."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    out = io.BytesIO()
    made.save(out, static_id=True)
    return out.getvalue()


def look(office: Office, data: bytes) -> Inspection:
    return inspect(data, trust_roots=[office.authority.root], now=NOW)


def failed(found: Inspection) -> set[str]:
    return {check.code for check in found.checks if check.result == "failed"}


def test_what_cannot_be_checked_says_why(office, complete, foreign):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(foreign)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    prepared = office.compiled.prefix
    for data, reason in (
        (b"", "file.not_pdf"),
        (b"PK\3\4 a spreadsheet", "file.not_pdf"),
        (b"%PDF-1.7\n" + b" " * MOST_BYTES, "file.too_large"),
        (foreign, "file.no_signature"),
        (foreign[: len(foreign) // 2], "file.unreadable"),
        (out.getvalue(), "file.encrypted"),
    ):
        assert look(office, data).reason == reason
    assert failed(look(office, prepared)) == {"file.structure"}


def test_our_unsigned_file_has_no_signature(office):
    prepared = office.compiled.prepare(office.person("Siti"), code=CODE, prepared_at=NOW)
    data = office.compiled.variants[prepared.variant].prefix + prepared.tail
    assert failed(look(office, data)) == {"file.structure"}


def hostile(body: bytes, *, size: int = 6, count: int = 6) -> bytes:
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count
    head = b"%PDF-1.7\n" + body
    return head + table + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(head))


@pytest.mark.parametrize(
    "data",
    [
        hostile(b"", size=2**31, count=2**31),
        hostile(b"1 0 obj\n" + b"[" * 200_000 + b"\nendobj\n"),
        hostile(b"1 0 obj\n<</AcroForm 1 0 R/Fields[1 0 R]/Kids[1 0 R]>>\nendobj\n"),
        b"%PDF-1.7\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Prev 9/Root 1 0 R>>\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\n" + b"1 0 obj\n<<>>\nendobj\n" * 100_000,
        b"%PDF-1.7\n/Producer(Pakta)" + b"/ByteRange[0 1 2 3]/Contents<00>" * 1000,
    ],
)
def test_hostile_files_give_a_finding_and_soon(office, data):
    start = time.monotonic()
    found = look(office, data)
    assert found.reason or failed(found)
    assert time.monotonic() - start < 10


@given(st.binary(max_size=300), st.integers(0, 90_000), st.booleans())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_and_cut_files_never_raise(office, complete, garbage, length, front):
    cut = complete[:length]
    for data in (garbage, b"%PDF-1.7\n" + garbage, garbage + cut if front else cut + garbage):
        found = look(office, data)
        assert found.reason or failed(found)
