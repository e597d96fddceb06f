"""PKCS #11 URIs (RFC 7512): where a key lies, which library leads there, and where its PIN is read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from app.pki.errors import UriRefused

_PATH = {"token", "serial", "object", "id", "type", "manufacturer", "model"}
_QUERY = {"module-path", "pin-source", "pin-value"}


@dataclass(frozen=True)
class TokenPlace:
    """A key in a token: the library's path, the token by label or serial number, the key by label or id (CKA_ID)."""

    module: str
    token: str
    serial: str
    label: str
    identifier: bytes
    pin: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The place for people: token and object, never the PIN."""
        return f"token {self.token or self.serial}, objek {self.label or self.identifier.hex()}"


Places = Mapping[str, TokenPlace]
"""Which of an institution's keys lie in a token, and where; the others are files."""
NOWHERE: Places = {}


def read_uri(uri: str, *, module: str = "", pin: str = "") -> TokenPlace:
    """Read a URI (RFC 7512 clause 2.3); `module` and `pin` stand in where it names neither. Raises `UriRefused`.

    The text of a faulty URI is not repeated in the error: it may hold a PIN.
    """
    scheme, _, rest = uri.strip().partition(":")
    path, _, query = rest.partition("?")
    if scheme != "pkcs11":
        raise UriRefused("Alamat kunci harus berbentuk pkcs11:token=…;object=…. Perbaiki PAKTA_PKCS11_*_URI.")
    named = _attributes(path, ";", _PATH)
    asked = _attributes(query, "&", _QUERY)
    token, serial, label = (_text(named, name) for name in ("token", "serial", "object"))
    identifier = unquote_to_bytes(named.get("id", ""))
    library = _text(asked, "module-path") or module
    if not (token or serial):
        raise UriRefused("Alamat PKCS#11 tidak menyebut token= atau serial=. Perbaiki PAKTA_PKCS11_*_URI.")
    if not (label or identifier):
        raise UriRefused("Alamat PKCS#11 tidak menyebut object= atau id=. Perbaiki PAKTA_PKCS11_*_URI.")
    if not library:
        raise UriRefused("Pustaka PKCS#11 belum disebut. Isi PAKTA_PKCS11_MODULE, atau module-path= pada alamatnya.")
    return TokenPlace(library, token, serial, label, identifier, _pin(asked) or pin)


def _attributes(text: str, separator: str, known: set[str]) -> dict[str, str]:
    """Attributes by name; one that stands twice, has no value or is not known is refused (clause 2.3: ambiguity)."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if not equals or name in found or name not in known:
            raise UriRefused(f"Bagian {name[:20]!r} pada alamat PKCS#11 tidak dikenal, ganda atau tanpa nilai.")
        found[name] = value
    if found.get("type", "private") != "private":
        raise UriRefused("Alamat PKCS#11 harus menunjuk kunci privat (type=private).")
    return found


def _text(attributes: dict[str, str], name: str) -> str:
    return unquote(attributes.get(name, ""))


def _pin(asked: dict[str, str]) -> str:
    """The PIN in the URI or in the file it names (clause 2.4: pin-source is a file: URI or a path)."""
    if value := _text(asked, "pin-value"):
        return value
    source = _text(asked, "pin-source")
    if not source:
        return ""
    path = Path(urlsplit(source).path if source.startswith("file:") else source)
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UriRefused("Berkas PIN pada pin-source tidak dapat dibaca. Periksa alamat dan izinnya.") from error
