"""BSrE's Esign Client Service, dialect v1: one multipart call a document.

`POST /api/sign/pdf` answers the signed PDF with its number in the header `id_dokumen`, or JSON with that number, and then the file is
fetched at `GET /api/sign/download/{id_dokumen}`. Who can sign is asked at `GET /api/user/status/{nik}`.
"""

import re
from datetime import datetime

from app.core.signing_settings import BsreSettings
from app.signing.providers.base import Given, Sheet, SignedFile, Signer, Takes, Traits
from app.signing.providers.bsre.errors import refuse_login, refuse_sign, refuse_state
from app.signing.providers.errors import OutcomeUnknown, ProviderUnavailable, SecretMissing, SignerUnidentified
from app.signing.providers.wire import Reply, Wire

PDF = "application/pdf"
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,80}")


class BsreV1Provider:
    """A whole PDF out and back, one at a time."""

    def __init__(self, settings: BsreSettings, roots: tuple[bytes, ...]) -> None:
        self._wire = wire_to(settings)
        self._basic = (settings.username, settings.password.get_secret_value())
        self.traits = Traits("bsre-v1", Takes.FILE, "certified", "bsre", ("passphrase",), remote=True, nik=True)
        self.roots = roots

    async def sign(
        self,
        signer: Signer,
        sheets: tuple[Sheet, ...],
        given: Given,
        *,
        at: datetime,  # noqa: ARG002 - the gateway takes its own time
    ) -> tuple[SignedFile, ...]:
        """Ask for the person's state first, which signs nothing; then have the one sheet signed."""
        (sheet,) = sheets
        if given.passphrase is None:
            raise SecretMissing(needed="passphrase")
        if signer.nik is None:
            raise SignerUnidentified(needed="nik")
        nik = signer.nik.get_secret_value()
        refuse_state(await self._wire.ask("GET", f"/api/user/status/{nik}", basic=self._basic))
        reply = await self._wire.commission(
            "POST",
            "/api/sign/pdf",
            basic=self._basic,
            data={"nik": nik, "passphrase": given.passphrase.get_secret_value(), "tampilan": "invisible"},
            files={"file": (f"{sheet.id}.pdf", sheet.data, PDF)},
        )
        refuse_sign(reply)
        return (await self._file(reply),)

    async def look_again(self, signer: Signer, reference: str) -> SignedFile | None:  # noqa: ARG002 - a number names the file
        """Fetch the file where the gateway had given its number; without one v1 has no way to ask."""
        if not _REFERENCE.fullmatch(reference):
            return None
        reply = await self._wire.ask("GET", f"/api/sign/download/{reference}", basic=self._basic)
        refuse_login(reply)
        return SignedFile(reply.body, reference) if reply.status == 200 and is_pdf(reply) else None

    async def _file(self, reply: Reply) -> SignedFile:
        reference = _reference(reply)
        if is_pdf(reply):
            return SignedFile(reply.body, reference)
        if not reference:
            raise OutcomeUnknown(reason="html" if reply.kind == "text/html" else "shape")
        try:
            fetched = await self._wire.ask("GET", f"/api/sign/download/{reference}", basic=self._basic)
        except ProviderUnavailable as error:  # it is signed there, and its number is known
            raise OutcomeUnknown(reason=f"download_{error.params['reason']}", reference=reference) from None
        if fetched.status != 200 or not is_pdf(fetched):
            raise OutcomeUnknown(reason=f"download_{fetched.status}", reference=reference)
        return SignedFile(fetched.body, reference)


def wire_to(settings: BsreSettings) -> Wire:
    """The gateway as the settings name it."""
    return Wire(
        settings.base_url,
        connect_seconds=settings.connect_seconds,
        seconds=settings.seconds,
        tls_verify=settings.tls_verify,
        tls_ca=settings.tls_ca,
    )


def is_pdf(reply: Reply) -> bool:
    """Whether the body is a PDF; some gateways call it octet-stream, and error pages are sent with status 200."""
    return reply.body.startswith(b"%PDF-")


def _reference(reply: Reply) -> str:
    found = str(reply.headers.get("id_dokumen") or (reply.data or {}).get("id_dokumen") or "")
    return found if _REFERENCE.fullmatch(found) else ""
