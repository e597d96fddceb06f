"""The institution's emblem: an uploaded PNG or SVG, checked, made flat and small, and written as an image object.

Transparency is flattened on white, the paper's colour: no soft mask, so nothing for ISO 19005-2 6.2.10 to ask. An SVG is drawn once by
resvg; what depends on anything outside the file, on fonts above all, is refused, because a picture that differs from the official
emblem is worse than none.
"""

import io
import warnings
from functools import lru_cache
from xml.etree import ElementTree as ET

from PIL import Image
from resvg_py import svg_to_bytes

from app.pdf.errors import EmblemRefused
from app.pdf.syntax import stream

MOST_BYTES = 2 << 20
MOST_PIXELS = 16_000_000
FEWEST_SIDE = 100
_KEPT_SIDE = 400  # at 22 mm this is 460 dpi
_PNG = b"\x89PNG\r\n\x1a\n"
_USE = "{http://www.w3.org/2000/svg}use"
_DEPENDENT = frozenset({"image", "feImage", "text", "script", "foreignObject"})
_MOST_ELEMENTS = 20_000


def read_emblem(data: bytes) -> bytes:
    """The emblem as it is kept: an RGB PNG of at most 400 pixels a side. Raises `EmblemRefused`."""
    if len(data) > MOST_BYTES:
        raise EmblemRefused("bytes", f"{len(data) / 1e6:.1f} MB")
    if not data.startswith(_PNG):
        data = _drawn(data)
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


def _drawn(data: bytes) -> bytes:
    """The PNG of an SVG, twice as large as it is kept."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EmblemRefused("not_picture") from error
    if "<!ENTITY" in text:
        raise EmblemRefused("svg", "<!ENTITY>")
    try:
        root = ET.fromstring(text)  # noqa: S314 - entities are refused above, external ones are never read
    except ET.ParseError as error:
        raise EmblemRefused("not_picture") from error
    if not root.tag.endswith("svg"):
        raise EmblemRefused("not_picture")
    _refuse_dependent(root)
    try:
        return svg_to_bytes(svg_string=text, height=2 * _KEPT_SIDE, skip_system_fonts=True, background="#ffffff")
    except ValueError as error:
        raise EmblemRefused("broken") from error


def _refuse_dependent(root: ET.Element) -> None:
    """Refuse what is not drawn from the file alone, and uses within uses, which can stand for millions of shapes."""
    for number, element in enumerate(root.iter()):
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        linked = [value for key, value in element.attrib.items() if key.rpartition("}")[2] == "href"]
        if name in _DEPENDENT or number > _MOST_ELEMENTS or any(not value.startswith("#") for value in linked):
            raise EmblemRefused("svg", f"<{name}>")
    targets = {value[1:] for use in root.iter(_USE) for key, value in use.attrib.items() if key.endswith("href")}
    if any(element.get("id") in targets and element.find(f".//{_USE}") is not None for element in root.iter()):
        raise EmblemRefused("svg", "<use>")


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
