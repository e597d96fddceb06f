"""CSC API 1.0.4.0: `credentials/list`, `credentials/info`, `credentials/authorize` (PIN, OTP), `signatures/signHash`."""

import base64
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from app.core.signing_settings import CscSettings
from app.signing.providers.base import Cms, Given, Sheet, Signer, Stamp, Takes, Traits
from app.signing.providers.cms import ROOM, algorithm_of, attributes_for, build
from app.signing.providers.csc.session import (
    ECDSA_WITH_SHA256,
    RSA_WITH_SHA256,
    SHA256,
    CscSession,
    certificates_of,
    credential_of,
    signatures_of,
)
from app.signing.providers.errors import SecretMissing

Hashes = list[str]


class CscV1Provider:
    """Digests out, raw signatures back; the CMS is built here."""

    version: ClassVar[str] = "v1"

    def __init__(self, settings: CscSettings, roots: tuple[bytes, ...], stamp: Stamp) -> None:
        self._service = CscSession(settings, self.version)
        self._stamp = stamp
        self.traits = Traits(
            f"csc-{self.version}",
            Takes.DIGEST,
            "uncertified",
            "device",
            ("passphrase", "totp"),
            ROOM,
            remote=True,
            most=settings.batch,
            together=True,  # which of them, the credential says (11.5, PIN.presence and OTP.presence)
        )
        self.roots = roots

    async def sign(self, signer: Signer, sheets: tuple[Sheet, ...], given: Given, *, at: datetime) -> tuple[Cms, ...]:
        """Find the person's credential, authorize exactly these hashes with PIN or OTP, have them signed, build each CMS."""
        if given.passphrase is None and given.totp is None:
            raise SecretMissing(needed="passphrase")
        bearer = await self._service.login()
        credential = credential_of(await self._service.ask("credentials/list", bearer, {"userID": signer.nip}))
        wanted = {"credentialID": credential, "certificates": "chain", "certInfo": True}
        certificate, *chain = certificates_of(await self._service.ask("credentials/info", bearer, wanted), at)
        hashes = [
            base64.b64encode(sha256(attributes_for(sheet.digest, certificate)).digest()).decode() for sheet in sheets
        ]
        algorithm = ECDSA_WITH_SHA256 if algorithm_of(certificate) == "ecdsa" else RSA_WITH_SHA256
        granted = await self._service.ask(
            "credentials/authorize", bearer, self.authorization(credential, hashes, given)
        )
        body = self.signing(credential, str(granted.get("SAD", "")), hashes, algorithm)
        signatures = signatures_of(await self._service.commission("signatures/signHash", bearer, body), len(sheets))
        return tuple(
            build(sheet.digest, signature, certificate, _without_root(chain), stamp=self._stamp, at=at)
            for sheet, signature in zip(sheets, signatures, strict=True)
        )

    async def look_again(self, signer: Signer, reference: str) -> None:  # noqa: ARG002 - the API has no such call
        """A raw signature that was not seen is of no use to anybody, and the API keeps none: see whether the service is there."""
        await self._service.login()

    def authorization(self, credential: str, hashes: Hashes, given: Given) -> dict[str, Any]:
        """The body of `credentials/authorize` (1.0.4.0 clause 11.6)."""
        body: dict[str, Any] = {"credentialID": credential, "numSignatures": len(hashes), "hash": hashes}
        if given.passphrase is not None:
            body["PIN"] = given.passphrase.get_secret_value()
        if given.totp is not None:
            body["OTP"] = given.totp.get_secret_value()
        return body

    def signing(self, credential: str, sad: str, hashes: Hashes, algorithm: str) -> dict[str, Any]:
        """The body of `signatures/signHash` (1.0.4.0 clause 11.9)."""
        return {"credentialID": credential, "SAD": sad, "hash": hashes, "hashAlgo": SHA256, "signAlgo": algorithm}


def _without_root(chain: list[bytes]) -> list[bytes]:
    return chain[:-1] if len(chain) > 1 else chain
