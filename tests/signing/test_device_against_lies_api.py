"""A server that lies: whatever it says, the device posts no signature it cannot account for."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from app.core.http import FORM
from app.device.authenticator import b64
from app.device.checks import DeviceRefusal, document_digest
from app.device.signer import Device, form_parts
from app.pki.cms import signed_attributes
from app.signing.act import unb64
from tests.service import ORIGIN
from tests.signing.acts import NOTHING, kept, new_key
from tests.signing.opened_round import NOON, OpenedRound

Lie = Callable[[Any, Any], Any]
"""Takes the real answer (JSON or bytes) and what was asked; returns what the device is told."""


class Liar:
    """The real application behind a transport that changes its answers; remembers whether signatures were posted."""

    def __init__(self, a_round: OpenedRound) -> None:
        self.inner = httpx.ASGITransport(app=a_round.service.app)
        self.lies: dict[str, Lie] = {}
        self.posted = 0

    async def handle(self, request: httpx.Request) -> httpx.Response:
        real = await self.inner.handle_async_request(request)
        content = await real.aread()
        last = request.url.path.rsplit("/", 1)[1]
        self.posted += last == "signatures"
        if real.headers["content-type"].startswith(FORM):
            content = self._both(content, request.content)
        elif last in self.lies:
            content = _told(self.lies[last], content, request.content)
        headers = [(name, value) for name, value in real.headers.multi_items() if name != "content-length"]
        return httpx.Response(real.status_code, headers=headers, content=content)

    def _both(self, content: bytes, asked: bytes) -> bytes:
        """The session and its bundle in one answer: lies about either."""
        for name, part in zip(("signing-sessions", "bundle"), form_parts(content), strict=True):
            if name in self.lies:
                content = content.replace(part, _told(self.lies[name], part, asked), 1)
        return content


def _told(lie: Lie, content: bytes, asked: bytes) -> bytes:
    if content[:1] != b"{":
        return lie(content, None)
    return json.dumps(lie(json.loads(content), json.loads(asked) if asked else None)).encode()


@asynccontextmanager
async def lied_to(a_round: OpenedRound) -> AsyncIterator[tuple[Device, Liar]]:
    """Give an activated device that talks through the liar."""
    device, liar = await a_round.device(), Liar(a_round)
    async with httpx.AsyncClient(transport=httpx.MockTransport(liar.handle), base_url=ORIGIN) as http:
        device.http = http
        yield device, liar


async def open_all(device: Device) -> Any:
    return await device.open([o["id"] for o in await device.pending()])


def other_digest(session: Any, _: Any) -> Any:
    session["documents"][0]["sha256"] = hashlib.sha256(b"another").hexdigest()
    return session


def swapped_files(session: Any, _: Any) -> Any:
    first, second = session["documents"]
    first["parts"], second["parts"] = second["parts"], first["parts"]
    return session


def short_nonce(session: Any, _: Any) -> Any:
    return session | {"nonce": b64(bytes(31))}


def one_document_more(session: Any, _: Any) -> Any:
    return session | {"documents": [*session["documents"], session["documents"][0]]}


def one_document_less(session: Any, _: Any) -> Any:
    return session | {"documents": session["documents"][:1]}


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (other_digest, "pdf.other_digest"),
        (swapped_files, "pdf.other_digest"),
        (short_nonce, "session.shape"),
        (one_document_more, "session.count"),
        (one_document_less, "session.count"),
    ],
)
async def test_a_session_that_is_not_what_was_asked_is_not_signed(a_round: OpenedRound, lie: Lie, code: str) -> None:
    async with lied_to(a_round) as (device, liar):
        liar.lies["signing-sessions"] = lie
        with pytest.raises(DeviceRefusal) as caught:
            await open_all(device)
        assert caught.value.code == code
        assert liar.posted == 0


@pytest.mark.parametrize("place", [0.01, 0.2, 0.5, 0.8, 0.999])
async def test_bytes_that_are_not_those_of_the_digest_are_not_signed(a_round: OpenedRound, place: float) -> None:
    def flip(bundle: bytes, _: Any) -> bytes:
        at = int(len(bundle) * place)
        return bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :]

    async with lied_to(a_round) as (device, liar):
        liar.lies["bundle"] = flip
        with pytest.raises(DeviceRefusal):
            await open_all(device)
        assert liar.posted == 0


async def a_file(a_round: OpenedRound) -> bytes:
    _, prepared = await a_round.prepared()
    return prepared.files[0]


def _range(pdf: bytes) -> re.Match[bytes]:
    found = re.search(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]", pdf)
    assert found is not None
    return found


def widened(pdf: bytes) -> bytes:
    """The hole begins ten bytes early: what stands there would not be covered."""
    found = _range(pdf)
    start, after, rest = map(int, found.groups())
    told = b"/ByteRange[0 %d %d %d]" % (start - 10, after, rest)
    return pdf[: found.start()] + told.ljust(len(found.group())) + pdf[found.end() :]


def filled(pdf: bytes) -> bytes:
    start = int(_range(pdf).group(1))
    return pdf[: start + 1] + b"41" + pdf[start + 3 :]


BENT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "appended byte": (lambda pdf: pdf + b"\n", "pdf.not_covered"),
    "cut byte": (lambda pdf: pdf[:-1], "pdf.not_covered"),
    "second range": (lambda pdf: pdf + b"/ByteRange[0 1 2 3]/Contents<00>", "pdf.byte_range_count"),
    "second range in front": (lambda pdf: b"/ByteRange[0 1 2 3]/Contents<00>" + pdf, "pdf.byte_range_count"),
    "no range": (lambda pdf: pdf.replace(b"/ByteRange", b"/ByteRangf"), "pdf.byte_range_count"),
    "range of another shape": (lambda pdf: pdf.replace(b"/ByteRange[0 ", b"/ByteRange[1 "), "pdf.byte_range_shape"),
    "hole with something in it": (filled, "pdf.hole_not_empty"),
    "wider hole": (widened, "pdf."),
    "empty file": (lambda _: b"", "pdf.byte_range_count"),
}


@pytest.mark.parametrize("name", BENT)
async def test_a_file_that_would_not_be_covered_whole_has_no_digest(a_round: OpenedRound, name: str) -> None:
    pdf = await a_file(a_round)
    assert len(document_digest(pdf)) == 32
    bend, code = BENT[name]
    with pytest.raises(DeviceRefusal) as caught:
        document_digest(bend(pdf))
    assert caught.value.code.startswith(code)


def made_certificate(
    asked: Any, nip: str, *, key: ec.EllipticCurvePublicKey | None = None, days: float = 0.01
) -> bytes:
    """Return a certificate as a dishonest CA would make it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "X"), x509.NameAttribute(NameOID.SERIAL_NUMBER, nip)])
    own = load_der_public_key(unb64(asked["public_key"]))
    assert isinstance(own, ec.EllipticCurvePublicKey)
    builder = x509.CertificateBuilder(subject, subject, key or own, 7, NOON, NOON + timedelta(days=days))
    return builder.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"key": new_key().public_key()}, "certificate.other_key", id="another key"),
        pytest.param({"nip": "198501012010012999"}, "certificate.other_person", id="another person"),
        pytest.param({"days": 30}, "certificate.too_long", id="thirty days"),
        pytest.param({"days": 0.0105}, "certificate.too_long", id="a quarter of an hour and seven seconds"),
    ],
)
async def test_a_certificate_for_somebody_or_something_else_is_not_used(
    a_round: OpenedRound, changed: dict[str, Any], code: str
) -> None:
    async with lied_to(a_round) as (device, liar):
        prepared = await open_all(device)

        def lie(answer: Any, asked: Any) -> Any:
            certificate = made_certificate(asked, **({"nip": prepared.session["signer"]["nip"]} | changed))
            rows = [
                {"id": d["id"], "signed_attributes": b64(signed_attributes(digest, certificate))}
                for d, digest in zip(prepared.session["documents"], prepared.digests, strict=True)
            ]
            return answer | {"certificate": b64(certificate), "documents": rows}

        liar.lies["certificate"] = lie
        with pytest.raises(DeviceRefusal) as caught:
            await device.sign(prepared)
        assert caught.value.code == code
        assert liar.posted == 0
        assert await kept(a_round.service, prepared) == NOTHING


