"""Slips laid out: eight cards on a sheet of A4, each unit on sheets of its own, with lines to cut along.

Every card is a section of the structure tree (ISO 14289-1); lines to cut along are artifacts. All lengths are points from the lower
left corner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from app.core.texts import text
from app.identity.slips.code import SlipPress, grouped
from app.pdf import content
from app.pdf.content import BOLD, REGULAR
from app.pdf.errors import DoesNotFit
from app.pdf.font import CHARACTERS
from app.pdf.structure import DOCUMENT, StructureTree
from app.pdf.syntax import number, rectangle, text_string
from app.pdf.typesetter import Typesetter, load_typesetters, tidy

WIDTH, HEIGHT = 595.28, 841.89
COLUMNS, ROWS = 2, 4
_MARGIN, _HEAD = 28.0, 42.0
_CARD = ((WIDTH - 2 * _MARGIN) / COLUMNS, (HEIGHT - 2 * _MARGIN - _HEAD) / ROWS)
_PAD = 12.0
_QR = 94.0


@dataclass(frozen=True, slots=True)
class Card:
    """One slip as it is handed out; its code is stored only keyed."""

    employee_id: UUID
    name: str
    unit: str
    agency: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LaidSlips:
    """Finished sheets: the operators of each, and the tree they belong to."""

    pages: list[bytes]
    tree: StructureTree


def lay(cards: Sequence[Card], press: SlipPress, until: str) -> LaidSlips:
    """Return the sheets of cards in the order given; `until` is the last day in words."""
    tree = StructureTree()
    sheets = list(_sheets(cards))
    pages = []
    for index, sheet in enumerate(sheets):
        if index:
            tree.turn_page()
        drawn = [_heading(tree, sheet[0], index + 1, len(sheets)), _cuts()]
        drawn += [_card(tree, card, place, press, until) for place, card in enumerate(sheet)]
        pages.append(b"".join(drawn))
    return LaidSlips(pages, tree)


def _sheets(cards: Sequence[Card]) -> Iterator[list[Card]]:
    """Cards of one unit after the other, so that a unit's sheets can be handed on as they are."""
    for _, of_unit in groupby(cards, key=lambda card: (card.agency, card.unit)):
        waiting = list(of_unit)
        for first in range(0, len(waiting), COLUMNS * ROWS):
            yield waiting[first : first + COLUMNS * ROWS]


def _printable(words: str) -> str:
    return "".join(character if character in CHARACTERS else "?" for character in tidy(words))


def _wrapped(setter: Typesetter, words: str, size: float, room: float, most: int) -> list[str]:
    """Lines of a text; what takes more than `most` ends in an ellipsis, a word wider than the room is broken."""
    told = _printable(words)
    try:
        lines = setter.wrap("", told, size, room)
    except DoesNotFit:
        count = max(1, int(len(told) * room / setter.points(told, size)) - 1)
        lines = [told[at : at + count] for at in range(0, len(told), count)]
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1].rstrip()}…"]


def _heading(tree: StructureTree, card: Card, page: int, pages: int) -> bytes:
    bold, regular = load_typesetters().bold, load_typesetters().regular
    y = HEIGHT - _MARGIN - 10
    (unit,) = _wrapped(bold, card.unit, 11, WIDTH - 2 * _MARGIN - 60, 1)[:1]
    shown = tree.mark(DOCUMENT, b"H1") + content.text_line(BOLD, 11, _MARGIN, y, unit) + b"EMC\n"
    told = card.agency if card.agency != card.unit else ""
    line = _wrapped(regular, f"{text('slip.keep')} {told}".strip(), 8, WIDTH - 2 * _MARGIN, 1)[0]
    shown += tree.mark(DOCUMENT, b"P") + content.text_line(REGULAR, 8, _MARGIN, y - 13, line) + b"EMC\n"
    count = f"{page} / {pages}"
    right = WIDTH - _MARGIN - regular.points(count, 8)
    return shown + b"/Artifact BMC\n" + content.text_line(REGULAR, 8, right, y, count) + b"EMC\n"


def _cuts() -> bytes:
    width, height = _CARD
    top, bottom = HEIGHT - _MARGIN - _HEAD, _MARGIN
    lines = [(_MARGIN, bottom + row * height, WIDTH - _MARGIN, bottom + row * height) for row in range(ROWS + 1)]
    lines += [(_MARGIN + col * width, bottom, _MARGIN + col * width, top) for col in range(COLUMNS + 1)]
    drawn = b"".join(b"%s %s m %s %s l S\n" % tuple(map(number, line)) for line in lines)
    return b"/Artifact BMC\nq 0.4 w 0.6 G [3 3] 0 d\n" + drawn + b"Q\nEMC\n"


def _card(tree: StructureTree, card: Card, place: int, press: SlipPress, until: str) -> bytes:
    width, height = _CARD
    left = _MARGIN + place % COLUMNS * width + _PAD
    top = HEIGHT - _MARGIN - _HEAD - place // COLUMNS * height - _PAD
    room = width - 2 * _PAD
    section = tree.add(DOCUMENT, b"Sect")
    setters = load_typesetters()
    beside = room - _QR - 8
    steps = (
        (REGULAR, 7.0, 8.6, _wrapped(setters.regular, press.settings.institution, 7, beside, 2)),
        (BOLD, 11.5, 13.6, _wrapped(setters.bold, card.name, 11.5, beside, 3)),
        (REGULAR, 8.0, 9.8, _wrapped(setters.regular, card.unit, 8, beside, 2)),
        (BOLD, 15.0, 19.0, [grouped(card.code)]),
        (REGULAR, 8.0, 10.0, _wrapped(setters.regular, text("slip.until", day=until), 8, beside, 1)),
    )
    shown, y = [], top
    for name, size, lead, lines in steps:
        y -= lead
        at = b"".join(content.text_line(name, size, left, y - i * lead, line) for i, line in enumerate(lines))
        shown.append(tree.mark(section, b"P") + at + b"EMC\n")
        y -= (len(lines) - 1) * lead + 3
    shown.append(_qr(tree, section, card, left + room - _QR, top - _QR, press))
    address = press.leading.removesuffix("/").removeprefix("https://").removeprefix("http://")
    how = _wrapped(setters.regular, text("slip.how", address=address), 7.5, room, 4)
    y = min(y, top - _QR) - 10
    at = b"".join(content.text_line(REGULAR, 7.5, left, y - i * 9.4, line) for i, line in enumerate(how))
    return b"".join(shown) + tree.mark(section, b"P") + at + b"EMC\n"


def _qr(tree: StructureTree, section: int, card: Card, x: float, y: float, press: SlipPress) -> bytes:
    """The QR code as an inline image (ISO 32000-1 8.9.7), in hexadecimal so that no reader mistakes a byte for its end."""
    table = press.qr
    figure = tree.mark(
        section,
        b"Figure",
        b"/Alt%s/A<</O/Layout/Placement/Block/BBox%s>>"
        % (text_string(text("slip.qr")), rectangle((x, y, x + _QR, y + _QR))),
    )
    side, corner = number(_QR), (number(x), number(y))
    image = b"BI /W %d /H %d /BPC 1 /CS /G /D [1 0] /F /AHx ID\n%s>\nEI" % (
        table.side,
        table.side,
        table.image(card.code.encode()).hex().encode(),
    )
    return figure + b"q %s 0 0 %s %s %s cm\n%s\nQ\nEMC\n" % (side, side, *corner, image)
