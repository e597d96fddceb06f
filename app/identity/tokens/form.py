"""The form of an API token: `pakta_`, 43 random characters (256 bits), 6 characters of checksum, all of them letters and digits.

    ^pakta_[0-9A-Za-z]{49}$

The last six characters are the CRC-32 (ISO/IEC 13239) of the 43 before them, big-endian in base 62 with the digits 0-9A-Za-z, filled up
with zeros. It is no secret and proves nothing: with it a secret scanner tells a leaked token from anything that merely looks like one,
and a slip of the pen or an invention is refused without asking the database. Tokens made before (`^pakta_[0-9A-Za-z_-]{43}$`, no
checksum) stay good.
"""

import re
import secrets
import zlib

PREFIX = "pakta_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 43, 6  # 62**43 > 2**256; 62**6 > 2**32
_NEW = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")
_OLD = re.compile(rf"{PREFIX}[0-9A-Za-z_-]{{43}}")


def new_api_token() -> str:
    """Return a fresh token."""
    drawn = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return f"{PREFIX}{drawn}{checksum(drawn)}"


def checksum(drawn: str) -> str:
    """Return the six characters that follow the random ones."""
    value, digits = zlib.crc32(drawn.encode()), ""
    for _ in range(_CHECK):
        value, digit = divmod(value, 62)
        digits = _DIGITS[digit] + digits
    return digits


def is_well_formed(token: str) -> bool:
    """Whether a text can be a token of ours at all: right form, and right checksum where it has one."""
    if _NEW.fullmatch(token):
        drawn = token.removeprefix(PREFIX)
        return checksum(drawn[:_RANDOM]) == drawn[_RANDOM:]
    return _OLD.fullmatch(token) is not None
