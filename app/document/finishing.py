"""From prepared bytes to a finished file, as functions of bytes: embed a signature, e-seal, archive stamp, and the check before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.settings import ServiceSettings
from app.document.errors import DocumentDamaged
from app.pdf.reopen import ReopenRefused, reopen
from app.pdf.revision import FileParts, RevisionBase, append_archive, append_e_seal
from app.pki.authority import Authority
from app.pledge.service import ZONES


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A file as it is written: its prefix, what revisions need of that, and the parts that follow it."""

    prefix: bytes
    base: RevisionBase
    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Length of the whole file in bytes."""
        return len(self.prefix) + sum([len(part) for part in self.parts])

    def digest(self, parts: int | None = None) -> bytes:
        """SHA-256 of the file, or of its prefix and first `parts` parts; the prefix is not hashed again."""
        state = self.base.state.copy()
        for part in self.parts[:parts]:
            state.update(part)
        return state.digest()

    def extended(self, *appended: bytes) -> "Prefixed":
        """Return the file with further revisions."""
        return Prefixed(self.prefix, self.base, (*self.parts, *appended))


def seal(
    file: Prefixed, authority: Authority, settings: ServiceSettings, crls: Sequence[bytes], *, now: datetime
) -> bytes:
    """Return the bytes that make a signed file PAdES B-LTA: the institution's e-seal, then the archive time stamp."""
    parts = FileParts(file.base, file.parts)
    e_seal = append_e_seal(
        parts,
        institution=settings.institution,
        place=settings.place,
        at=now,
        zone=ZONES[settings.timezone],
        sign=lambda digest: authority.e_seal_sign(digest, now),
    )
    sealed = FileParts(file.base, (*file.parts, e_seal))
    return e_seal + append_archive(sealed, sign=lambda digest: authority.tsa.token(digest, now), crls=crls)


def check(
    file: Prefixed,
    authority: Authority,
    *,
    name: str,
    digest: bytes | None = None,
    spki: bytes | None = None,
    timed: bool = True,
) -> None:
    """Read the finished bytes as a stranger would; raises `DocumentDamaged`, which names the document `name`.

    `digest` is what the first signature must cover, `spki` the key it must be made with; `timed` False is for PAdES B-B.
    """
    try:
        reopen(
            (file.prefix, *file.parts),
            expected_digest=digest,
            spki=spki,
            issuing=authority.issuing,
            tsa=authority.tsa.certificate,
            e_seal=authority.e_seal_certificate,
            timed=timed,
        )
    except ReopenRefused as refused:
        raise DocumentDamaged(document=name, reason=refused.code) from refused
