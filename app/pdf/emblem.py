"""The institution's emblem: an uploaded PNG, checked, made flat and small, and written as an image object.

Transparency is flattened on white, the paper's colour: no soft mask, so nothing for ISO 19005-2 6.2.10 to ask. SVG is refused: no
library we embed draws it faithfully, and a picture that differs from the official emblem is worse than none.
"""

import io
import warnings
from functools import lru_cache

from PIL import Image

from app.pdf.errors import EmblemRefused
from app.pdf.syntax import stream

MOST_BYTES = 2 << 20
MOST_PIXELS = 16_000_000
FEWEST_SIDE = 100
_KEPT_SIDE = 400  # at 22 mm this is 460 dpi
_PNG = b"\x89PNG\r\n\x1a\n"


def read_emblem(data: bytes) -> bytes:
    """The emblem as it is kept: an RGB PNG of at most 400 pixels a side. Raises `EmblemRefused`."""
    if len(data) > MOST_BYTES:
        raise EmblemRefused("bytes", f"{len(data) / 1e6:.1f} MB")
    if not data.startswith(_PNG):
        head = data[:500].lstrip().lower()
        raise EmblemRefused("svg" if b"<svg" in head or head.startswith(b"<?xml") else "not_png")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
                if opened.width * opened.height > MOST_PIXELS or min(opened.size) < FEWEST_SIDE:
                    raise EmblemRefused("pixels", f"{opened.width} × {opened.height}")
                picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise EmblemRefused("broken") from error
    picture.thumbnail((_KEPT_SIDE, _KEPT_SIDE), Image.Resampling.LANCZOS)
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    written = io.BytesIO()
    flat.save(written, "PNG", optimize=True)
    return written.getvalue()


@lru_cache(maxsize=8)
def emblem_image(kept: bytes) -> tuple[int, int, bytes]:
    """(width, height in pixels, image object) of what `read_emblem` returned (ISO 32000-1 8.9.5)."""
    try:
        with Image.open(io.BytesIO(kept), formats=["PNG"]) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise EmblemRefused("broken") from error
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB" % picture.size
    return picture.width, picture.height, stream(picture.tobytes(), entries)
