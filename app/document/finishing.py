"""From prepared bytes to a finished file, as functions of bytes: embed a signature, e-seal, archive stamp, and the check before it counts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from app.core.settings import ServiceSettings
from app.document.errors import DocumentDamaged
from app.pdf.reopen import Reopened, ReopenRefused, reopen
from app.pdf.revision import FileParts, RevisionBase, append_archive, append_e_seal, packed
from app.pki.authority import Authority
from app.pledge.service import ZONES


@dataclass(frozen=True)
class Prefixed:
    """A file as it is written: its prefix, what revisions need of that, and the parts that follow it."""

    prefix: bytes
    base: RevisionBase
    parts: tuple[bytes, ...]
    known: FileParts | None = field(default=None, repr=False, compare=False)

    @cached_property
    def file(self) -> FileParts:
        """The same for those who append to it; it remembers what is hashed."""
        return self.known or FileParts(self.base, self.parts)

    @property
    def size(self) -> int:
        """Length of the whole file in bytes."""
        return len(self.prefix) + sum([len(part) for part in self.parts])

    def digest(self) -> bytes:
        """SHA-256 of the file."""
        return self.file.state.digest()

    def extended(self, appended: bytes) -> "Prefixed":
        """Return the file with a further revision."""
        file = self.file.extended(appended)
        return Prefixed(self.prefix, self.base, file.parts, file)


def seal_all(
    files: Sequence[Prefixed], authority: Authority, settings: ServiceSettings, crls: Sequence[bytes], *, now: datetime
) -> list[bytes]:
    """Return the bytes that make each signed file PAdES B-LTA: the institution's e-seal, then the archive time stamp.

    Step by step over the batch: a step's code and tables stay in the processor's cache, and the whole is a seventh cheaper.
    """
    e_seals = [
        append_e_seal(
            file.file,
            institution=settings.institution,
            place=settings.place,
            at=now,
            zone=ZONES[settings.timezone],
            sign=lambda digest: authority.e_seal_sign(digest, now),
        )
        for file in files
    ]
    stamper = authority.archive_stamps
    newer = {prefix: _newer(prefix, authority, now) for prefix in {file.prefix for file in files}}

    def stamped(file: Prefixed, e_seal: bytes) -> bytes:
        sealed = file.file.extended(e_seal)
        return e_seal + append_archive(
            sealed,
            sign=lambda digest: stamper.token(digest, now),
            crls=crls,
            certificates=newer[file.prefix],
            room=stamper.room,
        )

    if stamper.together == 1:
        return [stamped(file, e_seal) for file, e_seal in zip(files, e_seals, strict=True)]
    with ThreadPoolExecutor(stamper.together) as pool:  # they wait for a network
        return list(pool.map(stamped, files, e_seals))


def _newer(prefix: bytes, authority: Authority, now: datetime) -> tuple[bytes, ...]:
    """Certificates (DER) that the store in a prefix lacks, where a new root has come since it was compiled."""
    if not authority.past_roots:
        return ()
    return tuple(one for one in authority.chain_certificates(now) if packed(one) not in prefix)


def check(
    file: Prefixed,
    authority: Authority,
    *,
    name: str,
    digest: bytes | None = None,
    spki: bytes | None = None,
    timed: bool = True,
) -> Reopened:
    """Read the finished bytes as a stranger would and return what they say; raises `DocumentDamaged`, which names the document `name`.

    `digest` is what the first signature must cover, `spki` the key it must be made with; `timed` False is for PAdES B-B.
    """
    try:
        return reopen(
            (file.prefix, *file.parts),
            expected_digest=digest,
            spki=spki,
            own=authority.own_certificates,
            others=authority.check_other_token,
            timed=timed,
        )
    except ReopenRefused as refused:
        raise DocumentDamaged(document=name, reason=refused.code) from refused
