import io
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pikepdf
import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from app.pdf.errors import DoesNotFit, RevisionRefused, SignatureTooLarge
from app.pdf.revision import FileParts, append_archive, append_e_seal, prepare_countersignature, read_base
from tests.pdf.pledge_files import AT, HEAD, LONG_AGENCY, PERSON

SIGNERS = {
    "signed": ["pegawai"],
    "countersigned": ["pegawai", "pejabat"],
    "sealed": ["pegawai", "pejabat", "segel"],
    "archived": ["pegawai", "pejabat", "segel", "arsip"],
    "archived_with_crls": ["pegawai", "segel", "arsip"],
}


def _context(office):
    root = x509.Certificate.load(office.authority.root)
    return ValidationContext(trust_roots=[root], moment=datetime(2026, 3, 2, 3, 5, tzinfo=UTC), allow_fetching=False)


@pytest.mark.parametrize("state", SIGNERS)
def test_every_signature_of_every_state_is_valid_and_later_ones_change_nothing_else(office, states, state):
    reader = PdfFileReader(io.BytesIO(states[state]))
    assert [signature.field_name for signature in reader.embedded_signatures] == SIGNERS[state]
    for signature in reader.embedded_signatures:
        if signature.field_name == "arsip":
            status = validate_pdf_timestamp(signature, _context(office))
        else:
            status = validate_pdf_signature(signature, _context(office))
            assert status.docmdp_ok
            level = status.modification_level
            assert level is None or level <= ModificationLevel.FORM_FILLING
        assert status.valid
        assert status.intact
        assert status.trusted
    last = reader.embedded_signatures[-1]
    assert last.evaluate_signature_coverage().name == "ENTIRE_FILE"


@pytest.mark.parametrize("state", ["signed", "countersigned", "sealed"])
def test_poppler_calls_every_signature_valid(states, state, tmp_path):
    path = tmp_path / "pledge.pdf"
    path.write_bytes(states[state])
    said = subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid.") == len(SIGNERS[state])


def test_a_revision_only_appends_and_changes_only_its_field(states):
    before, after = states["countersigned"], states["sealed"]
    assert after.startswith(before)
    with pikepdf.open(io.BytesIO(before)) as old, pikepdf.open(io.BytesIO(after)) as new:
        known = {thing.objgen: thing.unparse(resolved=True) for thing in old.objects}
        changed = [n for n in new.objects if n.objgen in known and n.unparse(resolved=True) != known[n.objgen]]
        assert [str(thing.T) for thing in changed] == ["segel"]
        assert changed[0].Rect == next(f for f in old.Root.AcroForm.Fields if f.T == "segel").Rect


def test_a_revision_keeps_the_first_id_and_renews_the_second(states):
    ids = []
    for state in ("signed", "countersigned", "sealed", "archived"):
        with pikepdf.open(io.BytesIO(states[state])) as pdf:
            ids.append(tuple(map(bytes, pdf.trailer.ID)))
    assert len({first for first, _ in ids}) == 1
    assert len({second for _, second in ids}) == 4


def test_the_digest_given_to_the_seal_is_of_everything_but_the_hole(office, compiled):
    document, asked = office.signed(compiled), []

    def sign(digest):
        asked.append(digest)
        return b"\x30\x00"

    revision = append_e_seal(document, institution="Kota", place="Kota", at=AT, zone="WIB", sign=sign)
    data = compiled.prefix + document.parts[0] + revision
    start = data.rindex(b"/Contents<") + len(b"/Contents")
    end = data.index(b">", start) + 1
    assert asked == [sha256(data[:start] + data[end:]).digest()]


def test_the_longest_institution_fits_its_seal(office, compiled):
    def sign(_):
        return b"\x30\x00"

    at = {"place": "Kota", "at": AT, "zone": "WIT"}
    assert append_e_seal(office.signed(compiled), institution=LONG_AGENCY, sign=sign, **at)
    with pytest.raises(DoesNotFit):
        append_e_seal(office.signed(compiled), institution=LONG_AGENCY * 2, sign=sign, **at)


def test_fresh_crls_replace_the_stored_ones(states, office):
    with pikepdf.open(io.BytesIO(states["archived_with_crls"])) as pdf:
        crls = [crl.read_bytes() for crl in pdf.Root.DSS.CRLs]
        assert crls == list(office.authority.crls(AT))
        assert len(pdf.Root.DSS.Certs) == 3


def test_a_field_is_filled_once(office, compiled):
    sealed = office.sealed(office.signed(compiled))
    with pytest.raises(RevisionRefused, match="segel is filled"):
        office.sealed(sealed)


def test_a_countersignature_needs_its_declared_field(office, compiled):
    with pytest.raises(RevisionRefused, match="pejabat was not declared"):
        prepare_countersignature(office.signed(compiled), HEAD, place="Kota", at=AT, zone="WIB")


def test_parts_that_do_not_end_with_our_trailer_are_refused(office, compiled):
    document = office.signed(compiled)
    for parts in ((), (document.parts[0] + b"\n",), (document.parts[0][:-1],)):
        with pytest.raises(RevisionRefused):
            append_archive(replace(document, parts=parts), sign=lambda _: b"\x30\x00")


def test_a_foreign_prefix_is_refused():
    with pytest.raises(RevisionRefused):
        read_base(b"%PDF-1.7\n")


def test_a_token_that_outgrew_its_hole_is_refused(office, compiled):
    with pytest.raises(SignatureTooLarge):
        append_archive(office.signed(compiled), sign=lambda _: b"\x30" * 5000)


def test_a_base_read_again_from_the_stored_prefix_gives_the_same_revision(office, compiled):
    document = office.signed(compiled, PERSON)
    again = FileParts(read_base(compiled.prefix), document.parts)
    made = [append_archive(parts, sign=lambda digest: digest) for parts in (document, again)]
    assert made[0] == made[1]
