"""Evidence is known by its content: what only calls itself PDF, JPEG or PNG is refused."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.obligation.errors import EvidenceRefused
from app.obligation.exemption.evidence import media_type

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "white").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [(PDF, "application/pdf"), (picture("JPEG"), "image/jpeg"), (picture("PNG"), "image/png")],
)
def test_real_files_are_known(data: bytes, expected: str) -> None:
    assert media_type(data) == expected


@pytest.mark.parametrize("data", [PDF, picture("JPEG"), picture("PNG")])
def test_half_a_file_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        media_type(data[: len(data) // 2])


def test_a_picture_with_a_damaged_header_or_of_another_kind_is_refused() -> None:
    damaged = bytearray(picture("PNG"))
    damaged[17] ^= 1
    for data in (b"", bytes(damaged), picture("GIF"), b"<html>%PDF-1.7 %%EOF", b"MZ" + PDF):
        with pytest.raises(EvidenceRefused):
            media_type(data)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"])
)
def test_no_bytes_do_worse_than_be_refused(data: bytes, start: bytes) -> None:
    with suppress(EvidenceRefused):
        media_type(start + data)
