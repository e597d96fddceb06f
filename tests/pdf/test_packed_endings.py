"""What follows an update that another maker wrote with object streams and a cross-reference stream, and files that only pretend to be one."""

import io
import re
import subprocess
from dataclasses import replace

import pikepdf
import pytest
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.diff_analysis import ModificationLevel

from app.pdf.compiler import compile_template
from app.pdf.crossref import own_trailer
from app.pdf.ending import AppendRefused, read_ending
from app.pdf.inspect import inspect
from app.pdf.opening import MOST_ROWS, MOST_SECTIONS, open_file
from app.pdf.renewal import append_renewal
from app.pdf.returned import examine_returned
from app.pdf.revision import FileParts, read_base
from app.simulator.authority import make_authority
from app.simulator.signing import sign_pdf
from tests.pdf.pledge_files import AT, CODE, PERSON, inputs, trust


@pytest.fixture(scope="module")
def elsewhere():
    return make_authority("BSrE", AT)


@pytest.fixture(scope="module")
def sent(office):
    """(prefix, tail) of a pledge without a hole, as a service gets it."""
    compiled = compile_template(inputs(signing="bsre", countersign=True, trust=trust(office.authority)))
    plain = compiled.unsigned(PERSON, code=CODE, prepared_at=AT)
    return compiled.variants[plain.variant].prefix, plain.tail


@pytest.fixture(scope="module")
def returned(sent, elsewhere):
    return sign_pdf(b"".join(sent), elsewhere, PERSON.name, AT, limit="packed")


def opened(sent, data: bytes) -> FileParts:
    return FileParts(read_base(sent[0]), (data[len(sent[0]) :],), read_ending(data))


def whole(sent, document: FileParts) -> bytes:
    return b"".join((sent[0], *document.parts))


@pytest.fixture(scope="module")
def complete(sent, returned, office):
    """Noted, sealed, stamped and stamped again."""
    document = office.archived(office.sealed(office.countersigned(opened(sent, returned))), office.authority.crls(AT))
    again = opened(sent, whole(sent, document))
    again = replace(again, parts=document.parts)
    added = append_renewal(
        again,
        sent[0],
        sign=lambda digest: office.authority.tsa.token(digest, AT),
        certificates=office.authority.chain_certificates(AT),
        crls=office.authority.crls(AT),
        responses=(),
    )
    return whole(sent, again.extended(added))


def sections(data: bytes) -> list[XRefSectionType]:
    xrefs = PdfFileReader(io.BytesIO(data)).xrefs
    return [xrefs.get_xref_container_info(one).xref_section_type for one in range(xrefs.total_revisions)]


def test_the_update_of_the_service_really_is_packed_and_counts(sent, returned, elsewhere):
    assert b"/ObjStm" in returned
    assert b"trailer" not in returned[sum(map(len, sent)) :]
    facts = examine_returned(returned, sent=b"".join(sent), trust_roots=[elsewhere.root.der], now=AT)
    assert facts.subject["common_name"] == PERSON.name


def test_streams_follow_a_stream_and_every_judge_accepts_the_file(complete, tmp_path):
    table, *streams = sections(complete)
    assert table is XRefSectionType.STANDARD
    assert streams == [XRefSectionType.STREAM] * 5
    path = tmp_path / "a.pdf"
    path.write_bytes(complete)
    for command in (("qpdf", "--check", path), ("pdfsig", "-nocert", path)):
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "WARNING" not in told.stdout + told.stderr
    assert told.stdout.count("Signature is Valid.") == 3
    with pikepdf.open(path) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert [len(pdf.Root.DSS[one]) for one in ("/Certs", "/CRLs")] == [5, 4]


def test_every_change_is_a_permitted_one_and_the_verdict_is_good(complete, office, elsewhere):
    found = inspect(complete, trust_roots=[office.authority.root], other_roots=[elsewhere.root.der], now=AT)
    assert [signer.kind for signer in found.signers] == ["signer", "countersigner", "e_seal"]
    assert {check.code for check in found.checks if check.result != "passed"} == set()
    for embedded in PdfFileReader(io.BytesIO(complete)).embedded_signatures[:-1]:
        embedded.compute_integrity_info()
        assert embedded.diff_result.modification_level <= ModificationLevel.FORM_FILLING


def test_what_we_wrote_last_is_read_back_as_a_full_reader_reads_it(sent, returned, office):
    sealed = office.sealed(opened(sent, returned))
    read = read_ending(whole(sent, sealed)).trailer
    assert own_trailer(sealed.parts[-1]) == read
    assert read.streamed
    assert own_trailer(returned[sum(map(len, sent)) :]) is None


def test_numbers_in_use_are_not_given_again_whatever_the_size_says(sent, returned):
    size = read_ending(returned).trailer.size
    smaller = re.sub(rb"/Size %d" % size, b"/Size %d" % (size - 3), returned)
    assert smaller != returned
    assert read_ending(smaller).trailer.size == size


def stream(widths: bytes, index: bytes, rows: bytes = b"", *, before: bytes = b"%PDF-1.7\n") -> bytes:
    head = b"7 0 obj\n<</Type/X#52ef/W[%b]/Index[%b]/Size 9/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n"
    return before + head % (widths, index, len(rows), rows) + b"startxref\n%d\n%%%%EOF\n" % len(before)


def many_sections() -> bytes:
    data, previous = b"%PDF-1.7\n", b""
    for _ in range(MOST_SECTIONS + 2):
        at = len(data)
        data += b"xref\n1 1\n0000000000 00001 f \ntrailer\n<</Size 3/Root 1 0 R%b>>\n" % previous
        previous = b"/Prev %d" % at
    return data + b"startxref\n%d\n%%%%EOF\n" % at


@pytest.mark.parametrize(
    "data",
    [
        stream(b"0 0 0", b"0 3000000000"),
        stream(b"-1 0 0", b"0 3000000000"),
        stream(b"1 0 0", b"0 3000000000 3000000000 -3000000000"),
        stream(b"1 0 0", b"0 %d" % (MOST_ROWS + 1), b"\1" * (MOST_ROWS + 1)),
        stream(b"1 9 1", b"0 1", b"\1" * 11),
        stream(b"7 0 R", b"0 3"),
        stream(b"1 1 1", b"0", b"\1"),
        many_sections(),
    ],
)
def test_sections_that_announce_more_than_they_hold_end_the_reading(data):
    with pytest.raises(PdfReadError):
        open_file(data)
    with pytest.raises(AppendRefused, match="form"):
        read_ending(data)
    assert inspect(data, trust_roots=[], now=AT).reason == "file.unreadable"


def test_a_loop_of_sections_ends(returned):
    at = int(re.findall(rb"startxref\n(\d+)", returned)[-1])
    previous = re.findall(rb"/Prev (\d+)", returned)[-1]
    looped = returned.replace(b"/Prev %b" % previous, b"/Prev %d" % at)
    assert looped != returned
    with pytest.raises(AppendRefused, match="form"):
        read_ending(looped)
