"""Many files as one, for a printer."""

import io
from collections.abc import Iterable
from typing import Any

import pypdfium2

from app.pdf.preview import PDFIUM


def joined(files: Iterable[bytes]) -> bytes:
    """Return one PDF with the pages of all `files`, in order. It is meant for paper: neither tagged nor archival."""
    written = io.BytesIO()
    with PDFIUM:
        library: Any = pypdfium2  # it carries no types
        book = library.PdfDocument.new()
        try:
            for file in files:
                opened = library.PdfDocument(file)
                try:
                    book.import_pages(opened)
                finally:
                    opened.close()
            book.save(written)
        finally:
            book.close()
    return written.getvalue()
