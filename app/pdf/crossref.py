"""The cross-reference section that closes an appended revision, in the form of the one before it.

After a table follows a table (ISO 32000-1 clause 7.5.4); after a cross-reference stream, which a signing service may have written,
follows a cross-reference stream (clause 7.5.8), for readers of the streams alone would not find a table. Rows are not packed: a
revision has ten of them, and so what we wrote last is read back from its last bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.pdf.increment import Closing, trailer
from app.pdf.syntax import xref_row

_TABLE = re.compile(
    rb"trailer\n<</Size (\d+)(/Root \d+ 0 R(?:/Info \d+ 0 R)?)(?:/Prev \d+)?/ID\[<([0-9a-f]{32})><[0-9a-f]{32}>\]>>\n"
    rb"startxref\n(\d+)\n%%EOF\n\Z"
)
_TABLE_LENGTH = 250
_STREAM = re.compile(
    rb"\d+ 0 obj\n<</Type/XRef/W\[1 4 2\]/Index\[[ \d]+\]/Size (\d+)(/Root \d+ 0 R(?:/Info \d+ 0 R)?)/Prev \d+"
    rb"/ID\[<([0-9a-f]{32})><[0-9a-f]{32}>\]/Length (\d+)>>\nstream\n"
)
_STREAM_END = re.compile(rb"\nendstream\nendobj\nstartxref\n(\d+)\n%%EOF\n\Z")
_STREAM_LENGTH = 4096
_ROW = 7


@dataclass(frozen=True)
class Trailer:
    """What a further revision takes over from the one before; `first_id` is hex digits, `streamed`: it is a cross-reference stream."""

    size: int
    entries: bytes
    first_id: bytes
    startxref: int
    streamed: bool = False


def own_trailer(part: bytes) -> Trailer | None:
    """The trailer at the end of what this engine wrote; None for what another did."""
    found = _TABLE.search(part, max(0, len(part) - _TABLE_LENGTH))
    if found:
        return Trailer(int(found[1]), found[2], found[3], int(found[4]))
    end = _STREAM_END.search(part, max(0, len(part) - _TABLE_LENGTH))
    head = next(_STREAM.finditer(part, max(0, len(part) - _STREAM_LENGTH)), None) if end else None
    if end is None or head is None or head.end() + int(head[4]) != end.start():
        return None
    return Trailer(int(head[1]), head[2], head[3], int(end[1]), streamed=True)


def closing(last: Trailer, size: int, file_id: bytes) -> Closing:
    """What closes a revision after `last`, when its objects have the numbers below `size`; `file_id` is its second id, in hex digits."""

    def as_table(offsets: Sequence[tuple[int, int]], startxref: int) -> bytes:
        entries = b"%s/Prev %d" % (last.entries, last.startxref)
        return table(offsets) + trailer(size, entries, last.first_id, file_id, startxref)

    def as_stream(offsets: Sequence[tuple[int, int]], startxref: int) -> bytes:
        rows = sorted((*offsets, (size, startxref)))  # the stream lists itself
        index = b" ".join(b"%d %d" % (run[0][0], len(run)) for run in _runs(rows))
        body = b"".join(b"\x01%b\x00\x00" % offset.to_bytes(_ROW - 3) for _, offset in rows)
        return (
            b"%d 0 obj\n<</Type/XRef/W[1 4 2]/Index[%b]/Size %d%b/Prev %d/ID[<%b><%b>]/Length %d>>\nstream\n%b\nendstream\nendobj\n"
            b"startxref\n%d\n%%%%EOF\n"
        ) % (size, index, size + 1, last.entries, last.startxref, last.first_id, file_id, len(body), body, startxref)

    return as_stream if last.streamed else as_table


def table(offsets: Sequence[tuple[int, int]]) -> bytes:
    """A cross-reference table of as many subsections as there are runs of consecutive numbers."""
    return b"xref\n" + b"".join(
        [
            b"%d %d\n%s" % (run[0][0], len(run), b"".join([xref_row(at) for _, at in run]))
            for run in _runs(sorted(offsets))
        ]
    )


def _runs(rows: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Rows (object number, offset) in runs of consecutive numbers."""
    runs: list[list[tuple[int, int]]] = []
    for row in rows:
        if not runs or row[0] != runs[-1][0][0] + len(runs[-1]):
            runs.append([])
        runs[-1].append(row)
    return runs