def _attributes(change: Callable[[bytes], bytes]) -> Lie:
    def lie(answer: Any, _: Any) -> Any:
        row = answer["documents"][1]
        row["signed_attributes"] = b64(change(unb64(row["signed_attributes"])))
        return answer

    return lie


def swapped_attributes(answer: Any, _: Any) -> Any:
    first, second = answer["documents"]
    first["signed_attributes"], second["signed_attributes"] = second["signed_attributes"], first["signed_attributes"]
    return answer


EXTRA = bytes.fromhex("301806092a864886f70d010903310b06092a864886f70d010701")
LIES: dict[str, Lie] = {
    "swapped": swapped_attributes,
    "in another order": lambda answer, _: answer | {"documents": answer["documents"][::-1]},
    "appended byte": _attributes(lambda der: der + b"\0"),
    "cut": _attributes(lambda der: der[:-1]),
    "nothing": _attributes(lambda _: b""),
    "an attribute more": _attributes(lambda der: b"\x31\x81" + bytes([der[2] + len(EXTRA)]) + EXTRA + der[3:]),
    "a long length": _attributes(lambda der: b"\x31\x82\0" + der[2:]),
    "another digest": _attributes(lambda der: der[:46] + hashlib.sha256(b"another").digest() + der[78:]),
    "another certificate": _attributes(lambda der: der[:103] + hashlib.sha256(b"another").digest()),
    "the embedded form": _attributes(lambda der: b"\xa0" + der[1:]),
    "a document less": lambda answer, _: answer | {"documents": answer["documents"][:1]},
    "a document more": lambda answer, _: answer | {"documents": [*answer["documents"], answer["documents"][0]]},
    "no certificate": lambda answer, _: answer | {"certificate": ""},
    "half a certificate": lambda answer, _: answer | {"certificate": answer["certificate"][:400]},
    "a certificate and a byte": lambda answer, _: answer | {"certificate": b64(unb64(answer["certificate"]) + b"\0")},
    "no base64": lambda answer, _: answer | {"certificate": "*"},
}


@pytest.mark.parametrize("name", LIES)
async def test_attributes_the_device_would_not_build_itself_are_not_signed(a_round: OpenedRound, name: str) -> None:
    async with lied_to(a_round) as (device, liar):
        prepared = await open_all(device)
        liar.lies["certificate"] = LIES[name]
        with pytest.raises((DeviceRefusal, ValueError)):
            await device.sign(prepared)
        assert liar.posted == 0
        assert await kept(a_round.service, prepared) == NOTHING


async def test_through_the_same_transport_the_truth_is_signed(a_round: OpenedRound) -> None:
    async with lied_to(a_round) as (device, liar):
        assert len((await device.sign(await open_all(device))).receipts) == 2
        assert liar.posted == 1
