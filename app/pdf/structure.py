"""The structure tree (ISO 32000-1 14.7-14.8) of a one-page document.

The tree can be the same for everybody because it names marked-content ids, never text: content 7 is always "the value of Nama",
whatever a person's tail writes there and on how many lines. Only a change of elements needs another compiled variant.
"""

from dataclasses import dataclass, field

from app.pdf.syntax import text_string


@dataclass
class _Element:
    parent: int
    kind: bytes
    entries: bytes
    on_page: bool = False
    kids: list[bytes] = field(default_factory=list)


class StructureTree:
    """Collects elements in reading order; content asks for marked-content ids, fields for object references."""

    def __init__(self, first: int, page: int) -> None:
        """Number the tree's objects from `first`: root, parent tree, document, then the elements."""
        self.root = first
        self._parent_tree = first + 1
        self._page = page
        self._elements: dict[int, _Element] = {}
        self._content_parents: list[int] = []
        self._field_parents: list[int] = []
        self.end = first + 2
        self.document = self.add(first, b"Document")

    def add(self, parent: int, kind: bytes, entries: bytes = b"") -> int:
        """A new element as the last kid of `parent`; returns its object number."""
        element_number = self.end
        self.end += 1
        self._elements[element_number] = _Element(parent, kind, entries)
        if parent != self.root:
            self._elements[parent].kids.append(b"%d 0 R" % element_number)
        return element_number

    def mark(self, parent: int, kind: bytes, entries: bytes = b"") -> bytes:
        """A new element with one marked-content sequence; returns the operator that opens it, EMC closes it."""
        element_number = self.add(parent, kind, entries)
        content_id = len(self._content_parents)
        self._content_parents.append(element_number)
        element = self._elements[element_number]
        element.on_page = True
        element.kids.append(b"%d" % content_id)
        return b"/%s<</MCID %d>>BDC\n" % (kind, content_id)

    def form(self, parent: int, field_number: int, description: str) -> int:
        """A Form element for a field; returns the field's /StructParent.

        A Form element holds exactly one object reference and nothing else (ISO 14289-1 7.18.4).
        """
        element_number = self.add(parent, b"Form", b"/Alt" + text_string(description))
        self._elements[element_number].kids.append(
            b"<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>" % (field_number, self._page),
        )
        self._field_parents.append(element_number)
        return len(self._field_parents)  # 0 is the page itself

    def objects(self) -> dict[int, bytes]:
        """Every object of the tree by its number."""
        written = {element_number: self._write(element) for element_number, element in self._elements.items()}
        written[self.root] = b"<</Type/StructTreeRoot/K %d 0 R/ParentTree %d 0 R/ParentTreeNextKey %d>>" % (
            self.document,
            self._parent_tree,
            len(self._field_parents) + 1,
        )
        contents = b" ".join(b"%d 0 R" % element_number for element_number in self._content_parents)
        fields = b"".join(b" %d %d 0 R" % row for row in enumerate(self._field_parents, start=1))
        written[self._parent_tree] = b"<</Nums[0[%s]%s]>>" % (contents, fields)
        return written

    def _write(self, element: _Element) -> bytes:
        kids = element.kids[0] if len(element.kids) == 1 else b"[" + b" ".join(element.kids) + b"]"
        page = b"/Pg %d 0 R" % self._page if element.on_page else b""
        return b"<</Type/StructElem/S/%s/P %d 0 R%s%s/K %s>>" % (
            element.kind,
            element.parent,
            page,
            element.entries,
            kids,
        )
