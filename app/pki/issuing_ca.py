"""An issuing CA and the list it publishes. One that was followed by another still speaks of what it issued, until its end."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.pki import crl
from app.pki.certificate import Issuer
from app.pki.crl import fresh_crl
from app.pki.errors import DerMalformed
from app.pki.parsed_certificate import parse

ISSUING_CRL_LIFE = timedelta(days=30)
ROLE = "CA Penerbit"
ROOT_ROLE = "Akar"
_NUMBERED = re.compile(rf"(?:{ROLE}|{ROOT_ROLE}) (\d{{1,4}})\b")


def role(generation: int, of: str = ROLE) -> str:
    """What the common name of an issuing CA, or of a root, begins with; the first one has no number."""
    return of if generation == 1 else f"{of} {generation}"


def generation_of(certificate: bytes) -> int:
    """Which issuing CA or root of the institution this is, from its common name; 1 for the first."""
    found = _NUMBERED.match(parse(certificate).text("name"))
    return int(found[1]) if found else 1


def list_name(certificate: bytes) -> str:
    """The file name a CA's CRL is published under: certificates name it, so it never changes hands."""
    generation, kind = generation_of(certificate), "root" if is_root(certificate) else "issuing"
    return f"{kind}.crl" if generation == 1 else f"{kind}-{generation}.crl"


def is_root(certificate: bytes) -> bool:
    """Whether a CA's certificate is its own issuer's."""
    read = parse(certificate)
    return read.subject == read.issuer


@dataclass(repr=False)
class IssuingCa:
    """A CA's certificate and key, and the CRL last signed (DER, empty before the first); `keep` makes a new one last."""

    issuer: Issuer
    last_crl: bytes = b""
    keep: Callable[[bytes], None] = field(default=lambda _: None)

    @property
    def certificate(self) -> bytes:
        """Its certificate in DER."""
        return self.issuer.certificate

    def in_force(self, now: datetime) -> bool:
        """Whether its certificate has not ended: afterwards nothing needs its lists."""
        return now < parse(self.certificate).not_after

    def crl(self, now: datetime) -> bytes:
        """Its CRL in force at `now`; signed anew in the last half of its life, and when the one kept is another CA's."""
        if not self._lasts(now):
            self.last_crl = fresh_crl(self.issuer, now, ISSUING_CRL_LIFE)
            self.keep(self.last_crl)
        return self.last_crl

    def _lasts(self, now: datetime) -> bool:
        try:
            # a rotation killed half-way leaves the list of the CA before
            own = crl.issuer_name(self.last_crl) == self.issuer.name
            return own and crl.dates_of(self.last_crl).next_update - now >= ISSUING_CRL_LIFE / 2
        except DerMalformed:
            return False
