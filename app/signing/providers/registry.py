"""Every provider by its name: a new one is one file and one line here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.core.errors import CannotStart
from app.core.settings import Settings
from app.pki.authority import Authority
from app.signing.providers.base import Provider, Traits
from app.signing.providers.bsre.v1 import BsreV1Provider
from app.signing.providers.bsre.v2 import BsreV2Provider
from app.signing.providers.csc.v1 import CscV1Provider
from app.signing.providers.csc.v2 import CscV2Provider
from app.signing.providers.device import DeviceProvider
from app.signing.providers.errors import ProviderOff
from app.signing.providers.pkcs11 import Pkcs11Provider
from app.signing.providers.pkcs12 import Pkcs12Provider
from app.signing.providers.wet_scan import WetScanProvider

Make = Callable[[Settings, Authority], Provider]

MAKERS: dict[str, Make] = {
    "device": lambda _, a: DeviceProvider(a),
    "pkcs12": lambda s, a: Pkcs12Provider(s.pkcs12.folder, read_roots(s.pkcs12.roots), a.tsa.token),
    "pkcs11": lambda s, a: Pkcs11Provider(s.pkcs11.token, s.pkcs11.pin, read_roots(s.pkcs11.roots), a.tsa.token),
    "bsre-v1": lambda s, _: BsreV1Provider(s.bsre, read_roots(s.bsre.roots)),
    "bsre-v2": lambda s, _: BsreV2Provider(s.bsre, read_roots(s.bsre.roots)),
    "csc-v1": lambda s, a: CscV1Provider(s.csc, read_roots(s.csc.roots), a.tsa.token),
    "csc-v2": lambda s, a: CscV2Provider(s.csc, read_roots(s.csc.roots), a.tsa.token),
    "wet_scan": lambda s, _: WetScanProvider(s.signing.scan_mb << 20),
}


@dataclass(frozen=True)
class Providers:
    """The providers that are on, in the order they are offered."""

    on: dict[str, Provider]

    def get(self, name: str) -> Provider:
        """Return a provider; raises `ProviderOff` for one that is not on."""
        if name not in self.on:
            raise ProviderOff(provider=name[:40])
        return self.on[name]

    @property
    def traits(self) -> tuple[Traits, ...]:
        """What each of them is."""
        return tuple(provider.traits for provider in self.on.values())

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Root certificates (DER) that signatures of documents of ours may chain to, beside our own."""
        return tuple(dict.fromkeys(root for name, one in self.on.items() if name != "device" for root in one.roots))


def build_providers(settings: Settings, authority: Authority) -> Providers:
    """Make what the settings switch on; raises `CannotStart` for an unknown name or a file that cannot be read."""
    if unknown := [name for name in settings.signing.names if name not in MAKERS]:
        raise CannotStart(f"PAKTA_SIGNING_PROVIDERS: {unknown[0]} is not one of {', '.join(MAKERS)}.")
    return Providers({name: MAKERS[name](settings, authority) for name in settings.signing.names})


def read_roots(path: Path | None) -> tuple[bytes, ...]:
    """Certificates of a PEM file as DER; none for no file."""
    if path is None:
        return ()
    try:
        found: Sequence[x509.Certificate] = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CannotStart(f"{path} is not a readable PEM file of root certificates.") from error
    return tuple(one.public_bytes(Encoding.DER) for one in found)
