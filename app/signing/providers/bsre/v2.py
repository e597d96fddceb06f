"""BSrE's Esign Client Service, dialect v2: JSON, many documents under one passphrase or one-time code.

`POST /api/v2/sign/pdf` answers `{time, file[]}`, the files in base64 and in the order they were sent. There is no way to fetch a
file later, so what was not seen can only be settled by a person. `POST /api/v2/verify/pdf` judges a signed file.
"""

import base64
import binascii
from datetime import datetime
from typing import Any

from app.core.signing_settings import BsreSettings
from app.signing.providers.base import Given, Opinion, Sheet, SignedFile, Signer, Takes, Traits
from app.signing.providers.bsre.errors import refuse_sign, refuse_state
from app.signing.providers.bsre.v1 import wire_to
from app.signing.providers.errors import OutcomeUnknown, ProviderUnavailable, SecretMissing, SignerUnidentified

_CONCLUSIONS: dict[str, Opinion] = {"VALID": "valid", "INVALID": "invalid", "NO_SIGNATURE": "invalid"}


class BsreV2Provider:
    """Whole PDFs out and back, a batch a call."""

    def __init__(self, settings: BsreSettings, roots: tuple[bytes, ...]) -> None:
        self._wire = wire_to(settings)
        self._basic = (settings.username, settings.password.get_secret_value())
        by_nik = settings.identify_by == "nik"
        self.traits = Traits(
            "bsre-v2",
            Takes.FILE,
            "certified",
            "bsre",
            ("passphrase", "totp"),
            remote=True,
            most=settings.batch,
            nik=by_nik,
        )
        self.roots = roots

    async def sign(
        self,
        signer: Signer,
        sheets: tuple[Sheet, ...],
        given: Given,
        *,
        at: datetime,  # noqa: ARG002 - the gateway takes its own time
    ) -> tuple[SignedFile, ...]:
        """Ask for the person's state first, which signs nothing; then have all sheets signed in one call."""
        person, secret = self._person(signer), _secret(given)
        refuse_state(await self._wire.ask("POST", "/api/v2/user/check/status", basic=self._basic, json=person))
        body = {
            **person,
            **secret,
            "signatureProperties": [{"tampilan": "INVISIBLE"} for _ in sheets],
            "file": [base64.b64encode(sheet.data).decode() for sheet in sheets],
        }
        reply = await self._wire.commission("POST", "/api/v2/sign/pdf", basic=self._basic, json=body)
        refuse_sign(reply)
        return _files(reply.data, len(sheets), html=reply.kind == "text/html")

    async def look_again(self, signer: Signer, reference: str) -> SignedFile | None:  # noqa: ARG002 - it keeps no files
        """Ask whether the gateway is there and the person able; v2 keeps no files, so it never has more to tell."""
        refuse_state(
            await self._wire.ask("POST", "/api/v2/user/check/status", basic=self._basic, json=self._person(signer))
        )
        return None

    async def opinion(self, data: bytes) -> Opinion:
        """What `POST /api/v2/verify/pdf` concludes; it signs nothing and needs nobody's secret."""
        body = {"file": base64.b64encode(data).decode()}
        try:
            reply = await self._wire.ask("POST", "/api/v2/verify/pdf", basic=self._basic, json=body)
        except ProviderUnavailable:
            return "unclear"
        said = str((reply.data or {}).get("conclusion", "")).upper() if reply.status == 200 else ""
        return _CONCLUSIONS.get(said, "unclear")

    def _person(self, signer: Signer) -> dict[str, str]:
        if self.traits.nik:
            if signer.nik is None:
                raise SignerUnidentified(needed="nik")
            return {"nik": signer.nik.get_secret_value()}
        if not signer.email:
            raise SignerUnidentified(needed="email")
        return {"email": signer.email}


def _secret(given: Given) -> dict[str, str]:
    if given.totp is not None:
        return {"totp": given.totp.get_secret_value()}
    if given.passphrase is not None:
        return {"passphrase": given.passphrase.get_secret_value()}
    raise SecretMissing(needed="passphrase")


def _files(data: dict[str, Any] | None, count: int, *, html: bool) -> tuple[SignedFile, ...]:
    """As many PDFs as were sent; anything else is an end nobody understands, and something may be signed."""
    files = (data or {}).get("file")
    if not isinstance(files, list) or len(files) != count:
        raise OutcomeUnknown(reason="html" if html else "shape")
    try:
        return tuple(SignedFile(base64.b64decode(one, validate=True)) for one in files)
    except (binascii.Error, TypeError, ValueError):
        raise OutcomeUnknown(reason="shape") from None
