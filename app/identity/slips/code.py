"""The short code of a slip, and how hard it is to guess.

Ten characters of Crockford's base 32 (no I, L, O, U): 50 bits, which need not be typed with care for case, hyphen, O or 0, I or 1.
Only HMAC-SHA-256 of a code under a key made from the master key is stored, so that a stolen backup without that key opens nothing:
a plain hash of 50 bits could be searched through.

What guessing is worth (a *day* of trying against one account, by whatever number of addresses):

* The code. A service that answered nothing else would judge 5,000 codes a second, 4.32e8 a day: 4.32e8 / 2**50 = 3.9e-7, below 1e-6.
  From one address the limit of refused codes (120 a minute, 172,800 a day) leaves 1.6e-10.
* Code and birth date. A code that was hit forgives five birth dates and dies with the fifth wrong one. Staff are between 18 and 65:
  17,000 days, so 5 / 17,000 = 3e-4; together 3.9e-7 * 3e-4 = 1.2e-10 a day for each account, 1.2e-6 for all of 10,500 at once.
* The birth date alone, for whoever holds a slip that was lost: 5 / 17,000, once and not a day: the slip is dead then, its person sees
  the refusals under "Riwayat akses", and gets a new one by hand. A slip names no NIP, because a NIP begins with the birth date.

Locks cannot be turned against anybody else: wrong birth dates are counted by slip, and that takes the slip's code; unknown codes are
counted by address, but a code that is right is never refused for its address, so that a whole OPD behind one address cannot be shut
out by one who types nonsense there. That costs nothing: the bounds above hold without any limit by address.
"""

import hmac
import re
from dataclasses import dataclass
from functools import cached_property

from app.core.ids import new_code
from app.core.secrets import token_hash
from app.core.settings import ServiceSettings
from app.pdf.qr import QrTable, qr_table

LENGTH = 10
_PURPOSE = b"pakta.slip.v1"
_ALIKE = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]+")


def new_slip_code() -> str:
    """Return a fresh code: 50 random bits."""
    return new_code(LENGTH)


def tidy(code: str) -> str:
    """Return a code as it was printed, from what somebody typed."""
    return _BETWEEN.sub("", code).upper().translate(_ALIKE)


def grouped(code: str) -> str:
    """Return a slip's code as it is printed: `ABCDE-FGHJK`."""
    return f"{code[:5]}-{code[5:]}"


@dataclass(frozen=True)
class SlipPress:
    """What making and recognising slips needs of the process: addresses to print, and the master key's secret for codes."""

    settings: ServiceSettings
    secret: bytes

    def digest(self, code: str) -> bytes:
        """Return what is stored of a code: a link's 110 bits are hashed, a slip's 50 bits are keyed as well."""
        told = tidy(code)
        if len(told) != LENGTH:
            return token_hash(told)
        return hmac.new(self.secret, _PURPOSE + told.encode(), "sha256").digest()

    @property
    def leading(self) -> str:
        """What the address of every slip begins with."""
        return f"{self.settings.base_url}/aktivasi/"

    @cached_property
    def qr(self) -> QrTable:
        """The table of QR codes of these addresses; made once, it takes half a second."""
        return qr_table(self.leading, LENGTH)
