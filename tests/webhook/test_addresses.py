"""Where messages may go, judged on the address that is connected to."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.webhook_settings import WebhookSettings
from app.pki.keyring import KeyRing
from app.webhook.addresses import AddressRefused, judge, locate, parse, system_resolve
from app.webhook.sending import Outcome, Sender
from tests.webhook.conftest import local, open_post
from tests.webhook.receiver import receiving

STRICT = WebhookSettings()
INSIDE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:0a00:0001::1", "64:ff9b::7f00:1"),
    *("2001::1", "64:ff9b:1::1"),
]
REFUSED_URLS = {
    "http://hooks.kota.example/": "url.scheme",
    "ftp://hooks.kota.example/": "url.scheme",
    "https://user:secret@hooks.kota.example/": "url.credentials",
    "https://user@hooks.kota.example/": "url.credentials",
    "https://hooks.kota.example:22/": "url.port",
    "https://hooks.kota.example:8443/": "url.port",
    "https://hooks.kota.example:99999/": "url.form",
    "https:///path": "url.form",
    "https://hooks.kota.example/#part": "url.form",
    "https://127.0.0.1/": "url.address",
    "https://[::1]/": "url.address",
    "https://[::ffff:10.0.0.1]/": "url.address",
    "https://hooks.kota.example\\@127.0.0.1/": "url.characters",
    "https://hooks.kota.example/a b": "url.characters",
    "https://höoks.example/": "url.characters",
}


def resolving(*answers: Sequence[str]):
    """A resolver that gives each answer once, and the last one for ever."""
    waiting = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match=r"url\.address"):
        judge(ip_address(address), STRICT)


@pytest.mark.parametrize("address", ["1.1.1.1", "103.10.61.5", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_is_taken(address: str) -> None:
    judge(ip_address(address), STRICT)


@given(st.ip_addresses(v=4).filter(lambda one: not one.is_global))
def test_no_way_of_writing_a_private_address_passes(address) -> None:
    number = int(address)
    for one in (address, ip_address((0xFFFF << 32) | number), ip_address((0x2002 << 112) | (number << 80))):
        with pytest.raises(AddressRefused):
            judge(one, STRICT)


def test_allowed_networks_are_let_through_and_no_others() -> None:
    settings = WebhookSettings(allowed_networks="10.20.0.0/16, fd00::/8")
    judge(ip_address("10.20.3.4"), settings)
    judge(ip_address("::ffff:10.20.3.4"), settings)
    judge(ip_address("fd00::1"), settings)
    with pytest.raises(AddressRefused):
        judge(ip_address("10.21.0.1"), settings)


@pytest.mark.parametrize(("url", "reason"), REFUSED_URLS.items())
def test_a_url_that_is_not_for_messages_is_refused(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused, match=reason):
        parse(url, STRICT)


def test_numbers_that_only_look_like_names_are_judged_when_they_are_looked_up() -> None:
    for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1"):
        target = parse(f"https://{host}/", STRICT)
        with pytest.raises((AddressRefused, OSError)):
            asyncio.run(locate(target, STRICT, system_resolve))


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    target = parse("https://hooks.kota.example/", STRICT)
    with pytest.raises(AddressRefused):
        await locate(target, STRICT, resolving(["1.1.1.1", "10.0.0.1"]))
    assert await locate(target, STRICT, resolving(["1.1.1.1"])) == "1.1.1.1"


def test_settings_that_are_none_are_refused() -> None:
    for wrong in ({"ports": "443,x"}, {"ports": "0"}, {"allowed_networks": "10.0.0.1/8"}):
        with pytest.raises(ValidationError):
            WebhookSettings.model_validate(wrong)


async def test_a_name_that_answers_differently_the_second_time_gains_nothing() -> None:
    """The name is asked once: a first public answer is where the connection goes, though the next answer would be the loopback."""
    with receiving() as receiver:
        settings = WebhookSettings(plain_http=True, ports=str(receiver.port), seconds=0.5)
        asked = []

        async def resolve(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["203.0.113.1" if len(asked) > 1 else "127.0.0.1"]

        async with Sender(settings, resolve) as sender:
            url = f"http://rebind.kota.example:{receiver.port}/hook"
            first = await sender.post(url, {}, b"{}")
            second = await sender.post(url, {}, b"{}")
        assert (first.error, second.error) == ("url.address", "url.address")
        assert receiver.requests == []


async def test_the_connection_goes_to_the_address_that_was_judged_under_the_name_that_was_asked_for() -> None:
    with receiving() as receiver:
        settings = local(receiver)
        async with Sender(settings, resolving(["127.0.0.1"])) as sender:
            found = await sender.post(f"http://hooks.kota.example:{receiver.port}/hook?x=1", {}, b"{}")
        assert found.taken
        (taken,) = receiver.requests
        assert (taken.headers["host"], taken.path) == (f"hooks.kota.example:{receiver.port}", "/hook?x=1")


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate with its key, for a name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = folder / f"{name}.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + made.public_bytes(Encoding.PEM))
    return path


async def over_tls(settings: WebhookSettings, port: int, name: str) -> Outcome:
    async with Sender(settings, resolving(["127.0.0.1"])) as sender:
        return await sender.post(f"https://{name}:{port}/hook", {}, b"{}")


async def test_a_wrong_certificate_is_refused(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "hooks.kota.example")
    with receiving(pem) as receiver:
        unknown = local(receiver)
        known = unknown.model_copy(update={"tls_ca": pem})
        assert (await over_tls(unknown, receiver.port, "hooks.kota.example")).error == "tls"
        assert (await over_tls(known, receiver.port, "other.kota.example")).error == "tls"
        assert receiver.requests == []
        assert (await over_tls(known, receiver.port, "hooks.kota.example")).status == 204


async def test_an_endpoint_that_became_private_is_not_reached_and_the_admin_sees_why(
    fresh_database: str, tmp_path: Path, keys: KeyRing
) -> None:
    with receiving() as receiver:
        settings = WebhookSettings(plain_http=True, ports=str(receiver.port))
        async with open_post(fresh_database, tmp_path, keys, settings) as post:
            post.means = replace(post.means, resolve=resolving(["10.0.0.8"]))
            webhook_id, _ = await post.hook(f"http://hooks.kota.example:{receiver.port}/hook")
            post.happen()
            await post.deliver()
            assert (await post.webhook(webhook_id)).last_error == "url.address"
            assert post.sql("SELECT status, error FROM webhook_attempt") == [(None, "url.address")]
        assert receiver.requests == []
