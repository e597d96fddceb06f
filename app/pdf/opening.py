"""Open a stranger's file with pyHanko's reader, after a look at its cross-reference sections that ends soon whatever they say.

The reader takes the numbers in a cross-reference stream at their word: rows of no width (/W, ISO 32000-1 clause 7.5.8.2) can announce
thousands of millions of objects in a hundred bytes, and thousands of sections are compared with each other. What decoded streams may
grow to, loops of /Prev and the depth of objects the reader itself bounds.
"""

import os
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader, process_data_at_eof
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.pdf_utils.xref import XRefBuilder

MOST_ROWS = 100_000
"""Rows of all cross-reference sections together; a document of ours has some hundred."""
MOST_SECTIONS = 200
_COLUMNS = 3
_WIDEST = 8


def open_file(data: bytes) -> PdfFileReader:
    """The reader over a file; raises what the reader raises on broken ones, and `PdfReadError` on one that announces too much."""
    stream = BytesIO(data)
    stream.seek(-1, os.SEEK_END)
    last = process_data_at_eof(stream)
    sections: Any = _Bounded(PdfHandler(), stream, strict=True, last_startxref=last)
    sections.read_xrefs()
    return PdfFileReader(BytesIO(data))


class _Bounded(XRefBuilder):
    """Reads sections as the reader will, and stops at the first that goes beyond the bounds."""

    rows = 0

    def _read_xref_stream_object(self) -> Any:
        read: Any = super()._read_xref_stream_object
        reference, stream = read()
        widths = _integers(stream.raw_get("/W"))
        if len(widths) != _COLUMNS or not all(0 <= width <= _WIDEST for width in widths) or not sum(widths):
            raise PdfReadError("rows of a cross-reference stream of an impossible width")
        ranges = _integers(stream.raw_get("/Index")) if "/Index" in stream else [0, int(stream.raw_get("/Size"))]
        if len(ranges) % 2 or min(ranges, default=0) < 0:
            raise PdfReadError("an impossible range of a cross-reference stream")
        self._count(sum(ranges[1::2]))
        return reference, stream

    def _read_xref_table(self, declared_startxref: int) -> Any:
        previous = super()._read_xref_table(declared_startxref)
        data = self.sections[-1].xref_data
        self._count(len(data.explicit_refs_in_revision))
        return previous

    def _count(self, rows: int) -> None:
        self.rows += rows
        if self.rows > MOST_ROWS or len(self.sections) > MOST_SECTIONS:
            raise PdfReadError("more cross-reference rows or sections than any document has")


def _integers(values: Any) -> list[int]:
    """The numbers of an array that must stand in the dictionary itself."""
    if not isinstance(values, list) or not all(isinstance(value, int) for value in values):
        raise PdfReadError("no array of integers")
    return list(values)
