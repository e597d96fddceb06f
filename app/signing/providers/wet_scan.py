"""A pledge signed by hand on paper and scanned: no signature of ours, no certificate; a picture that an officer looks at.

What is checked here is form: a PDF of a few pages or a JPEG or PNG, of a bounded size, readable to its end, and holding nothing that
acts or hides: no script, no launch, no embedded file, no form, no encryption, no bytes after its end. It becomes a plain PDF; of a
PDF only pictures of its pages are kept, so nothing that was hidden in it is stored or served.
"""

import asyncio
import io
import re
from datetime import datetime
from typing import Any

import pypdfium2
from PIL import Image, UnidentifiedImageError

from app.signing.providers.base import Given, ScannedPage, Sheet, Signer, Takes, Traits
from app.signing.providers.errors import ScanRefused, SecretMissing

MOST_PAGES = 10
MOST_PIXELS = 60_000_000  # A4 at 600 dpi in both directions is 35 million
LEAST_SIDE = 500  # pixels: less shows no name
_DPI = 150
pdfium: Any = pypdfium2  # has no types
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png"}
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|OpenAction|AA|XFA|RichMedia|Encrypt)(?![A-Za-z])")
_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)  # pixels may spell anything
_MAGIC = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class WetScanProvider:
    """Takes a scan for each sheet; that it shows the right signature is for a person to say."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.traits = Traits("wet_scan", Takes.SCAN, "wet_scan", "paper", most=1, own_ceremony=True)
        self.roots: tuple[bytes, ...] = ()

    async def sign(
        self,
        signer: Signer,  # noqa: ARG002 - whose hand it is, a person judges
        sheets: tuple[Sheet, ...],
        given: Given,
        *,
        at: datetime,  # noqa: ARG002 - paper has no time
    ) -> tuple[ScannedPage, ...]:
        """The scans in the form they are kept in; raises `ScanRefused`."""
        if len(given.scans) != len(sheets):
            raise SecretMissing(needed="scan")
        return tuple([await asyncio.to_thread(take_in, scan, self._most_bytes) for scan in given.scans])

    async def look_again(self, signer: Signer, reference: str) -> None:
        """A scan is here or it is not."""


def take_in(data: bytes, most_bytes: int) -> ScannedPage:
    """Check a scan's form and return it as a plain PDF; raises `ScanRefused`, whose `reason` is a stable word."""
    if len(data) > most_bytes:
        raise ScanRefused(reason="too_large")
    if not data.startswith(_MAGIC):
        raise ScanRefused(reason="type")
    if data.startswith(b"%PDF-"):
        return ScannedPage(_as_pdf(_pages(data)), "application/pdf")
    picture, media_type = _picture(data)
    return ScannedPage(_as_pdf([picture]), media_type)


def _picture(data: bytes) -> tuple[Image.Image, str]:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_FORMATS)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ScanRefused(reason="too_many_pixels")
            if min(opened.size) < LEAST_SIDE:
                raise ScanRefused(reason="too_small")
            opened.load()
            return opened.convert("RGB"), _FORMATS[opened.format or ""]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ScanRefused(reason="unreadable") from None


def _pages(data: bytes) -> list[Image.Image]:
    if _ACTIVE.search(_STREAM.sub(b"", data)):
        raise ScanRefused(reason="active_content")
    if b"%%EOF" not in data[-1024:]:
        raise ScanRefused(reason="unreadable")
    try:
        opened = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        raise ScanRefused(reason="unreadable") from None
    try:
        if not 0 < len(opened) <= MOST_PAGES:
            raise ScanRefused(reason="pages")
        return [_page(opened[number]) for number in range(len(opened))]
    except pdfium.PdfiumError:
        raise ScanRefused(reason="unreadable") from None
    finally:
        opened.close()


def _page(page: Any) -> Image.Image:
    width, height = page.get_size()
    scale = _DPI / 72
    if not 0 < width * height * scale * scale <= MOST_PIXELS:
        raise ScanRefused(reason="too_many_pixels")
    drawn: Image.Image = page.render(scale=scale).to_pil()
    return drawn.convert("RGB")


def _as_pdf(pictures: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    first, *rest = pictures
    first.save(out, "PDF", save_all=True, append_images=rest, resolution=_DPI, quality=85)
    return out.getvalue()
