"""CSC API 2.0: as 1.0.4.0, but for how hashes are named and how PIN and OTP are handed over."""

from typing import Any, ClassVar

from app.signing.providers.base import Given
from app.signing.providers.csc.session import SHA256
from app.signing.providers.csc.v1 import CscV1Provider, Hashes


class CscV2Provider(CscV1Provider):
    """The same conversation in the words of version 2."""

    version: ClassVar[str] = "v2"

    def authorization(self, credential: str, hashes: Hashes, given: Given) -> dict[str, Any]:
        """The body of `credentials/authorize` (2.0 clause 11.6)."""
        proofs = []
        if given.passphrase is not None:
            proofs.append({"id": "PIN", "value": given.passphrase.get_secret_value()})
        if given.totp is not None:
            proofs.append({"id": "OTP", "value": given.totp.get_secret_value()})
        return {
            "credentialID": credential,
            "numSignatures": len(hashes),
            "hashes": hashes,
            "hashAlgorithmOID": SHA256,
            "authData": proofs,
        }

    def signing(self, credential: str, sad: str, hashes: Hashes, algorithm: str) -> dict[str, Any]:
        """The body of `signatures/signHash` (2.0 clause 11.11)."""
        return {
            "credentialID": credential,
            "SAD": sad,
            "hashes": hashes,
            "hashAlgorithmOID": SHA256,
            "signAlgo": algorithm,
        }
