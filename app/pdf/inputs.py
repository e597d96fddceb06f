"""Everything a compiled template depends on, as one value that survives JSON: same inputs, same prefix bytes, in any process."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.pdf.errors import InputInvalid
from app.pdf.moment import ZONES
from app.pdf.source import TemplateSource, source_from

SIGNATURE_ROOM = 4096
Signing = Literal["device", "bsre", "paper"]
_MOST_SIGNATURE_ROOM = 65_536


@dataclass(frozen=True)
class TrustMaterial:
    """Certificates and CRLs (DER) that the document security store carries (ETSI EN 319 142-1 5.4.2)."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class CompileInputs:
    """What is the same for everybody who signs this template in this round.

    `round_values` needs jenis_pemilihan, tahun, instansi. `letterhead` holds one to four lines, the third and fourth are printed
    small. `verify_url` ends where the 22-character code begins. `zone` is WIB, WITA or WIT. `signature_room` is the largest
    signature in bytes that fits the signer's hole; it covers the longest names with a local time-stamp authority. `signing` is how the
    documents are signed, which their foot says: on the device, by BSrE, or on paper.
    """

    source: TemplateSource
    round_values: Mapping[str, str]
    letterhead: tuple[str, ...]
    place: str
    verify_url: str
    paper: str = "F4"
    zone: str = "WIB"
    countersign: bool = False
    trust: TrustMaterial = TrustMaterial()
    signature_room: int = SIGNATURE_ROOM
    signing: Signing = "device"

    def __post_init__(self) -> None:
        """Refuse what would only be noticed on paper."""
        if self.zone not in ZONES:
            raise InputInvalid("zona waktu", "harus WIB, WITA, atau WIT")
        if not self.verify_url.isascii() or not self.verify_url.isprintable() or " " in self.verify_url:
            raise InputInvalid("alamat pemeriksaan", "hanya huruf, angka, dan tanda ASCII")
        if not 0 < self.signature_room <= _MOST_SIGNATURE_ROOM:
            raise InputInvalid("ruang tanda tangan", f"harus 1 sampai {_MOST_SIGNATURE_ROOM} bita")

    def to_json(self) -> str:
        """The inputs as canonical JSON; DER is base64."""
        return json.dumps(
            {
                "source": self.source.content,
                "round_values": dict(self.round_values),
                "letterhead": list(self.letterhead),
                "place": self.place,
                "verify_url": self.verify_url,
                "paper": self.paper,
                "zone": self.zone,
                "countersign": self.countersign,
                "certificates": [b64encode(der).decode() for der in self.trust.certificates],
                "crls": [b64encode(der).decode() for der in self.trust.crls],
                "signature_room": self.signature_room,
                "signing": self.signing,
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> "CompileInputs":
        """The inputs that `to_json` wrote; the template is validated again."""
        data: dict[str, Any] = json.loads(text)
        return cls(
            source=source_from(data["source"]),
            round_values=data["round_values"],
            letterhead=tuple(data["letterhead"]),
            place=data["place"],
            verify_url=data["verify_url"],
            paper=data["paper"],
            zone=data["zone"],
            countersign=data["countersign"],
            trust=TrustMaterial(
                tuple(b64decode(der) for der in data["certificates"]),
                tuple(b64decode(der) for der in data["crls"]),
            ),
            signature_room=data["signature_room"],
            signing=data.get("signing", "device"),
        )
