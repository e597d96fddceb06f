"""The bad days of a service, each once and in the order they are asked for."""

import asyncio
from dataclasses import dataclass, field

from fastapi import Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import Receive, Scope, Send

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
BEFORE = ("login", "error", "html", "html_error", "cut_before")
AFTER = (
    "slow",
    "cut_after",
    "bare_error",
    "html_after",
    "rewritten",
    "unsigned",
    "changed",
    "not_pdf",
    "foreign",
    "no_file",
    "no_changes",
    "field_lock",
    "packed",
)
FAULTS = (*BEFORE, *AFTER, "none")
"""`login`: 401; `error`: 500 with the service's JSON; `html`: an error page with status 200; `html_error`: a proxy's 502; `cut_before`,
`cut_after`: the connection ends before or after signing; `slow`: signed, but the answer is late; `bare_error`, `html_after`: signed, but
the answer is a 500 without words or an error page; `rewritten`, `unsigned`, `changed`, `not_pdf`, `foreign`: another file than was
signed comes back (saved anew, without signature, with a changed page, no PDF, signed under a strange root); `no_file`: the answer
holds no file; `no_changes`, `field_lock`: signed well, but certified so that nothing may be appended, or with every field locked;
`packed`: signed well, and written with object streams and a cross-reference stream;
`none`: a good day.
"""


@dataclass
class Faults:
    """What goes wrong next; `signed` counts the documents that were really signed."""

    waiting: list[str] = field(default_factory=list)
    slow_seconds: float = 40.0
    signed: int = 0

    def next(self) -> str:
        """Take the next fault, or none."""
        return self.waiting.pop(0) if self.waiting else "none"


class CutResponse(Response):
    """Announces a body and ends: the server closes the connection under it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head alone."""
        del scope, receive
        headers = [(b"content-length", b"100000"), (b"content-type", b"application/pdf")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"%PDF-", "more_body": True})


def before(fault: str) -> Response | None:
    """The answer to a call that goes wrong before anything is signed."""
    if fault == "login":
        return JSONResponse({"error": "Unauthorized"}, 401)
    if fault == "error":
        return JSONResponse({"status_code": 5000, "error": "Gagal memproses dokumen"}, 500)
    if fault == "html":
        return HTMLResponse(HTML)
    if fault == "html_error":
        return HTMLResponse(HTML, 502)
    return CutResponse() if fault == "cut_before" else None


async def after(fault: str, faults: Faults) -> Response | None:
    """The answer to a call that goes wrong when all was signed; None where the good answer goes out."""
    if fault == "slow":
        await asyncio.sleep(faults.slow_seconds)
    if fault == "bare_error":
        return Response("Internal Server Error", 500)
    if fault == "html_after":
        return HTMLResponse(HTML)
    return CutResponse() if fault == "cut_after" else None
