"""Compiled templates of open rounds, kept by the process: a second of work once, nothing after."""

import asyncio
import json
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from app.core.blobs import BlobStore
from app.core.db import Session
from app.core.errors import NotFound
from app.pdf.compiler import CompiledTemplate, compile_template
from app.pdf.inputs import CompileInputs, Signing
from app.pdf.revision import RevisionBase, read_base
from app.pdf.tail import Variant
from app.pledge import service as pledge
from app.pledge.errors import PrefixChanged

_NO_BASE = RevisionBase(0, sha256(), {}, b"")


@dataclass(frozen=True, eq=False)
class RoundText:
    """One text of a round, ready to print."""

    inputs: CompileInputs
    template: CompiledTemplate

    @property
    def title(self) -> str:
        """The text's name as people know it."""
        return self.inputs.source.name


class TemplateShelf:
    """What this process has compiled or read so far."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._texts: dict[tuple[UUID, str], RoundText] = {}
        self._on_paper: dict[tuple[UUID, str, bool], RoundText] = {}
        self._elsewhere: dict[tuple[UUID, str, Signing, int, bool], RoundText] = {}
        self._unnoted: dict[tuple[UUID, str], RoundText] = {}
        self._bases: dict[str, tuple[bytes, RevisionBase]] = {}
        self._lock = asyncio.Lock()

    async def text(self, session: Session, round_id: UUID, code: str) -> RoundText:
        """Return a text of an opened round. Raises `PrefixChanged` if it compiles to other bytes than were frozen."""
        if found := self._texts.get((round_id, code)):
            return found
        async with self._lock:  # two requests at once compile once
            if found := self._texts.get((round_id, code)):
                return found
            frozen = next((p for p in await pledge.pledges_of(session, [round_id]) if p.pledge == code), None)
            if frozen is None or frozen.compile_inputs is None:
                raise NotFound
            inputs = CompileInputs.from_json(json.dumps(frozen.compile_inputs))
            template = await asyncio.to_thread(compile_template, inputs)
            if [variant.prefix_sha256 for variant in template.variants] != frozen.prefixes:
                raise PrefixChanged(template=code)
            self._texts[round_id, code] = text = RoundText(inputs, template)
            return text

    async def unnoted(self, session: Session, round_id: UUID, code: str) -> RoundText:
        """Return a text of a countersigned round without the official's block: for whom nobody stands above."""
        if (round_id, code) not in self._unnoted:
            inputs = replace((await self.text(session, round_id, code)).inputs, countersign=False)
            self._unnoted[round_id, code] = RoundText(inputs, await asyncio.to_thread(compile_template, inputs))
        return self._unnoted[round_id, code]

    async def paper(self, session: Session, round_id: UUID, code: str, *, noted: bool) -> RoundText:
        """Return a text of an opened round as it is printed to be signed on paper, with the official's block if `noted`."""
        if (round_id, code, noted) not in self._on_paper:
            frozen = (await self.text(session, round_id, code)).inputs
            inputs = replace(frozen, signing="paper", countersign=noted)
            self._on_paper[round_id, code, noted] = RoundText(inputs, await asyncio.to_thread(compile_template, inputs))
        return self._on_paper[round_id, code, noted]

    async def elsewhere(
        self, session: Session, round_id: UUID, code: str, foot: Signing, room: int, *, noted: bool
    ) -> RoundText:
        """Return a text of an opened round as it is signed elsewhere: under another foot, or with `room` bytes for the signature.

        `noted`: with the official's block.
        """
        key = (round_id, code, foot, room, noted)
        if key not in self._elsewhere:
            frozen = (await self.text(session, round_id, code)).inputs
            room = room or frozen.signature_room
            inputs = replace(frozen, signing=foot, signature_room=room, countersign=noted)
            self._elsewhere[key] = RoundText(inputs, await asyncio.to_thread(compile_template, inputs))
        return self._elsewhere[key]

    async def hold(self, variant: Variant) -> tuple[bytes, RevisionBase]:
        """Return a layout's prefix and what later revisions need of it; durable before a document names it, as it may be new."""
        prefix_sha256 = variant.prefix_sha256
        if prefix_sha256 not in self._bases:
            await self._blobs.put(pledge.prefix_blob(prefix_sha256), variant.prefix)
            self._bases[prefix_sha256] = variant.prefix, read_base(variant.prefix)
        return self._bases[prefix_sha256]

    async def base(self, prefix_sha256: str) -> tuple[bytes, RevisionBase]:
        """Return a prefix's bytes and what later revisions need of it; a scan has none."""
        if not prefix_sha256:
            return b"", _NO_BASE
        if prefix_sha256 not in self._bases:
            prefix = await self._blobs.get(pledge.prefix_blob(prefix_sha256))
            self._bases[prefix_sha256] = prefix, read_base(prefix)
        return self._bases[prefix_sha256]
