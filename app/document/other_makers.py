"""Documents that bear a signature of another maker than this service: how they are appended to, and examined before they count.

Their form is not our own, so the fast check of our own bytes does not fit them: what follows is read by a full validator, as a
stranger would read it, about a tenth of a second of one core a document.
"""

from collections.abc import Sequence
from datetime import datetime

from app.document.errors import DocumentDamaged
from app.document.finishing import Prefixed
from app.document.models import Document
from app.pdf.ending import AppendRefused, read_ending, read_signers
from app.pdf.inspect import Signer, inspect
from app.pdf.revision import FileParts
from app.pki.authority import Authority
from app.pki.parsed_certificate import parse

DEVICE = "device"


def made_here(document: Document) -> bool:
    """Whether every signature on a document is in the form of our own."""
    return document.provider == DEVICE and document.countersign_provider in {None, DEVICE}


def continued(file: Prefixed) -> Prefixed:
    """The file as it can be appended to, whoever wrote its end; raises `AppendRefused` where nothing may follow."""
    known = FileParts(file.base, file.parts, read_ending(whole(file)))
    return Prefixed(file.prefix, file.base, file.parts, known)


def why_closed(data: bytes) -> str | None:
    """Why nothing may follow the signatures of a file; None where it may."""
    try:
        read_ending(data)
    except AppendRefused as refused:
        return refused.code
    return None


def signed_here(file: Prefixed, authority: Authority) -> list[tuple[bytes, datetime]]:
    """(certificate in DER, time) of those signatures that stand under issuing CAs of ours."""
    ours = {parse(one).subject for one in authority.own_certificates.issuing}
    return [one for one in read_signers(whole(file)) if parse(one[0]).issuer in ours]


def whole(file: Prefixed) -> bytes:
    """All bytes of a file."""
    return b"".join((file.prefix, *file.parts))


def check(
    file: Prefixed, authority: Authority, roots: Sequence[bytes], kinds: Sequence[str], *, name: str, now: datetime
) -> tuple[Signer, ...]:
    """That every signature holds, nothing changed between them, and they are of these kinds, in order.

    `roots` (DER) are those of other services. Returns what the certificates say of the signers; raises `DocumentDamaged`, which names the document `name`.
    """
    found = inspect(
        whole(file),
        trust_roots=authority.roots,
        crls=authority.crls(now),
        other_roots=roots,
        stamp_roots=authority.others.roots if authority.others else (),
        now=now,
    )
    fault = found.reason or next((one.code for one in found.checks if one.result == "failed"), "")
    if not fault and [signer.kind for signer in found.signers] != list(kinds):
        fault = "signatures.kinds"
    if fault:
        raise DocumentDamaged(document=name, reason=fault)
    return found.signers
