"""A real S3 server for a test: SeaweedFS from a package, in a folder of its own, gone with the block."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from app.core.settings import StorageSettings

WEED = Path(sys.executable).with_name("weed")
KEY, SECRET = "pakta-test", "a secret of the tests"
SERVERS = ("master", "volume", "filer", "s3")


@dataclass
class S3Server:
    """A running server: its address, and its process, which a test may stop."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def settings(self, folder: Path, bucket: str = "berkas/pakta", secret: str = SECRET) -> StorageSettings:
        return StorageSettings(
            data_dir=folder / "data",
            blobs=f"s3://{bucket}",
            s3_endpoint=self.endpoint,
            s3_access_key_id=KEY,
            s3_secret_access_key=SecretStr(secret),
        )


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; held open together, so that they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    (folder / "data").mkdir(parents=True)
    identity = {"name": "pakta", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = free_ports(2 * len(SERVERS))
    options = [f"-{name}.port={port}" for name, port in zip(SERVERS, ports, strict=False)]
    options += [f"-{name}.port.grpc={port}" for name, port in zip(SERVERS, ports[len(SERVERS) :], strict=True)]
    command = [
        str(WEED),
        "-logtostderr=true",
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
    ]
    command += [
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=64",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen([*command, *options], stderr=log, stdout=log) as process:
        try:
            server = S3Server(f"http://127.0.0.1:{ports[SERVERS.index('s3')]}", process)
            _await(server, folder / "log")
            yield server
        finally:
            process.kill()


def _await(server: S3Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(f"{server.endpoint}/status", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)  # nothing tells when another program listens
    raise AssertionError(log.read_text()[-2000:])
