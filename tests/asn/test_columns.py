import pytest

from app.asn.columns import Column, Form, recognise
from tests.asn.rosters import SHORT, SIASN


def test_both_forms_are_complete():
    assert len(SIASN) == 69
    assert (recognise(SIASN).form, recognise(SIASN).missing) == (Form.SIASN, ())
    assert (recognise(SHORT).form, recognise(SHORT).missing) == (Form.SHORT, ())
    assert len(recognise(SHORT).places) == 11


def test_case_spaces_and_punctuation_do_not_count():
    header = recognise([" nip\u00a0baru ", "Nama", "Jenis_Pegawai_Nama", "UNOR  ID", 5, None])
    assert (header.form, header.missing, header.label(Column.NIP)) == (Form.SIASN, (), "nip baru")


def test_the_private_address_of_siasn_is_not_the_official_one():
    assert SIASN[recognise(SIASN).places[Column.EMAIL]] == "EMAIL GOV"
    assert SHORT[recognise(SHORT).places[Column.EMAIL]] == "EMAIL"


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        (("NIP BARU", "NAMA", "UNOR NAMA"), ("JENIS PEGAWAI NAMA", "UNOR ID")),
        (("NIP", "NAMA", "GOLONGAN"), ("STATUS", "NAMA UNOR")),
    ],
)
def test_missing_columns_are_named_as_the_form_spells_them(row, missing):
    assert recognise(row).missing == missing


def test_of_two_like_columns_the_first_counts():
    assert recognise(["NAMA", "NIP", "nip", "STATUS"]).places[Column.NIP] == 1


@pytest.mark.parametrize(
    "row", [[], ["DAFTAR PEGAWAI"], ["NIP", "NAMA"], ["GOLONGAN", "STATUS", "EMAIL"], [1, 2.0, None, True]]
)
def test_titles_and_data_are_no_header(row):
    assert recognise(row) is None
