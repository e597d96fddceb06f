"""Pictures of pages, drawn from the exact bytes that are signed."""

import io
from threading import Lock
from typing import Any

import pypdfium2
from PIL import Image

_SHADES = (
    16  # black text on white with a mark in colour needs no more, and 4 bits a pixel make a page a quarter of its size
)
PDFIUM = Lock()  # pdfium is not thread-safe: one call at a time in a process


def page_png(document: bytes, page: int = 1, *, dpi: int = 110) -> bytes:
    """Page `page` (from 1) of `document` with its form fields, as a PNG of 16 colours. Raises IndexError for a page it does not have."""
    with PDFIUM:
        library: Any = pypdfium2  # it carries no types
        opened = library.PdfDocument(document)
        try:
            opened.init_forms()
            if not 1 <= page <= len(opened):
                raise IndexError(page)
            image = opened[page - 1].render(scale=dpi / 72, may_draw_forms=True).to_pil()
        finally:
            opened.close()
    written = io.BytesIO()
    shades = image.convert("RGB").quantize(_SHADES, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    shades.save(written, "PNG", bits=4)
    return written.getvalue()


def page_photo(document: bytes, page: int = 1, *, width: int = 1400) -> tuple[bytes, int]:
    """Page `page` (from 1) of a scan as a JPEG of at most `width` pixels, and how many pages there are. Raises IndexError for none."""
    with PDFIUM:
        library: Any = pypdfium2
        opened = library.PdfDocument(document)
        try:
            pages = len(opened)
            if not 1 <= page <= pages:
                raise IndexError(page)
            shown = opened[page - 1]
            image = shown.render(scale=min(width / shown.get_size()[0], 300 / 72)).to_pil()
        finally:
            opened.close()
    written = io.BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=80)
    return written.getvalue(), pages
