"""Where messages may go: the guard against having this service ask its own network (server-side request forgery).

An address is looked up once, judged, and connected to as judged: the host's name goes into the Host header and the TLS handshake only, so a
name that answers differently the second time (DNS rebinding) gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from app.core.webhook_settings import WebhookSettings

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a host up: the addresses it stands for, as text; raises OSError when there are none."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_CARRIERS = tuple(
    IPv6Network(one)
    for one in (
        "::/96",  # IPv4-compatible, RFC 4291 §2.5.5.1
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # the same for local use, RFC 8215
        "2001::/32",  # Teredo, RFC 4380
        "2002::/16",  # 6to4, RFC 3056
    )
)
"""IPv6 that carries an IPv4 address somebody on the way unpacks: where it ends cannot be judged, so it is refused."""


class AddressRefused(ValueError):
    """The address is none that messages may go to; the text says why, in a word of the API (`url.*`)."""


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint's address in its parts."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: with the port only where it is not the scheme's own (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, settings: WebhookSettings) -> Target:
    """Return an address in its parts; raises `AddressRefused` for one that messages may not go to, whatever its name stands for."""
    if not url.isascii() or any(character <= " " or character == "\\" for character in url):
        raise AddressRefused("url.characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("url.form") from None
    if parts.scheme not in ({"https", "http"} if settings.plain_http else {"https"}):
        raise AddressRefused("url.scheme")
    if "@" in parts.netloc:
        raise AddressRefused("url.credentials")
    if not parts.hostname or parts.fragment:
        raise AddressRefused("url.form")
    port = port or _DEFAULT_PORTS[parts.scheme]
    if port not in settings.port_numbers:
        raise AddressRefused("url.port")
    if (literal := _literal(parts.hostname)) is not None:
        judge(literal, settings)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


async def locate(target: Target, settings: WebhookSettings, resolve: Resolve) -> str:
    """Return the address to connect to; raises `AddressRefused` if the name stands for any that is not allowed, OSError for none."""
    found = [target.host] if _literal(target.host) else list(await resolve(target.host, target.port))
    if not found:
        raise OSError("the name stands for no address")
    for one in found:
        address = _literal(one)
        if address is None:
            raise AddressRefused("url.address")
        judge(address, settings)
    return found[0]


def judge(address: IPv4Address | IPv6Address, settings: WebhookSettings) -> None:
    """Raise `AddressRefused` for an address that is not public, unless it lies in an allowed network."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in settings.networks if network.version == address.version):
        return
    carried = isinstance(address, IPv6Address) and any(address in network for network in _CARRIERS)
    local = isinstance(address, IPv6Address) and (address.is_site_local or address.scope_id is not None)
    if carried or local or not address.is_global or address.is_multicast or address.is_reserved:
        raise AddressRefused("url.address")


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Look a host up with the system's resolver; families this machine has no address of are left out."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
