"""Structural checks for the main rules of PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), and text by marked-content id.

No substitute for a full validator: it looks for what this engine could get wrong.
"""

import io
from collections.abc import Iterator

import pikepdf

_STANDARD_TYPES = {
    "Document",
    "Sect",
    "Div",
    "P",
    "H1",
    "Table",
    "TR",
    "TH",
    "TD",
    "L",
    "LI",
    "Lbl",
    "LBody",
    "Figure",
    "Form",
}
_PARENTS = {"TR": {"Table"}, "TH": {"TR"}, "TD": {"TR"}, "LI": {"L"}, "Lbl": {"LI"}, "LBody": {"LI"}}
_SHOWING = {"Tj", "TJ", "Do", "S", "f"}
_KNOWN = _SHOWING | {"BT", "ET", "Tf", "TL", "Td", "T*", "BDC", "BMC", "EMC", "q", "Q", "cm", "w", "m", "l"}


def faults(data: bytes) -> list[str]:
    """What is wrong with the file, as sentences; empty when nothing is."""
    found = []
    if not data.startswith(b"%PDF-1.7\n%") or b"/ObjStm" in data or b"/Encrypt" in data:
        found.append("file: not plain PDF 1.7")
    with pikepdf.open(io.BytesIO(data)) as pdf:
        found += _catalog(pdf)
        found += _fields(pdf)
        found += _fonts(pdf)
        found += _tree(pdf)
        found += _contents(pdf)
    return found


def _catalog(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if "/Lang" not in root:
        yield "UA 7.2: no language"
    if not root.get("/MarkInfo", {}).get("/Marked", False):
        yield "UA 6.2: not marked"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False):
        yield "UA 7.1: title is not displayed"
    intents = list(root.get("/OutputIntents", []))
    if len(intents) != 1 or intents[0].S != "/GTS_PDFA1" or intents[0].DestOutputProfile.N != 3:
        yield "A 6.2.3: no output intent"
    if "/Filter" in root.Metadata:
        yield "A 6.6.2.1: metadata is filtered"
    xmp = root.Metadata.read_bytes().decode()
    for claim in (
        "<pdfaid:part>2<",
        "<pdfaid:conformance>A<",
        "<pdfuaid:part>1<",
        "<dc:title>",
        "<pdfaSchema:prefix>pdfuaid<",
    ):
        if claim not in xmp:
            yield f"XMP: no {claim}"
    if "/NeedAppearances" in root.AcroForm:
        yield "A 6.4.1: NeedAppearances"
    if root.AcroForm.SigFlags != 3:
        yield "form: SigFlags"
    if "/ID" not in pdf.trailer:
        yield "A 6.1.3: no file identifier"
    for page in pdf.pages:
        if page.obj.get("/Tabs") != "/S":
            yield "UA 7.18.3: tab order"
        if "/StructParents" not in page.obj:
            yield "UA 7.1: page outside the structure"


def _parents(pdf: pikepdf.Pdf) -> dict[int, pikepdf.Object]:
    numbers = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
    return dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))


def _fields(pdf: pikepdf.Pdf) -> Iterator[str]:
    parents = _parents(pdf)
    annotations = [annotation for page in pdf.pages for annotation in page.obj.get("/Annots", [])]
    if {a.objgen for a in annotations} != {f.objgen for f in pdf.Root.AcroForm.Fields}:
        yield "form: fields and widgets differ"
    for widget in annotations:
        name = str(widget.T)
        if not int(widget.F) & 4 or int(widget.F) & (1 | 2 | 32):
            yield f"A 6.3.2: flags of {name}"
        if "/TU" not in widget:
            yield f"UA 7.18.1: no description of {name}"
        visible = [float(v) for v in widget.Rect] != [0, 0, 0, 0]
        if visible and not isinstance(widget.get("/AP", {}).get("/N"), pikepdf.Stream):
            yield f"A 6.3.3: no appearance of {name}"
        element = parents.get(int(widget.get("/StructParent", -1)))
        if element is None or element.S != "/Form" or "/Alt" not in element:
            yield f"UA 7.18.4: {name} is in no Form"
        elif not isinstance(element.K, pikepdf.Dictionary) or element.K.Obj.objgen != widget.objgen:
            yield f"UA 7.18.4: the Form of {name} holds something else"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for thing in pdf.objects:
        if not isinstance(thing, pikepdf.Dictionary) or thing.get("/Type") != "/Font":
            continue
        if thing.Subtype == "/Type0":
            if "/ToUnicode" not in thing:
                yield "A 6.2.11.7: no ToUnicode"
        elif thing.Subtype != "/CIDFontType2" or "/CIDToGIDMap" not in thing:
            yield "A 6.2.11.3: no glyph map"
        elif "/FontFile2" not in thing.FontDescriptor:
            yield "A 6.2.11.4: font not embedded"


