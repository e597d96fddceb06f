"""The structure tree (ISO 32000-1 14.7-14.8) of a document of one or more pages.

The tree can be the same for everybody because it names marked-content ids, never text: content 7 is always "the value of Nama",
whatever a person's tail writes there and on how many lines. Only a change of elements needs another compiled variant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.pdf.syntax import text_string

DOCUMENT = 0


@dataclass
class _Element:
    parent: int
    kind: bytes
    entries: bytes
    page: int | None = None
    kids: list["_Kid"] = field(default_factory=list)


@dataclass(frozen=True)
class _Kid:
    """An element by its index, or the marked content `content` or the field `field` of a page."""

    element: int = -1
    content: int = -1
    field: int = -1
    page: int = 0


class StructureTree:
    """Collects elements in reading order; content asks for marked-content ids, fields for object references.

    Elements and pages are counted from 0 and get their object numbers when the tree is written, because how many pages there are
    is not known before the text is laid out.
    """

    def __init__(self) -> None:
        self._elements = [_Element(-1, b"Document", b"")]
        self._contents: list[list[int]] = [[]]
        self._field_parents: list[int] = []

    def turn_page(self) -> None:
        """What is marked from here on stands on the next page."""
        self._contents.append([])

    def add(self, parent: int, kind: bytes, entries: bytes = b"") -> int:
        """A new element as the last kid of `parent`; returns its index."""
        self._elements.append(_Element(parent, kind, entries))
        element = len(self._elements) - 1
        self._elements[parent].kids.append(_Kid(element=element))
        return element

    def mark(self, parent: int, kind: bytes, entries: bytes = b"") -> bytes:
        """A new element with a marked-content sequence; returns the operator that opens it, EMC closes it."""
        return self.mark_in(self.add(parent, kind, entries))

    def mark_in(self, element: int) -> bytes:
        """One more marked-content sequence of an element: where a page or a break by hand divides it."""
        page = len(self._contents) - 1
        content = len(self._contents[page])
        self._contents[page].append(element)
        owner = self._elements[element]
        owner.page = page if owner.page is None else owner.page
        owner.kids.append(_Kid(content=content, page=page))
        return b"/%s<</MCID %d>>BDC\n" % (owner.kind, content)

    def form(self, parent: int, field_number: int, description: str) -> int:
        """A Form element for a field of the last page; returns the field's /StructParent, which follow those of the pages.

        A Form element holds exactly one object reference and nothing else (ISO 14289-1 7.18.4).
        """
        element = self.add(parent, b"Form", b"/Alt" + text_string(description))
        self._elements[element].kids.append(_Kid(field=field_number, page=len(self._contents) - 1))
        self._field_parents.append(element)
        return len(self._contents) + len(self._field_parents) - 1

    def objects(self, first: int, pages: Sequence[int]) -> dict[int, bytes]:
        """Every object of the tree by its number from `first`, which is the root; `pages` are the pages' object numbers."""
        at = first + 2
        written = {at + index: self._write(index, at, first, pages) for index in range(len(self._elements))}
        next_key = len(pages) + len(self._field_parents)
        written[first] = b"<</Type/StructTreeRoot/K %d 0 R/ParentTree %d 0 R/ParentTreeNextKey %d>>" % (
            at + DOCUMENT,
            first + 1,
            next_key,
        )
        owners = [
            b"%d[%s]" % (page, b" ".join([b"%d 0 R" % (at + element) for element in elements]))
            for page, elements in enumerate(self._contents)
        ]
        fields = [
            b"%d %d 0 R" % (key, at + element) for key, element in enumerate(self._field_parents, start=len(pages))
        ]
        written[first + 1] = b"<</Nums[%s]>>" % b" ".join((*owners, *fields))
        return written

    def _write(self, index: int, at: int, root: int, pages: Sequence[int]) -> bytes:
        element = self._elements[index]
        kids = [_write_kid(kid, element.page, at, pages) for kid in element.kids]
        return b"<</Type/StructElem/S/%s/P %d 0 R%s%s/K %s>>" % (
            element.kind,
            root if element.parent < 0 else at + element.parent,
            b"" if element.page is None else b"/Pg %d 0 R" % pages[element.page],
            element.entries,
            kids[0] if len(kids) == 1 else b"[" + b" ".join(kids) + b"]",
        )


def _write_kid(kid: _Kid, page: int | None, at: int, pages: Sequence[int]) -> bytes:
    if kid.element >= 0:
        return b"%d 0 R" % (at + kid.element)
    if kid.field >= 0:
        return b"<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>" % (kid.field, pages[kid.page])
    if kid.page == page:
        return b"%d" % kid.content
    return b"<</Type/MCR/Pg %d 0 R/MCID %d>>" % (pages[kid.page], kid.content)
