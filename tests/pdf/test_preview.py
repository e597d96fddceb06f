import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageChops

from app.pdf.preview import page_png


def test_a_page_is_drawn_with_its_marks(states):
    signed = Image.open(io.BytesIO(page_png(states["signed"], dpi=72)))
    sealed = Image.open(io.BytesIO(page_png(states["sealed"], dpi=72)))
    assert signed.size == (610, 936)
    changed = ImageChops.difference(signed.convert("L"), sealed.convert("L")).histogram()[1:]
    assert sum(changed) > 200  # the marks of official and institution


def test_threads_draw_the_same_picture(states):
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: page_png(states["signed"], dpi=40), range(8)))
    assert len(drawn) == 1


def test_a_page_that_is_not_there_is_an_index_error(states):
    with pytest.raises(IndexError):
        page_png(states["signed"], 2)
