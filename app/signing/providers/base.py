"""The contract of a signing provider.

Providers differ in what they are given and in what they give back, and the contract says so instead of hiding it (`Takes`):
a digest of what we built comes back as a CMS for our hole; a whole file goes out and comes back with an update; a scan
is what a person hands in. What holds for all of them:

- `sign` gives one result for each sheet, in order, or raises. What it raises before anything could have been signed is a refusal;
  once something was sent whose end it cannot see, it raises `OutcomeUnknown`. It never tries again by itself.
- `look_again` never signs. It gives what the service has of a sheet by now, or None when the service cannot tell.
- No secret outlives the call: not in what is returned, raised, logged or shown.
- What comes back is a claim. The caller examines the finished bytes before they count.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID

from pydantic import SecretStr

from app.pdf.inputs import Signing

Assurance = Literal["certified", "uncertified", "wet_scan"]
Secret = Literal["passphrase", "totp"]
Stamp = Callable[[bytes, datetime], bytes]
"""SHA-256 digest, moment -> RFC 3161 token of our own authority."""


class Takes(StrEnum):
    """What leaves us and what comes back."""

    DIGEST = "digest"
    FILE = "file"
    SCAN = "scan"


@dataclass(frozen=True)
class Traits:
    """What the caller must know of a provider.

    `foot` is the layout whose foot its documents carry; `room` how many bytes a signature may take in our hole; `secrets` are
    what a person may be asked for, any one of which will do, unless a service may ask for all of them `together`; `remote`: a call leaves this machine, so its outcome may stay
    unknown; `most`: documents in one call; `nik`: persons are named by NIK; `own_ceremony`: the signer's device comes with a
    ceremony of its own, and no act is sent from here.
    """

    name: str
    takes: Takes
    assurance: Assurance
    foot: Signing
    secrets: tuple[Secret, ...] = ()
    room: int = 0
    remote: bool = False
    most: int = 1
    nik: bool = False
    own_ceremony: bool = False
    together: bool = False


@dataclass(frozen=True)
class Signer:
    """Who signs, as far as a provider has to know."""

    name: str
    nip: str
    email: str = ""
    nik: SecretStr | None = None


@dataclass(frozen=True)
class Sheet:
    """One document as it was prepared and read: the whole file, its hole (if it has one) still zero, and the digest to be signed.

    For a provider that takes files `digest` is the SHA-256 of the file itself.
    """

    id: UUID
    title: str
    data: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(frozen=True)
class DeviceProof:
    """What a signer's device made: its certificate, and for each sheet r || s over the signed attributes."""

    certificate: bytes = field(repr=False)
    signatures: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Given:
    """What the person gives for one act; nothing of it may be kept."""

    passphrase: SecretStr | None = None
    totp: SecretStr | None = None
    device: DeviceProof | None = None
    scans: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Cms:
    """A detached CAdES signature (DER) for the hole of a document we built."""

    der: bytes = field(repr=False)


@dataclass(frozen=True)
class SignedFile:
    """A file that came back; `reference` is the service's own number of it."""

    data: bytes = field(repr=False)
    reference: str = ""


@dataclass(frozen=True)
class ScannedPage:
    """A scan that passed the checks of its form: PDF bytes, and what it was handed in as."""

    data: bytes = field(repr=False)
    media_type: str


Made = Cms | SignedFile | ScannedPage


Opinion = Literal["valid", "invalid", "unclear"]


@runtime_checkable
class Judging(Protocol):
    """A provider whose service judges signed files, also by what only it knows, such as a certificate withdrawn since."""

    async def opinion(self, data: bytes) -> Opinion:
        """What the service says of a signed file; `unclear` when it cannot be asked or says nothing of the known words."""


class Provider(Protocol):
    """One way of signing."""

    @property
    def traits(self) -> Traits:
        """What the caller must know."""

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Root certificates (DER) its signers' certificates chain to; empty where there is nothing to chain."""

    async def sign(self, signer: Signer, sheets: tuple[Sheet, ...], given: Given, *, at: datetime) -> tuple[Made, ...]:
        """Have the sheets signed, all of them or none; at most `traits.most`. Raises the refusals of `errors`."""

    async def look_again(self, signer: Signer, reference: str) -> Made | None:
        """What the service has of a sheet whose outcome is unknown; None when it cannot tell. Raises `ProviderUnavailable`."""
