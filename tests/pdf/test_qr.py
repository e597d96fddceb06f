import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.pdf.qr import qr_table

LEADING = "https://pakta.contoh.go.id/v/"
TABLE = qr_table(LEADING, 22)
codes = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=22, max_size=22)


def _modules(image: bytes, side: int, stride: int) -> list[list[int]]:
    rows = [int.from_bytes(image[y * stride : (y + 1) * stride], "big") >> (8 * stride - side) for y in range(side)]
    return [[row >> (side - 1 - x) & 1 for x in range(side)] for row in rows]


@given(code=codes)
def test_the_table_draws_bit_for_bit_what_segno_draws(code):
    expected = segno.make_qr(LEADING + code, error="m", mode="byte", mask=2, boost_error=False)
    modules = _modules(TABLE.image(code.encode()), TABLE.side, TABLE.stride)
    assert [row[2:-2] for row in modules[2:-2]] == [list(row) for row in expected.matrix]
    assert not any(modules[0] + modules[1] + modules[-1] + modules[-2])


def test_a_reader_decodes_it():
    code = "Ab3dEf6hIj9lMn2pQr5tUv"
    image = Image.frombytes("1", (TABLE.side, TABLE.side), TABLE.image(code.encode()), "raw", "1;I")
    page = Image.new("L", (400, 400), 255)
    page.paste(image.resize((TABLE.side * 6, TABLE.side * 6)).convert("L"), (40, 40))
    assert [found.text for found in zxingcpp.read_barcodes(page)] == [LEADING + code]


def test_a_code_of_another_length_is_refused():
    with pytest.raises(ValueError, match="21 characters"):
        TABLE.image(b"A" * 21)
