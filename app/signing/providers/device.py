"""The signer's own device: the key never was here. What arrives are raw signatures, certified for minutes, over what we built."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from app.pki import ecdsa
from app.pki.authority import Authority
from app.pki.cms import signed_attributes, signed_data
from app.pki.errors import PkiFault
from app.pki.parsed_certificate import parse
from app.signing.errors import SignatureInvalid, SignaturesIncomplete
from app.signing.providers.base import Cms, DeviceProof, Given, Sheet, Signer, Takes, Traits
from app.signing.providers.errors import SecretMissing


class DeviceProvider:
    """Builds each CMS around what the device signed; the ceremony before it is `app.signing.service`'s."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.traits = Traits("device", Takes.DIGEST, "uncertified", "device", most=500, own_ceremony=True)
        self.roots = authority.roots

    async def sign(self, signer: Signer, sheets: tuple[Sheet, ...], given: Given, *, at: datetime) -> tuple[Cms, ...]:  # noqa: ARG002 - the certificate names the signer
        """Verify every signature before the first CMS is built. Raises `SignaturesIncomplete`, `SignatureInvalid`."""
        proof = given.device
        if proof is None:
            raise SecretMissing(needed="device")
        if len(proof.signatures) != len(sheets):
            raise SignaturesIncomplete
        return await asyncio.to_thread(build_all, self._authority, proof, sheets, at)

    async def look_again(self, signer: Signer, reference: str) -> None:
        """A device's signature is here or it is not."""


def build_all(authority: Authority, proof: DeviceProof, sheets: Sequence[Sheet], at: datetime) -> tuple[Cms, ...]:
    """CMS with certificate, chain and time stamp (B-T) of each sheet; raises `SignatureInvalid` for the first that does not hold."""
    spki, checked = parse(proof.certificate).spki, []
    for sheet, raw in zip(sheets, proof.signatures, strict=True):
        attributes = signed_attributes(sheet.digest, proof.certificate)
        try:
            signature = ecdsa.der_from_raw(raw) if ecdsa.verify(spki, raw, attributes) else b""
        except PkiFault:
            signature = b""
        if not signature:
            raise SignatureInvalid(document=str(sheet.id))
        checked.append((attributes, signature))
    return tuple(
        Cms(
            signed_data(
                attributes=attributes,
                signature_der=signature,
                certificate=proof.certificate,
                chain=authority.chain,
                timestamp_token=authority.tsa.token(sha256(signature).digest(), at),
            )
        )
        for attributes, signature in checked
    )
