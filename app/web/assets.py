"""Static files under a URL that holds the hash of them all, so that a browser may keep them for ever.

Modules import each other by relative paths; one hash in the folder's name keeps those working without a build step.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """One static file: its bytes, the same in gzip (RFC 1952), and its media type."""

    data: bytes
    packed: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return all static files by name."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in MEDIA_TYPES:
            data = path.read_bytes()
            found[path.name] = Asset(data, gzip.compress(data, 9, mtime=0), MEDIA_TYPES[path.suffix])
    return found


@cache
def version() -> str:
    """Return 16 hex digits of the SHA-256 over names and bytes of all static files."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(f"{name}\0{len(asset.data)}\0".encode() + asset.data)
    return digest.hexdigest()[:16]


def url(name: str) -> str:
    """Return the address of a static file; KeyError for one that is not there."""
    assets()[name]
    return f"/static/{version()}/{name}"
