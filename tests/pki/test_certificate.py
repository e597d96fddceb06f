import subprocess
import warnings
from datetime import timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from app.pki import der
from app.pki.certificate import LONGEST_NAME, Subject, signer_certificate
from app.pki.errors import LifetimeRefused, PublicKeyRefused, SubjectRefused
from app.pki.parsed_certificate import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=LONGEST_NAME).filter(str.strip)


def reference_tbs(authority, subject, spki_key, serial, start, end):
    """What `cryptography` would sign for the same inputs."""
    parts = [
        (NameOID.COUNTRY_NAME, "ID"),
        (NameOID.ORGANIZATION_NAME, subject.institution),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, subject.opd),
        (NameOID.COMMON_NAME, subject.name),
        (NameOID.SERIAL_NUMBER, subject.nip),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of names over 64 characters
        name = x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in parts])
    issuing = x509.load_der_x509_certificate(authority.issuing)
    key = authority.issuer.key.private
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuing.subject)
        .public_key(spki_key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    usages = [ObjectIdentifier("1.3.6.1.5.5.7.3.36"), ExtendedKeyUsageOID.EMAIL_PROTECTION]
    for extension, critical in [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(True, True, *[False] * 7), True),
        (x509.ExtendedKeyUsage(usages), False),
        (x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.56"), b"\x05\x00"), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
        (x509.SubjectKeyIdentifier.from_public_key(spki_key), False),
    ]:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256()).tbs_certificate_bytes


@given(TEXTS, TEXTS, TEXTS, st.from_regex(r"\A[0-9]{18}\Z"), st.integers(1, 2**127), st.integers(0, 900))
def test_a_certificate_is_byte_for_byte_that_of_cryptography(authority, device, now, o, ou, cn, nip, serial, life):
    subject = Subject(o, ou, cn, nip)
    start, end = now, now + timedelta(seconds=max(1, life))
    ours = signer_certificate(authority.issuer, subject, device.spki, serial=serial, not_before=start, not_after=end)
    public = device.private.public_key()
    assert parse(ours).tbs == reference_tbs(authority, subject, public, serial, start, end)


def test_the_whole_certificate_is_read_and_verified_by_others(authority, device, subject, now):
    ours = authority.issue(subject, device.spki, now)
    certificate = x509.load_der_x509_certificate(ours)
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(authority.issuing))
    assert asn1_x509.Certificate.load(ours).dump(force=True) == ours
    assert decode_dss_signature(certificate.signature)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life == timedelta(minutes=11)
    assert certificate.not_valid_before_utc == now - timedelta(minutes=1)


def test_our_own_reader_finds_what_was_written(authority, device, subject, now):
    parsed = parse(authority.issue(subject, device.spki, now))
    assert parsed.spki == device.spki
    assert parsed.issuer == authority.issuer.name
    found = [parsed.text(key) for key in ("organization", "unit", "name", "serial_number")]
    assert found == [subject.institution, subject.opd, subject.name, subject.nip]


def test_a_name_longer_than_the_upper_bound_is_kept_whole_and_accepted_by_openssl(authority, device, now, tmp_path):
    name = "Raden Ajeng Siti Nurhaliza Kusumawardhani Prawirodirdjo binti Abdurrahman Wahid, S.Kom., M.Si., Ph.D."
    certificate = authority.issue(Subject("Instansi", "Dinas", name, "198501012010012003"), device.spki, now)
    for file, content in (("root", authority.root), ("issuing", authority.issuing), ("signer", certificate)):
        pem = x509.load_der_x509_certificate(content).public_bytes(Encoding.PEM)
        (tmp_path / file).write_bytes(pem)
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(now.timestamp()))]
    command += ["-CAfile", "root", "-untrusted", "issuing", "signer"]
    result = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(name) > 64
    assert result.stdout == "signer: OK\n", result.stderr
    assert parse(certificate).text("name") == name


@pytest.mark.parametrize("field", ["institution", "opd", "name", "nip"])
@pytest.mark.parametrize("value", ["", "   \n", "a\0b", "x" * 257])
def test_a_person_who_cannot_be_named_is_refused(subject, field, value):
    parts = {"institution": "I", "opd": "O", "name": "N", "nip": "1"} | {field: value}
    with pytest.raises(SubjectRefused):
        Subject(**parts)


def test_a_nip_outside_the_printable_alphabet_is_refused():
    with pytest.raises(SubjectRefused):
        Subject("I", "O", "N", "١٢٣")


def test_a_life_beyond_fifteen_minutes_or_none_is_refused(authority, device, subject, now):
    for life in (timedelta(minutes=14, seconds=1), timedelta(minutes=-1)):
        with pytest.raises(LifetimeRefused):
            authority.issue(subject, device.spki, now, life=life)
    assert authority.issue(subject, device.spki, now, life=timedelta(minutes=14))


def test_a_key_that_is_no_p256_point_is_not_certified(authority, subject, now):
    with pytest.raises(PublicKeyRefused):
        authority.issue(subject, authority.issuer.key.spki[:-1] + b"\0\0", now)


def test_serial_numbers_are_positive_random_and_of_one_length(authority, device, subject, now):
    serials = {parse(authority.issue(subject, device.spki, now)).serial for _ in range(50)}
    assert len(serials) == 50
    assert all(len(der.integer(serial)) == 18 for serial in serials)
