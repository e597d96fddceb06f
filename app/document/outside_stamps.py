"""Archive time stamps by authorities of others (RFC 3161 over HTTP, clause 3.4): a list of them, the next when one fails.

A token counts only when it answers this very request and its certificate chains to a root we were told of. When none
answers well, nothing is stamped in its place: the document waits for its seal, and the cause is told.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from asn1crypto import cms, crl, tsp, x509
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError

from app.core.timestamp_settings import TimestampSettings
from app.pki import der
from app.pki.errors import DerMalformed, SignatureRefused, TimestampUnavailable
from app.pki.keycheck import Finding

log = structlog.get_logger()
ROOM = 16_384  # of a token with its chain; those of public authorities have 3 to 8 kB
LARGEST_CRL = 32_768
CRL_KEPT = timedelta(hours=1)
_GRANTED = {"granted", "granted_with_mods"}
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class _Refused(Exception):
    """An answer that does not count; says why in a word or two."""


@dataclass
class _Place:
    """One TSA: until when it is left alone and why (None: not asked yet), and the certificates of its last token (DER)."""

    url: str
    rests_until: float = 0.0
    why: str | None = None
    chain: tuple[bytes, ...] = ()


@dataclass
class OutsideStamps:
    """The TSAs of others: what `app.pki.timestamp.ArchiveStamps` asks for. Safe to share between threads; blocks, so never on the loop."""

    settings: TimestampSettings
    roots: Sequence[bytes]
    room: int = ROOM
    _places: list[_Place] = field(init=False)
    _client: httpx.Client = field(init=False)
    _crls: dict[str, tuple[datetime, bytes]] = field(init=False, default_factory=dict)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._places = [_Place(url) for url in self.settings.addresses]
        self._client = httpx.Client(timeout=self.settings.seconds, follow_redirects=False, trust_env=False)

    @property
    def asked(self) -> bool:
        """Whether new stamps come from here; otherwise only those of before are read."""
        return bool(self._places)

    @property
    def together(self) -> int:
        """How many tokens to ask for at the same time."""
        return self.settings.together

    def token(self, imprint_sha256: bytes, at: datetime) -> bytes:
        """A TimeStampToken for a SHA-256 digest, near `at` by our clock. Raises `TimestampUnavailable` with each TSA's reason."""
        for place in self._places:
            if time.monotonic() < place.rests_until:
                continue
            try:
                encoded = self._ask(place, imprint_sha256, at)
            except _Refused as refused:
                place.why = str(refused)
                place.rests_until = time.monotonic() + self.settings.rest_seconds
                log.warning("tsa.failed", url=shown(place.url), reason=place.why)
                continue
            place.why = ""
            return encoded
        reasons = "; ".join(f"{shown(place.url)}: {place.why}" for place in self._places)
        raise TimestampUnavailable(f"Tidak ada layanan stempel waktu yang menjawab dengan benar ({reasons}).")

    def standing(self) -> dict[str, str | None]:
        """Why each gave no good token when it was asked last; empty: it did; None: not asked yet."""
        return {shown(place.url): place.why for place in self._places}

    def check(self, encoded: bytes, imprint_sha256: bytes) -> datetime:
        """The time of a token from here (UTC); raises `SignatureRefused` when it is not about the digest or not by one of these."""
        try:
            return self._read(encoded, imprint_sha256)[0]
        except _Refused as refused:
            raise SignatureRefused("signature.timestamp", str(refused)) from refused

    def crls(self, now: datetime) -> tuple[bytes, ...]:
        """The lists (DER) under which the TSAs' certificates are good now, for the files; those too large to repeat stay away."""
        if not any(place.chain for place in self._places):
            self.token(sha256(secrets.token_bytes(32)).digest(), now)
        addresses = {url for place in self._places for one in place.chain for url in _points(one)}
        found = (self._crl(url, now) for url in sorted(addresses))
        return tuple(dict.fromkeys(one for one in found if one))

    def examine(self, now: datetime) -> list[Finding]:
        """Which TSAs do not give a token that holds, and why; each is asked for one."""
        return [
            Finding(
                "timestamp.unavailable", "warning", f"{shown(place.url)} tidak memberi stempel waktu yang sah: {why}."
            )
            for place in self._places
            if (why := self._fault(place, sha256(secrets.token_bytes(32)).digest(), now))
        ]

    def _fault(self, place: _Place, imprint: bytes, at: datetime) -> str:
        try:
            self._ask(place, imprint, at)
        except _Refused as refused:
            return str(refused)
        return ""

    def _ask(self, place: _Place, imprint: bytes, at: datetime) -> bytes:
        nonce = secrets.randbits(64)
        request: Any = tsp.TimeStampReq
        query = request(
            {
                "version": 1,
                "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
                "nonce": nonce,
                "cert_req": True,
                **({"req_policy": self.settings.policy} if self.settings.policy else {}),
            }
        )
        headers = {"Content-Type": _QUERY, "Accept": _REPLY}
        kind, body = self._fetch("POST", place.url, 2 * self.room, content=query.dump(), headers=headers)
        if kind != _REPLY:
            raise _Refused("bukan jawaban stempel waktu")
        encoded = _granted(body)
        if len(encoded) > self.room:
            raise _Refused(f"token {len(encoded)} byte, lebih besar dari {self.room}")
        made, info, chain = self._read(encoded, imprint)
        if info["nonce"].native != nonce:
            raise _Refused("nonce lain")
        if self.settings.policy and info["policy"].dotted != self.settings.policy:
            raise _Refused("kebijakan lain")
        if abs((made - at).total_seconds()) > self.settings.clock_seconds:
            raise _Refused(f"jamnya {made:%Y-%m-%d %H:%M:%S} UTC")
        place.chain = chain
        return encoded

    def _read(self, encoded: bytes, imprint: bytes) -> tuple[datetime, Any, tuple[bytes, ...]]:
        """(time, TSTInfo, certificates) of a token that holds for a SHA-256 digest; raises `_Refused`."""
        try:
            load_token: Any = cms.ContentInfo.load
            content = load_token(encoded, strict=True)["content"]
            info = content["encap_content_info"]["content"].parsed
            made: datetime = info["gen_time"].native
            chain = tuple(one.chosen.dump() for one in content["certificates"])
            if info["message_imprint"]["hash_algorithm"]["algorithm"].native != "sha256":
                raise _Refused("bukan SHA-256")
            load: Any = x509.Certificate.load
            trust = ValidationContext(
                trust_roots=[load(one) for one in self.roots],
                allow_fetching=False,
                moment=made,
                revocation_mode="soft-fail",
            )
            judged: Any = asyncio.run(validate_tst_signed_data(content, trust, lambda _: imprint))
            status = TimestampSignatureStatus(**judged)
        except (ValueError, TypeError, KeyError, AttributeError, SignatureValidationError, PathError) as error:
            raise _Refused("token rusak") from error
        if not status.intact:
            raise _Refused("tentang hal lain")
        if not status.valid or not status.trusted:
            raise _Refused("bukan dari layanan yang dipercaya")
        return made, info, chain

    def _crl(self, url: str, now: datetime) -> bytes | None:
        with self._lock:
            kept = self._crls.get(url)
            if kept and now - kept[0] < CRL_KEPT:
                return kept[1] or None
            self._crls[url] = (now, found := self._fetched(url))
            return found or None

    def _fetched(self, url: str) -> bytes:
        """A list in DER; empty when it cannot be had or is too large for every file to carry."""
        load: Any = crl.CertificateList.load
        try:
            _, data = self._fetch("GET", url, LARGEST_CRL)
            load(data, strict=True).native  # noqa: B018 - parses all of it
        except (_Refused, ValueError) as error:
            log.warning("tsa.crl", url=url, reason=str(error))
            return b""
        return data

    def _fetch(self, method: str, url: str, most: int, **more: Any) -> tuple[str, bytes]:
        """(media type, body) of a good answer that ends within the time and `most` bytes; raises `_Refused`."""
        until = time.monotonic() + self.settings.seconds
        try:
            with self._client.stream(method, url, **more) as reply:
                if reply.status_code != 200:
                    raise _Refused(f"HTTP {reply.status_code}")
                body = b""
                for chunk in reply.iter_bytes():
                    body += chunk
                    if len(body) > most:
                        raise _Refused(f"lebih dari {most} byte")
                    if time.monotonic() > until:
                        raise _Refused("terlalu lama")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Refused(type(error).__name__) from error
        return reply.headers.get("content-type", "").partition(";")[0].strip().lower(), body


def shown(url: str) -> str:
    """An address as it may be told: without a login or a query in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _granted(body: bytes) -> bytes:
    """The token of a TimeStampResp (RFC 3161 clause 2.4.2) that was granted."""
    load: Any = tsp.PKIStatusInfo.load
    try:
        status, *token = der.children(der.read_whole(body, der.SEQUENCE))
        info = load(status.whole, strict=True).native
    except (DerMalformed, ValueError, TypeError) as error:
        raise _Refused("jawaban rusak") from error
    if info["status"] not in _GRANTED or len(token) != 1:
        raise _Refused(" ".join(("ditolak:", info["status"], *(info["status_string"] or ()))))
    return token[0].whole


def _points(certificate: bytes) -> list[str]:
    """Where a certificate says its issuer's list lies (RFC 5280 clause 4.2.1.13), over HTTP."""
    load: Any = x509.Certificate.load
    return [url for point in load(certificate).crl_distribution_points if (url := point.url) and url.startswith("http")]
