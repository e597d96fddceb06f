"""Emblems: what is drawn faithfully is taken, whatever depends on anything else is refused with its reason."""

import io

import pytest
from PIL import Image

from app.pdf.emblem import emblem_image, read_emblem
from app.pdf.errors import EmblemRefused

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 120">'
SHIELD = f'{HEAD}<path d="M10 10h80v60l-40 40-40-40z" fill="#0a7d3c"/><use xlink:href="#s"/><circle id="s" cx="50" cy="45" r="20" fill="#f5c518"/></svg>'


def picture(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(read_emblem(svg.encode())))


def test_an_svg_is_drawn_on_white_in_its_own_proportions() -> None:
    drawn = picture(SHIELD)
    assert drawn.mode == "RGB"
    assert drawn.height == 400
    assert drawn.width == pytest.approx(400 * 100 / 120, abs=1)
    at = {
        name: drawn.getpixel((round(drawn.width * x / 100), round(drawn.height * y / 120)))
        for name, x, y in (("paper", 2, 2), ("shield", 15, 15), ("sun", 50, 45))
    }
    assert at == {"paper": (255, 255, 255), "shield": (10, 125, 60), "sun": (245, 197, 24)}
    assert emblem_image(read_emblem(SHIELD.encode()))[1] == 400


def test_the_same_svg_gives_the_same_bytes() -> None:
    assert read_emblem(SHIELD.encode()) == read_emblem(SHIELD.encode())


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<text>KOTA</text>", "<text>"),
        ('<image href="#x"/>', "<image>"),
        ('<use href="https://example.org/a.svg#x"/>', "<use>"),
        ('<path fill="red" href="file:///etc/hostname"/>', "<path>"),
        ("<script/>", "<script>"),
        ('<g id="a"><use href="#b"/></g><use href="#a"/><path id="b"/>', "<use>"),
        ("<g/>" * 20_001, "<g>"),
    ],
)
def test_what_depends_on_anything_but_the_file_is_refused(inside: str, named: str) -> None:
    with pytest.raises(EmblemRefused) as refused:
        read_emblem(f"{HEAD}{inside}</svg>".encode())
    assert (refused.value.code, refused.value.params["detail"]) == ("template.emblem_svg", named)


def test_entities_are_refused_before_they_are_expanded() -> None:
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + SHIELD
    with pytest.raises(EmblemRefused) as refused:
        read_emblem(laughs.encode())
    assert refused.value.code == "template.emblem_svg"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GIF89a", "not_picture"),
        (b"<html/>", "not_picture"),
        (b"\xff\xfe\x00", "not_picture"),
        (b"", "not_picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><path', "not_picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>', "broken"),
        (b" " * ((2 << 20) + 1), "bytes"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(EmblemRefused) as refused:
        read_emblem(data)
    assert refused.value.code == f"template.emblem_{code}"
