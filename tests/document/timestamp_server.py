"""Time-stamping authorities for the tests: OpenSSL's own (`openssl ts`) behind HTTP, and ones that misbehave."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256
accuracy = secs:1
signer_digest = sha256
"""


@dataclass
class StampServer:
    """One server; `broken` names how it misbehaves, and `asked` counts."""

    folder: Path
    url: str = ""
    broken: str = ""
    asked: int = 0
    crl: bytes = b""
    query: bytes = b""
    held: threading.Event = field(default_factory=threading.Event)

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        (self.folder / "a.tsq").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "a.tsq", "-out", "a.tsr"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "a.tsr").read_bytes()


@contextmanager
def stamp_server(folder: Path, *, life: timedelta = timedelta(days=365)) -> Iterator[StampServer]:
    """A TSA with an RSA key of its own, as public ones have; its CRL lies at `/crl`."""
    folder.mkdir(parents=True)
    server = StampServer(folder)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(200, "application/pkix-crl", server.crl)

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            server.asked += 1
            if server.broken == "silent":
                server.held.wait(30)
            if server.broken == "cut":
                self.connection.close()
                return
            if server.broken == "page":
                self._answer(200, "text/html", b"<html>Sedang perawatan</html>")
                return
            if server.broken == "error":
                self._answer(503, "text/plain", b"")
                return
            if server.broken == "endless":
                self.send_response(200)
                self.send_header("content-type", "application/timestamp-reply")
                self.end_headers()
                with suppress(OSError):
                    while True:
                        self.wfile.write(bytes(1024))
            with lock:
                server.query = query if server.broken != "old" else server.query
                reply = server.reply(server.query)
            self._answer(200, "application/timestamp-reply", reply[:-7] if server.broken == "short" else reply)

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/tsa"
    _make_keys(server, f"http://127.0.0.1:{http.server_port}/crl", life)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.held.set()
        http.shutdown()
        http.server_close()
        thread.join()


def _make_keys(server: StampServer, crl: str, life: timedelta) -> None:
    now = datetime.now(UTC)
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("Akar Uji", "TSA Uji"))

    def draft(subject: x509.Name, public: rsa.RSAPublicKey) -> x509.CertificateBuilder:
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        built = built.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        return built.not_valid_after(now + life)

    root = draft(root_name, root_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
    tsa = draft(name, key.public_key())
    tsa = tsa.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    tsa = tsa.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    made = {"root.pem": root.sign(root_key, hashes.SHA256()), "tsa.pem": tsa.sign(root_key, hashes.SHA256())}
    for file, certificate in made.items():
        (server.folder / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (server.folder / "tsa.key").write_bytes(pem)
    (server.folder / "tsa.cnf").write_text(CONFIG.format(folder=server.folder))
    (server.folder / "serial").write_text("01\n")
    listed = x509.CertificateRevocationListBuilder().issuer_name(root_name).last_update(now - timedelta(hours=1))
    listed = listed.next_update(now + timedelta(days=7))
    server.crl = listed.sign(root_key, hashes.SHA256()).public_bytes(Encoding.DER)
