"""Text tables as spreadsheets and personnel systems write them: any usual encoding, any usual delimiter.

Nothing here knows what a column means: the caller says which of the delimiters makes sense of the first records.
"""

import codecs
import contextlib
import csv
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

DELIMITERS = (";", ",", "\t", "|")
HEAD_RECORDS = 30
"""How far down a header may stand below title rows."""

_HEAD_BYTES = 4096
_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class NotText(ValueError):
    """The file is no text table: it holds binary bytes, or a field that never ends."""


def encoding_of(path: Path) -> str:
    """Return the codec of a text file: by its byte order mark, else UTF-16 by its zero bytes, else UTF-8, else Windows-1252.

    Raises NotText when the file holds zero bytes that are not UTF-16's.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        for mark, codec in _BOMS:
            if head.startswith(mark):
                return codec
        if b"\0" in head:
            return _utf16_without_mark(head)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records of the table, blank lines as empty lists: the n-th record is row n of a spreadsheet.

    Bytes that the encoding does not know become U+FFFD. Raises NotText when the file is no table.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        try:
            yield from csv.reader(file, delimiter=delimiter)
        except csv.Error as error:
            raise NotText(str(error)) from None


def delimiter_of(path: Path, encoding: str, score: Callable[[list[str]], int]) -> str:
    """Return the delimiter under which one of the first records scores highest; `score` is 0 for what is no header."""

    def best(delimiter: str) -> int:
        highest = 0
        # What breaks further down may still begin with a good header; whoever reads on will meet the break again.
        with contextlib.suppress(NotText):
            for record in itertools.islice(records(path, encoding, delimiter), HEAD_RECORDS):
                highest = max(highest, score(record))
        return highest

    return max(DELIMITERS, key=best)


def _utf16_without_mark(head: bytes) -> str:
    """Tell UTF-16 text, whose every other byte is mostly zero, from binary content."""
    for offset, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[offset::2].count(0) > len(head) * 0.4 and not head[1 - offset :: 2].count(0):
            return codec
    raise NotText("the file holds zero bytes")
