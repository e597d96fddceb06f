"""The recap on paper: what is printed, whose seal it carries, and the address at which its figures can be compared with the register."""

import base64
import binascii
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.compliance.recap import document, table
from app.compliance.recap.schemas import RecapRead
from app.compliance.recap.sheet import LEFT, RIGHT, Head, SheetBuilder
from app.compliance.recap.table import Value
from app.core.settings import ServiceSettings
from app.core.texts import text
from app.document.finishing import Prefixed, seal_all
from app.pdf.inputs import TrustMaterial
from app.pdf.revision import read_base
from app.pki.authority import Authority
from app.pledge.service import letterhead

_WIDTHS = {"number": 24.0, "name": 156.0, "pppk_pw": 48.0, "exempt": 54.0, "percent": 40.0, "last_signed_at": 72.0}
_NARROW = 40.0
_ANNEX_WIDTHS = (28.0, 190.0, 100.0, 200.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAC = 12


@dataclass(frozen=True)
class RecapPrinter:
    """What printing needs: the letterhead, the keys of the seal, and the secret that addresses of checks are made with."""

    settings: ServiceSettings
    authority: Authority
    secret: bytes

    def write(self, recap: RecapRead, agencies: frozenset[UUID] | None) -> bytes:
        """Return the sealed PDF. Its figures are those of the instant `recap.as_of`, so that they can be compared for ever.

        `agencies` are those the caller may see, None for all: the check shows no more than the paper does.
        """
        at = recap.as_of or recap.computed_at
        address = f"{self.settings.base_url}/rekap/{check_code(self.secret, recap.round_id, at, agencies)}"
        trust = self.authority.trust_material(recap.computed_at)
        made = document.build(
            _laid(recap, letterhead(self.settings)).finished(
                (text("recap.printed", at=table.told(recap.computed_at, recap)), text("recap.page"))
            ),
            title=f"{text('recap.title')} – {recap.round}",
            address=address,
            words=text("recap.check"),
            trust=TrustMaterial(trust.certificates, trust.crls),
            at=recap.computed_at,
        )
        file = Prefixed(made.prefix, read_base(made.prefix), (made.tail,))
        crls = self.authority.archive_crls(recap.computed_at)
        (sealed,) = seal_all([file], self.authority, self.settings, crls, now=recap.computed_at)
        return made.prefix + made.tail + sealed


def check_code(secret: bytes, round_id: UUID, at: datetime, agencies: frozenset[UUID] | None) -> str:
    """Return the code of a printed recap: round, instant and agencies, with a MAC, so that only what was printed can be asked."""
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    told = round_id.bytes + micros.to_bytes(8, "big") + b"".join(sorted(one.bytes for one in agencies or ()))
    told += b"\x01" if agencies is None else b"\x00"
    return base64.urlsafe_b64encode(told + _mac(secret, told)).rstrip(b"=").decode()


def read_check_code(secret: bytes, code: str) -> tuple[UUID, datetime, frozenset[UUID] | None] | None:
    """Return what a code was made of; None when it was not made here."""
    try:
        data = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    told, mac = data[:-_MAC], data[-_MAC:]
    if len(told) < 25 or not hmac.compare_digest(mac, _mac(secret, told)):
        return None
    at = _EPOCH + timedelta(microseconds=int.from_bytes(told[16:24], "big"))
    named = told[24:-1]
    agencies = frozenset(UUID(bytes=named[i : i + 16]) for i in range(0, len(named), 16))
    return UUID(bytes=told[:16]), at, None if told[-1] else agencies


def _mac(secret: bytes, told: bytes) -> bytes:
    return hmac.new(secret, told, "sha256").digest()[:_MAC]


def _laid(recap: RecapRead, lines: tuple[str, ...]) -> SheetBuilder:
    sheet = SheetBuilder(lines)
    as_of = text("recap.as_of", at=table.told(recap.as_of or recap.computed_at, recap))
    until = text("recap.until", at=table.told(recap.closes_at, recap))
    sheet.title([text("recap.title").upper(), recap.round, f"{as_of} · {until}"])
    columns = table.columns(recap)
    widths = [_WIDTHS.get(column.key, _NARROW) for column in columns[:-1]]
    widths.append(RIGHT - LEFT - sum(widths))
    kinds = text("recap.heading.kinds")
    heads = [
        Head(
            column.heading,
            width,
            right=column.key not in {"name", "note", "last_signed_at"},
            shared=kinds if column.of_kinds else "",
        )
        for column, width in zip(columns, widths, strict=True)
    ]
    cells = ([_told(row.get(column.key, 0), column.key) for column in columns] for row in table.rows(recap))
    sheet.table(heads, cells, total=True)
    if recap.annex is not None:
        sheet.heading(text("recap.annex.title", name=recap.annex.name))
        if recap.annex.people:
            sheet.table(_annex_heads(), _annex_rows(recap))
        else:
            sheet.paragraph(text("recap.annex.nobody"))
    return sheet


def _annex_heads() -> list[Head]:
    widths = (*_ANNEX_WIDTHS, RIGHT - LEFT - sum(_ANNEX_WIDTHS))
    return [
        Head(heading, width, right=index == 0)
        for index, (heading, width) in enumerate(zip(table.annex_headings(), widths, strict=True))
    ]


def _annex_rows(recap: RecapRead) -> Iterator[list[str]]:
    for person in recap.annex.people if recap.annex else ():
        yield [str(value) for value in table.annex_row(person)]


def _told(value: Value, key: str) -> str:
    """Return a value as it is printed: 1.234, 53,25, 22-11-2026 09.47."""
    if isinstance(value, datetime):
        return f"{value:%d-%m-%Y %H.%M}"
    if key == "percent" and isinstance(value, int | float):
        return f"{value:.2f}".replace(".", ",")
    if isinstance(value, int | float):
        return f"{value:,}".replace(",", ".")
    return value or ""
