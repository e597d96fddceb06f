import pytest

from app.asn import standing


@pytest.mark.parametrize(
    ("stated", "flag", "nip_kind", "kind"),
    [
        ("PNS Daerah Kab/Kota", "P", "pns", "pns"),
        ("PNS Daerah Kab/Kota", "C", "pns", "cpns"),
        ("CPNS", "", "pns", "cpns"),
        ("PPPK", "", "pppk", "pppk"),
        ("PPPK Paruh Waktu", "", "pppk", "pppk_pw"),
        ("P3K", "", "pppk", "pppk"),
        ("Non ASN", "", "pns", "non_asn"),
        ("PPPK", "", "pns", "pppk"),
        ("", "", "pppk", "pppk"),
        ("", "", "pns", "pns"),
    ],
)
def test_employment_is_what_is_stated(stated, flag, nip_kind, kind):
    assert standing.employment(stated, flag, nip_kind) == kind


@pytest.mark.parametrize(
    ("stated", "kind", "printed", "titled"),
    [
        ("III/d", "pns", "III/d", "Penata Tingkat I, III/d"),
        ("iv/A", "pns", "IV/a", "Pembina, IV/a"),
        ("Penata Muda - III/a", "cpns", "III/a", "Penata Muda, III/a"),
        ("IIIb", "pns", "III/b", "Penata Muda Tingkat I, III/b"),
        ("IX", "pppk", "Golongan IX", "Golongan IX"),
        ("Golongan XVII", "pppk_pw", "Golongan XVII", "Golongan XVII"),
        ("9", "pppk", "Golongan IX", "Golongan IX"),
        ("V/e", "pns", "", ""),
        ("III/e", "pns", "", ""),
        ("XVIII", "pppk", "", ""),
        ("", "pppk", "", ""),
    ],
)
def test_a_grade_is_printed_as_on_letters(stated, kind, printed, titled):
    assert standing.grade(stated, kind) == printed
    assert standing.grade_title(printed) == titled


def test_legal_status_is_that_of_active_staff_when_not_stated():
    assert [standing.legal_status("", kind) for kind in ("pns", "cpns", "pppk", "pppk_pw", "non_asn")] == [
        "01",
        "01",
        "71",
        "71",
        "",
    ]
    assert standing.legal_status("3", "pns") == "03"


def test_kind_of_position_comes_from_code_or_name():
    assert standing.position_kind("2", "Struktural") == "2"
    assert [
        standing.position_kind("", name) for name in ("Struktural", "Fungsional Tertentu", "FUNGSIONAL UMUM", "?")
    ] == ["1", "2", "4", ""]


def test_sex_is_read_from_both_spellings():
    assert [standing.sex(stated) for stated in ("M", "F", "L", "P", "Laki-laki", "Perempuan", "")] == [
        "male",
        "female",
        "male",
        "female",
        "male",
        "female",
        "",
    ]
