"""A real HTTP receiver that behaves as its path says, and an implementation of Standard Webhooks' check written from its text."""

import base64
import hashlib
import hmac
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Taken:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and how the next answers are."""

    port: int = 0
    status: int = 204
    answer: bytes = b""
    location: str = ""
    retry_after: str = ""
    hangs: threading.Event | None = None
    requests: list[Taken] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    most_at_once: int = 0
    at_once: int = 0
    cut_off: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> Counter[str]:
        return Counter(one.headers["webhook-id"] for one in self.requests)

    def wait_for(self, count: int, seconds: float = 30) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, seconds), len(self.requests)


@contextmanager
def receiving(tls: Path | None = None) -> Iterator[Receiver]:
    """Serve on a free port of the loopback; `tls` is a PEM file with a key and its certificate."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with receiver.changed:
                receiver.requests.append(Taken(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                receiver.changed.notify_all()
            try:
                if receiver.hangs is not None and self.path.startswith("/hook"):
                    receiver.hangs.wait(30)
                self.respond()
            finally:
                with receiver.changed:
                    receiver.at_once -= 1

        def respond(self) -> None:
            try:
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                if receiver.retry_after:
                    self.send_header("Retry-After", receiver.retry_after)
                if receiver.status != 204:
                    self.send_header("Content-Length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)
            except OSError:
                receiver.cut_off += 1
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.hangs is not None:
            receiver.hangs.set()
        server.shutdown()
        server.server_close()
        thread.join()


def verified(secret: str, taken: Taken, tolerance: int = 300, now: float | None = None) -> bool:
    """Whether a request is genuine, by the specification's own steps ("Verifying webhook authenticity"); shares nothing with the service."""
    at = int(taken.headers["webhook-timestamp"])
    if abs((time.time() if now is None else now) - at) > tolerance:
        return False
    content = taken.headers["webhook-id"].encode() + b"." + str(at).encode() + b"." + taken.body
    key = base64.b64decode(secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.HMAC(key, content, hashlib.sha256).digest()).decode()
    versions = [one.split(",", 1) for one in taken.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(found, expected) for version, found in versions)