def _elements(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Object, list[pikepdf.Object]]]:
    """(type of the parent, element, its kids) in reading order."""
    waiting = [("", pdf.Root.StructTreeRoot.K)]
    while waiting:
        parent, element = waiting.pop()
        kids = list(element.K) if isinstance(element.K, pikepdf.Array) else [element.K]
        kind = str(element.S)[1:]
        yield parent, element, kids
        below = [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]
        waiting += [(kind, kid) for kid in reversed(below)]


def _content_kids(element: pikepdf.Object, kids: list[pikepdf.Object]) -> Iterator[tuple[pikepdf.Object, int]]:
    """(page, marked-content id) of an element's own contents."""
    for kid in kids:
        if isinstance(kid, int):
            yield element.Pg, int(kid)
        elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
            yield kid.Pg, int(kid.MCID)


def _tree(pdf: pikepdf.Pdf) -> Iterator[str]:
    pages = {page.obj.objgen: key for key, page in enumerate(pdf.pages)}
    parents = _parents(pdf)
    seen: list[tuple[int, int]] = []
    headings = 0
    for parent, element, kids in _elements(pdf):
        kind = str(element.S)[1:]
        headings += kind == "H1"
        if kind not in _STANDARD_TYPES or parent not in _PARENTS.get(kind, {parent}):
            yield f"UA 7.1: {kind} in {parent}"
        if kind == "TH" and "/Scope" not in element.get("/A", {}):
            yield "UA 7.5: header without scope"
        if kind == "Figure" and not str(element.get("/Alt", "")):
            yield "UA 7.3: figure without text"
        for page, content in _content_kids(element, kids):
            key = pages[page.objgen]
            seen.append((key, content))
            if parents[key][content].objgen != element.objgen:
                yield f"tree: content {content} of page {key} belongs to another element"
    if headings != 1:
        yield "UA 7.4: not one H1"
    if seen != [(key, content) for key in range(len(pages)) for content in range(len(parents[key]))]:
        yield "tree: contents are missing or not in reading order"


def _operations(page: pikepdf.Page) -> Iterator[tuple[int | None, bool, str, list[pikepdf.Object]]]:
    """(marked-content id, inside an artifact, operator, operands) of a page's content."""
    stack: list[tuple[int | None, bool]] = [(None, False)]
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in {"BDC", "BMC"}:
            properties = operands[1] if name == "BDC" else {}
            content_id = properties.get("/MCID")
            stack.append((None if content_id is None else int(content_id), operands[0] == "/Artifact"))
        elif name == "EMC":
            stack.pop()
        yield *stack[-1], name, list(operands)


def _contents(pdf: pikepdf.Pdf) -> Iterator[str]:
    for key, page in enumerate(pdf.pages):
        if page.obj.get("/StructParents", -1) != key:
            yield f"UA 7.1: page {key} has another key"
        used = []
        depth = 0
        for content_id, artifact, name, _ in _operations(page):
            depth += (name == "q") - (name == "Q")
            if content_id is not None and content_id not in used:
                used.append(content_id)
            if name in _SHOWING and content_id is None and not artifact:
                yield f"UA 7.1: {name} outside marked content"
            if name not in _KNOWN:
                yield f"A 6.2.2: unknown operator {name}"
        if used != list(range(len(_parents(pdf)[key]))):
            yield "content: ids are missing or out of order"
        if depth:
            yield "content: q without Q"


def marked_texts(data: bytes) -> list[str]:
    """The text of each element in reading order, artifacts left out, white space single; a text over two pages is one."""
    texts: dict[tuple[int, int], str] = {}
    found = []
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for key, page in enumerate(pdf.pages):
            for content_id, _, name, operands in _operations(page):
                if content_id is not None and name in {"Tj", "TJ"}:
                    pieces = operands[0] if name == "TJ" else operands
                    shown = "".join(bytes(p).decode("utf-16-be") for p in pieces if isinstance(p, pikepdf.String))
                    texts[key, content_id] = texts.get((key, content_id), "") + shown
        pages = {page.obj.objgen: key for key, page in enumerate(pdf.pages)}
        for _, element, kids in _elements(pdf):
            parts = [texts.get((pages[p.objgen], c)) for p, c in _content_kids(element, kids)]
            if any(part is not None for part in parts):
                found.append("".join(part or "" for part in parts))
    return [" ".join(text.split(" ")).strip() for text in found]
