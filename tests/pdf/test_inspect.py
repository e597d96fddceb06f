import io
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pikepdf
import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.pdf.inspect import Inspection, inspect
from app.pki import crl, keyring
from app.pki.parsed_certificate import parse
from tests.pdf.signed_documents import CODE, INSTITUTION, PASSPHRASE, Office, new_authority

NOW = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=800)
CODES = {
    "file.structure",
    "signature.byte_range",
    "signature.digest",
    "signature.value",
    "signer.certificate",
    "signature.timestamp",
    "e_seal",
    "archive.timestamp",
    "changes.after_signing",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office(new_authority(tmp_path_factory.mktemp("inspect") / "keys", NOW), NOW)


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


def look(office: Office, data: bytes, now: datetime = LATER) -> Inspection:
    return inspect(data, trust_roots=[office.authority.root], now=now)


def failed(found: Inspection) -> set[str]:
    return {check.code for check in found.checks if check.result == "failed"}


def holes(data: bytes):
    return [(int(m[1]), int(m[2])) for m in re.finditer(rb"/ByteRange\[0 (\d+) (\d+)", data)]


def put(data: bytes, hole: tuple[int, int], encoded: bytes) -> bytes:
    start, end = hole
    return data[: start + 1] + encoded.hex().encode().ljust(end - start - 2, b"0") + data[end - 1 :]


@pytest.mark.parametrize("now", [NOW + timedelta(minutes=1), LATER], ids=["at once", "two years later"])
def test_every_honest_state_passes_every_check_that_applies(office, now):
    signed = office.signed()
    countersigned = office.countersigned(signed)
    sealed = office.sealed(countersigned)
    for document, absent, levels in (
        (signed, {"e_seal", "archive.timestamp"}, ["B-T"]),
        (countersigned, {"e_seal", "archive.timestamp"}, ["B-T"] * 2),
        (sealed, {"archive.timestamp"}, ["B-T"] * 3),
        (office.archived(sealed), set(), ["B-LTA"] * 3),
        (office.archived(office.sealed(signed), crls=True), set(), ["B-LTA"] * 2),
    ):
        found = look(office, document.data, now)
        assert (found.ours, found.reason, found.document_code) == (True, None, CODE)
        assert {check.code for check in found.checks} == CODES
        assert {check.code for check in found.checks if check.result != "passed"} == absent
        assert [signer.level for signer in found.signers] == levels
        assert all(signer.trusted and signer.signed_at == NOW for signer in found.signers)


def test_the_signer_is_told_from_the_certificate(office, complete):
    signer, official, seal = look(office, complete).signers
    assert (signer.kind, signer.name, signer.nip) == ("signer", "Nurʿaini Çelebi, S.Kom.", "198501012010012003")
    assert (signer.organisation, signer.opd) == ("Pemerintah Kota Contoh", "Dinas Pendidikan")
    assert (official.kind, official.name) == ("countersigner", "Dr. Łukasz Hartono, S.H., M.Hum.")
    assert (seal.kind, seal.name, seal.nip) == ("e_seal", "Segel Elektronik Pemerintah Kota Contoh", "")


async def test_it_works_inside_a_running_loop(office, complete):
    assert not failed(look(office, complete))


@given(st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_anywhere_fails_a_check(office, complete, data):
    flipped = bytearray(complete)
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = look(office, bytes(flipped))
    assert found.reason is None
    assert failed(found)


def test_bits_that_no_signature_covers_fail_a_check(office):
    """In the hole of a last signature: version, algorithms, the chain's certificates, the token, the padding."""
    signed = office.signed().data
    start, end = holes(signed)[-1]
    filled = len(signed[start + 1 : end - 1].rstrip(b"0"))
    for position in [*range(start + 1, start + filled, 97), end - 2]:
        flipped = bytearray(signed)
        flipped[position] = ord("1") if flipped[position] != ord("1") else ord("2")
        assert failed(look(office, bytes(flipped))), position - start


def test_another_root_fails_the_certificate_and_stays_ours(office, complete, tmp_path):
    other = new_authority(tmp_path / "keys", NOW)
    found = inspect(complete, trust_roots=[other.root], now=LATER)
    assert (found.ours, found.reason) == (True, None)
    assert {"signer.certificate", "signature.timestamp", "e_seal", "archive.timestamp"} <= failed(found)
    assert not any(signer.trusted for signer in found.signers)
    assert failed(inspect(complete, trust_roots=[], now=LATER))


def test_a_forgers_own_authority_of_the_same_name_is_not_believed(office, tmp_path):
    forger = Office(new_authority(tmp_path / "keys", NOW), NOW)
    assert "signer.certificate" in failed(look(office, forger.complete().data))


def test_a_signature_moved_into_another_persons_document_fails(office):
    first, second = office.signed("Siti Aminah").data, office.signed("Budi Santoso").data
    start, end = holes(second)[0]
    (hole,) = holes(first)
    moved = first[: hole[0]] + second[start:end] + first[hole[1] :]
    assert "signature.digest" in failed(look(office, moved))


def test_a_swapped_public_key_and_signature_fails(office):
    """A signature of somebody certified, but over other attributes than this document's."""
    signed = office.signed().data
    (hole,) = holes(signed)
    honest = office.cms(sha256(b"other").digest(), office.authority.e_seal_key, "Budi", "198501012010012003")
    assert "signature.digest" in failed(look(office, put(signed, hole, honest)))


def test_a_person_in_the_field_of_the_seal_fails(office):
    sealed = office.sealed(office.signed()).data
    hole = holes(sealed)[-1]
    digest = sha256(sealed[: hole[0]] + sealed[hole[1] :]).digest()
    person = office.cms(digest, office.authority.e_seal_key, "Budi Santoso", "198501012010012003")
    assert failed(look(office, put(sealed, hole, person))) == {"e_seal"}


def test_the_seal_in_the_field_of_a_person_fails(office):
    signed = office.signed()
    (hole,) = holes(signed.data)
    seal = office.authority.e_seal_sign(signed.digest, NOW)
    assert failed(look(office, put(signed.data, hole, seal))) == {"signer.certificate"}


@pytest.mark.parametrize("minutes", [-5, 15])
def test_a_token_outside_the_certificates_life_fails(office, minutes):
    document = office.signed(at=NOW + timedelta(minutes=minutes))
    assert "signer.certificate" in failed(look(office, document.data))


def updated(data: bytes, change) -> bytes:
    """`data` with an appended revision in which `change` did something."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def replace_text(writer):
    page = writer.root["/Pages"]["/Kids"][0]
    reference = page["/Contents"].raw_get(1)
    stream = generic.StreamObject(stream_data=b"BT/R 12 Tf 90 700 Td<00530061006c00610068>Tj ET")
    writer.objects[(reference.generation, reference.idnum)] = stream


def overlay(writer):
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/Square"),
            generic.pdf_name("/IC"): generic.ArrayObject([generic.NumberObject(1)] * 3),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (60, 300, 500, 700))),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])


def fewer_fields(writer):
    """The hiding kind of shadow attack: what was signed is simply no longer shown."""
    del writer.root["/AcroForm"]["/Fields"][-1]
    writer.update_container(writer.root["/AcroForm"]["/Fields"])


def nothing(writer):
    writer.add_object(generic.pdf_string("unused"))


@pytest.mark.parametrize("change", [replace_text, overlay, fewer_fields, nothing])
def test_an_appended_revision_fails(office, complete, change):
    for data in (complete, office.signed().data):
        assert failed(look(office, updated(data, change))) & {"changes.after_signing", "file.structure"}


@pytest.mark.parametrize("change", [replace_text, overlay])
def test_a_change_sealed_afterwards_still_fails(office, change):
    """An insider seals honestly over a changed document: its last signature covers the whole file."""
    changed = updated(office.signed().data, change)
    assert "changes.after_signing" in failed(look(office, append_foreign_signature(office, changed)))


def append_foreign_signature(office: Office, data: bytes) -> bytes:
    authority = office.authority
    raw = authority.e_seal_key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    registry = SimpleCertificateStore()
    registry.register(asn1_x509.Certificate.load(authority.issuing))
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(authority.e_seal_certificate),
        signing_key=keys.PrivateKeyInfo.load(raw),
        cert_registry=registry,
    )
    names = [m[1].decode() for m in re.finditer(rb"/FT/Sig/T\((\w+)\)", data)]
    field = "segel" if "segel" in names else "Signature1"
    metadata = signers.PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    return signers.PdfSigner(metadata, signer=signer).sign_pdf(writer).getvalue()


def test_another_makers_signature_under_our_root_is_examined(office, foreign):
    found = look(office, append_foreign_signature(office, foreign))
    assert (found.ours, found.reason) == (True, None)
    assert "signature.timestamp" in failed(found)


def test_another_makers_signature_under_another_root_is_not_ours(office, foreign, tmp_path):
    other = replace_authority(office, new_authority(tmp_path / "keys", NOW))
    found = look(office, append_foreign_signature(other, foreign))
    assert (found.ours, found.reason, found.checks) == (False, "file.not_ours", ())


def replace_authority(office: Office, authority):
    other = object.__new__(Office)
    other.__dict__ |= office.__dict__ | {"authority": authority}
    return other


def test_two_codes_in_one_file_are_no_code(office):
    one = office.signed().data
    other = office.signed(code="Z" * 22).data
    assert look(office, one).document_code == CODE
    assert look(office, one + other).document_code is None


def test_lists_of_today_keep_old_documents_valid_where_certificates_name_their_crl(tmp_path):
    folder = tmp_path / "keys"
    keyring.init_keys(folder, PASSPHRASE, institution=INSTITUTION, now=NOW, crl_base="https://pakta.contoh.go.id/crl")
    authority = keyring.load_keys(folder, PASSPHRASE).authority
    data = Office(authority, NOW).signed().data
    keyring.renew_crl(folder, PASSPHRASE, LATER)
    today = keyring.load_keys(folder, PASSPHRASE).authority.crls(LATER)
    assert not failed(inspect(data, trust_roots=[authority.root], now=NOW + timedelta(minutes=1)))
    assert not failed(inspect(data, trust_roots=[authority.root], now=LATER, crls=today))
    assert "signer.certificate" in failed(inspect(data, trust_roots=[authority.root], now=LATER))


def test_a_revoked_seal_fails(tmp_path):
    folder = tmp_path / "keys"
    keyring.init_keys(folder, PASSPHRASE, institution=INSTITUTION, now=NOW, crl_base="https://pakta.contoh.go.id/crl")
    authority = keyring.load_keys(folder, PASSPHRASE).authority
    office = Office(authority, NOW)
    data = office.sealed(office.signed()).data
    seal = parse(authority.e_seal_certificate)
    at = NOW + timedelta(days=1)
    revoked = crl.Revocation(seal.serial, NOW - timedelta(days=1), seal.not_after)
    dates = crl.CrlDates(at, at + timedelta(days=30))
    listed = crl.revocation_list(authority.issuer, number=2**40, dates=dates, revoked=[revoked])
    found = inspect(data, trust_roots=[authority.root], now=at, crls=(authority.root_crl, listed))
    assert "e_seal" in failed(found)
    assert "signer.certificate" not in failed(found)
