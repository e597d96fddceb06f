"""The browser's checks against the same checks in Python, each module by itself in a real browser."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from playwright.async_api import Page, Route, async_playwright

from app.core.ids import new_id
from app.device.checks import DeviceRefusal, check_certificate, document_digest
from app.pki.cms import signed_attributes
from app.signing.act import act
from app.web.assets import assets
from tests.journeys.browser import launch

NIP = "198501012010012001"
AT = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
# Runs one exported function; bytes come and go as {"bytes": base64}.
CALL = """async ({ module, name, given }) => {
  const taken = (one) => (one?.bytes === undefined ? one : Uint8Array.from(atob(one.bytes), (c) => c.charCodeAt(0)));
  try {
    const result = await (await import(`/${module}`))[name](...given.map(taken));
    return result instanceof Uint8Array ? { bytes: btoa(String.fromCharCode(...result)) } : { result };
  } catch (error) {
    return { code: error.code ?? String(error) };
  }
}"""


class Scripts:
    """The static modules on an empty page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def call(self, module: str, name: str, *given: Any) -> Any:
        """Return what the function returns; a refusal as its code in a `DeviceRefusal`."""
        packed = [{"bytes": base64.b64encode(one).decode()} if isinstance(one, bytes) else one for one in given]
        answer = await self.page.evaluate(CALL, {"module": module, "name": name, "given": packed})
        if "code" in answer:
            raise DeviceRefusal(answer["code"])
        return base64.b64decode(answer["bytes"]) if "bytes" in answer else answer.get("result")


async def serve_asset(route: Route) -> None:
    asset = assets().get(route.request.url.rpartition("/")[2])
    if asset is None:
        await route.fulfill(body="<!doctype html><title>-</title>", content_type="text/html")
    else:
        await route.fulfill(body=asset.data, content_type=asset.media_type)


@pytest.fixture(scope="module")
async def scripts() -> AsyncIterator[Scripts]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        page = await browser.new_page()
        await page.route("**/*", serve_asset)
        await page.goto("http://localhost/")
        yield Scripts(page)
        await browser.close()


def pdf(
    *, hole: bytes = b"<" + b"0" * 64 + b">", trailer: bytes = b"endobj %%EOF", shift: int = 0, more: bytes = b""
) -> bytes:
    """A file of the shape the device accepts, or nearly."""
    head = b"%%PDF-1.7\n\xe2\xe3\n1 0 obj<</ByteRange[0 %09d %09d %09d   ]/Contents"
    start = len(head % (0, 0, 0))
    after = start + len(hole)
    return head % (start + shift, after, len(trailer)) + hole + trailer + more


PDFS = {
    "good": pdf(),
    "bytes appended": pdf(more=b"x"),
    "a hole that is not empty": pdf(hole=b"<" + b"0" * 63 + b"1>"),
    "a hole without brackets": pdf(hole=b"0" * 66),
    "a decoy": pdf(trailer=b"/ByteRange[0 1 2 3]/Contents<00>"),
    "a range that starts early": pdf(shift=-1),
    "a range that starts late": pdf(shift=1),
    "no range": pdf().replace(b"/ByteRange", b"/Bytes"),
    "another first offset": pdf().replace(b"[0 ", b"[1 "),
    "one bit": pdf(trailer=b"endobj %%EOG"),
}


@pytest.mark.parametrize("data", PDFS.values(), ids=PDFS.keys())
async def test_the_browser_hashes_and_refuses_files_as_the_device_in_python_does(scripts: Scripts, data: bytes) -> None:
    async def in_browser() -> bytes | str:
        try:
            return await scripts.call("pdf.js", "documentDigest", data)
        except DeviceRefusal as refused:
            return refused.code

    def in_python() -> bytes | str:
        try:
            return document_digest(data)
        except DeviceRefusal as refused:
            return refused.code

    assert await in_browser() == in_python()


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certificate(key: ec.EllipticCurvePrivateKey, *, nip: str = NIP, life: timedelta = timedelta(minutes=10)) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Nurʿaini Çelebi"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, nip),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(AT).not_valid_after(AT + life)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def test_the_browser_accepts_only_a_short_certificate_for_this_key_and_person(scripts: Scripts) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    for der, code in (
        (certificate(key), None),
        (certificate(key, life=timedelta(minutes=15)), None),
        (certificate(other), "certificate.other_key"),
        (certificate(key, nip="197505052000031002"), "certificate.other_person"),
        (certificate(key, life=timedelta(days=30)), "certificate.too_long"),
    ):
        if code is None:
            check_certificate(der, spki(key), NIP)
            await scripts.call("certificate.js", "checkCertificate", der, spki(key), NIP)
            continue
        with pytest.raises(DeviceRefusal, match=code):
            check_certificate(der, spki(key), NIP)
        with pytest.raises(DeviceRefusal, match=code):
            await scripts.call("certificate.js", "checkCertificate", der, spki(key), NIP)


async def test_a_cut_or_lengthened_certificate_is_refused(scripts: Scripts) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = certificate(key)
    for spoilt in (der + b"\0", der[:-1], der[:40], b"", b"\x30\x80" + der[4:], b"\x30\x84\0\0" + der[2:]):
        with pytest.raises(DeviceRefusal, match=r"^der\."):
            await scripts.call("certificate.js", "checkCertificate", spoilt, spki(key), NIP)


async def test_the_browser_builds_the_servers_attributes(scripts: Scripts) -> None:
    digest, der = sha256(b"file").digest(), b"a certificate"
    built = await scripts.call("attributes.js", "signedAttributes", digest, sha256(der).digest())
    assert built == signed_attributes(digest, der)


async def test_the_browser_writes_the_act_as_the_server_does(scripts: Scripts) -> None:
    session, documents, key = str(new_id()), [(str(new_id()), bytes(32)), (str(new_id()), bytes(range(32)))], bytes(91)
    value = {
        "session": session,
        "purpose": "pakta.sign.v1",
        "public_key": base64.urlsafe_b64encode(key).rstrip(b"=").decode(),
        "documents": [{"sha256": digest.hex(), "id": name} for name, digest in documents],
    }
    assert (await scripts.call("bytes.js", "canonical", value)).encode() == act(session, documents, key)


async def test_no_script_asks_for_anything_beside_the_service(scripts: Scripts) -> None:
    for name in assets():
        if name.endswith(".js"):
            text = (Path(__file__).parents[2] / "app/web/static" / name).read_text(encoding="utf-8")
            assert "http:" not in text
            assert "https:" not in text
