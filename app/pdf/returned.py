"""Examine a document of ours that somebody else's key signed, before it counts: by a full validator, for its form is not our own.

Two ways it may have come about: our hole was filled with a CMS of another maker, or a service appended its own update to our file.
Either way there is exactly one signature, it covers the whole file, holds, chains to a root we were told of, and bears a valid
time stamp (PAdES B-T, ETSI EN 319 142-1 clause 6). Of an update it is also asked that our bytes stand unchanged before it and that
it changed nothing but what a signature needs (ISO 32000-1 clause 12.8.2: form fields and their appearance).
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON

from app.pdf.embedded_signature import SignatureVerdict, Trust, Validator
from app.pdf.opening import open_file

_CATALOG_RULE: Any = CatalogModificationRule
_POLICY = StandardDiffPolicy(
    [
        _CATALOG_RULE(ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"})  # of a service that certifies what it signs
        if isinstance(rule, CatalogModificationRule)
        else rule
        for rule in DEFAULT_DIFF_POLICY.global_rules
    ],
    DEFAULT_DIFF_POLICY.form_rule,
)


class ReturnedRefused(Exception):
    """What came back does not count; `code` says why.

    `not_pdf`, `rewritten`, `no_signature`, `not_covered`, `changed`, `digest`, `value`, `chain`, `timestamp`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ReturnedFacts:
    """Whom the certificate names, in its own attributes, and the time of the stamp."""

    subject: dict[str, str]
    signed_at: datetime


def examine_returned(data: bytes, *, sent: bytes | None, trust_roots: Sequence[bytes], now: datetime) -> ReturnedFacts:
    """Examine a finished file at `now`; `sent` is what an update must follow, None where our own hole was filled.

    Trusts these roots (DER) alone, for signer and time stamp. Raises `ReturnedRefused`.
    """
    _require_form(data, sent)
    try:
        with ThreadPoolExecutor(1) as pool:  # pyHanko is asynchronous, and the caller's thread may run a loop already
            verdict = pool.submit(asyncio.run, _judge(data, trust_roots, now, updated=sent is not None)).result()
    except ReturnedRefused:
        raise
    except Exception as error:  # a stranger's bytes may break any parser in any way
        raise ReturnedRefused("not_pdf") from error
    return _facts(verdict)


def require_update(data: bytes, sent: bytes) -> None:
    """That a file is the one sent and an update, which adds signatures and changes nothing else. Raises `ReturnedRefused`."""
    _require_form(data, sent)
    try:
        reader = open_file(data)
        _check_update(reader, open_file(sent).xrefs.total_revisions - 1)
    except ReturnedRefused:
        raise
    except Exception as error:  # a stranger's bytes may break any parser in any way
        raise ReturnedRefused("not_pdf") from error


def _require_form(data: bytes, sent: bytes | None) -> None:
    if not data.startswith(b"%PDF-"):
        raise ReturnedRefused("not_pdf")
    if sent is not None and (not data.startswith(sent) or len(data) == len(sent)):
        raise ReturnedRefused("rewritten")


async def _judge(data: bytes, trust_roots: Sequence[bytes], now: datetime, *, updated: bool) -> SignatureVerdict:
    reader = open_file(data)
    embedded = reader.embedded_signatures
    if len(embedded) != 1 or reader.encrypted:
        raise ReturnedRefused("no_signature")
    if updated:
        _check_update(reader)
    return await Validator(reader, data, Trust(trust_roots, (), (), lenient=True), now).judge(
        embedded[0], ours=False, archived=False
    )


def _check_update(reader: PdfFileReader, sent: int = 0) -> None:
    """What follows the revision that was sent adds a signature and changes nothing that was read."""
    old = reader.get_historical_resolver(sent)
    new = reader.get_historical_resolver(reader.xrefs.total_revisions - 1)
    try:
        found = _POLICY.apply(old, new)
    except SuspiciousModification as error:
        raise ReturnedRefused("changed") from error
    if found.modification_level > ModificationLevel.FORM_FILLING:
        raise ReturnedRefused("changed")


def _facts(verdict: SignatureVerdict) -> ReturnedFacts:
    demanded = (
        (verdict.covers_file, "not_covered"),
        (verdict.intact, "digest"),
        (verdict.valid, "value"),
        (verdict.trusted, "chain"),
        (verdict.stamped, "timestamp"),
    )
    for holds, code in demanded:
        if not holds:
            raise ReturnedRefused(code)
    if verdict.signed_at is None:
        raise ReturnedRefused("timestamp")
    return ReturnedFacts(verdict.subject, verdict.signed_at)
