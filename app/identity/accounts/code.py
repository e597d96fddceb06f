"""The code of an invitation: 130 bits that only the service's master key can tell from the invitation's id.

The code is HMAC-SHA-256 of the id (a UUIDv7, RFC 9562, 74 random bits of which nobody outside is told) under a key made from the master
key, cut to 26 characters of Crockford's base 32. So the job that mails the link needs no secret in its arguments, the database holds a
hash alone, and a stolen backup without the master key opens nothing.
"""

import hmac
from dataclasses import dataclass
from uuid import UUID

from app.core.ids import CODE_ALPHABET
from app.core.secrets import token_hash

LENGTH = 26
_PURPOSE = b"pakta.invitation.v1"


@dataclass(frozen=True)
class InvitationPress:
    """Makes and recognises the codes of invitations; `base_url` is where their links lead."""

    base_url: str
    secret: bytes

    def code(self, invitation_id: UUID) -> str:
        """Return the code of an invitation."""
        digest = hmac.new(self.secret, _PURPOSE + invitation_id.bytes, "sha256").digest()
        bits = int.from_bytes(digest, "big") >> (256 - 5 * LENGTH)
        return "".join(CODE_ALPHABET[bits >> shift & 31] for shift in range(0, 5 * LENGTH, 5))

    def url(self, code: str) -> str:
        """Return the address an invitation's link leads to."""
        return f"{self.base_url}/kantor/undangan/{code}"

    @staticmethod
    def digest(code: str) -> bytes:
        """Return what is stored of a code."""
        return token_hash(code.strip().upper())
