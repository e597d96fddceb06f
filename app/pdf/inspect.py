"""Look into a stranger's bytes: whether they are a document of ours, who signed it, and whether anything is wrong.

The slow and full examination behind every verdict; it knows nothing of the register and the log, which are checked above
it. It never raises: whatever a parser stumbles over is a finding. It may take long on hostile bytes, so callers bound the
time they wait.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from pyhanko.sign.fields import enumerate_sig_fields

from app.pdf.embedded_signature import NIP_ATTRIBUTE, SignatureVerdict, Trust, Validator
from app.pdf.opening import open_file
from app.pdf.reopen import Kind

MOST_BYTES = 20 * 2**20
MOST_SIGNATURES = 20  # what each covers is compared with all that follows it: twice as many take eight times as long
Result = Literal["passed", "failed", "not_checked"]

_MARKS = (b"/Producer(Pakta)", b"/FT/Sig/T(pegawai)", b"/FT/Sig/T(segel)", b"/FT/Sig/T(arsip)")
# a program that saves the file anew may pack the marks away, but not these names: such a file is a changed one of ours
NOTE_FIELD = "pejabat"
_FIELDS = frozenset({"pegawai", "segel", "arsip"})
# ".../v/" and 22 characters, as text is shown in the fonts of this engine: two bytes a character, in hexadecimal
_ADDRESS = re.compile(rb"002f0076002f((?:00(?:2d|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])){22})>")


@dataclass(frozen=True)
class Check:
    """One examined thing: a stable `code`, its result, and a sentence for people."""

    code: str
    result: Result
    detail: str


@dataclass(frozen=True)
class Signer:
    """Who signed, from the certificate; `trusted` is false when nothing vouches for these words.

    `level` is B-B, B-T or B-LTA (EN 319 142-1 clause 6); `signed_at` the time of the time stamp, None without one.
    """

    kind: Kind
    name: str
    nip: str
    organisation: str
    opd: str
    signed_at: datetime | None
    level: str
    trusted: bool


@dataclass(frozen=True)
class Inspection:
    """The findings. `reason` is set when there was nothing to check, and then `checks` is empty.

    Reasons: `file.not_pdf`, `file.encrypted`, `file.too_large`, `file.no_signature`, `file.not_ours`, `file.unreadable`.
    `ours`: the file bears our marks or a signature under a trusted root. `document_code`: the verification code printed in
    the text, a claim like any other text.
    """

    ours: bool
    reason: str | None
    checks: tuple[Check, ...]
    signers: tuple[Signer, ...]
    document_code: str | None


def inspect(
    data: bytes,
    *,
    trust_roots: Sequence[bytes],
    now: datetime,
    crls: Sequence[bytes] = (),
    other_roots: Sequence[bytes] = (),
    stamp_roots: Sequence[bytes] = (),
) -> Inspection:
    """Examine a file at the moment `now`, trusting these root certificates (DER) alone.

    `other_roots` are those of other services that sign documents of ours: they are trusted in a file that bears our marks, and make
    no other file one of ours. `stamp_roots` are those of time-stamping authorities of others.

    `crls` (DER) are the authority's lists of today: where certificates name an address of their CRL, the lists inside a
    file speak for their own month only.
    """
    if len(data) > MOST_BYTES:
        return _unchecked("file.too_large", ours=False)
    ours = any(mark in data for mark in _MARKS)
    if b"%PDF-" not in data[:1024] and not ours:
        return _unchecked("file.not_pdf", ours=False)
    try:
        # pyHanko is asynchronous and the caller may stand in a running loop already, so it gets a thread of its own
        with ThreadPoolExecutor(1) as pool:
            trust = Trust(trust_roots, stamp_roots, crls)
            return pool.submit(asyncio.run, _examine(data, trust, now, other_roots, ours=ours)).result()
    except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser in any way; that is a finding, not a fault
        return _broken(data) if ours else _unchecked("file.unreadable", ours=False)


def _unchecked(reason: str, *, ours: bool) -> Inspection:
    return Inspection(ours, reason, (), (), None)


def _broken(data: bytes) -> Inspection:
    """A file with our marks that cannot be read is a changed one, not a stranger's."""
    detail = "Susunan berkas rusak atau sudah diubah."
    return Inspection(True, None, (Check("file.structure", "failed", detail),), (), _code(data))


async def _examine(
    data: bytes,
    trust: Trust,
    now: datetime,
    other_roots: Sequence[bytes],
    *,
    ours: bool,
) -> Inspection:
    reader = open_file(data)
    if reader.encrypted:
        return _unchecked("file.encrypted", ours=ours)
    embedded = reader.embedded_signatures
    ours = ours or {name for name, _, _ in enumerate_sig_fields(reader)} >= _FIELDS
    ranges = data.count(b"/ByteRange")
    if not embedded and not (ours and ranges):
        return _unchecked("file.no_signature", ours=ours)
    if not 0 < len(embedded) <= MOST_SIGNATURES or (ours and len(embedded) != ranges):
        return _broken(data)
    validator = Validator(reader, data, trust, now)
    archived = any(str(one.sig_object.get("/Type", "")) == "/DocTimeStamp" for one in embedded)
    verdicts = [await validator.judge(one, ours=ours, archived=archived) for one in embedded]
    if ours and other_roots and not all(verdict.trusted for verdict in verdicts):
        wider = Validator(reader, data, replace(trust, roots=(*trust.roots, *other_roots), lenient=True), now)
        verdicts = [await _elsewhere(one, wider, verdict) for one, verdict in zip(embedded, verdicts, strict=True)]
    verdicts.sort(key=lambda verdict: verdict.end)
    if ours and any(name == NOTE_FIELD and value is None for name, value, _ in enumerate_sig_fields(reader)):
        verdicts = _noted_elsewhere(verdicts)
    if not ours and not any(verdict.trusted for verdict in verdicts):
        return _unchecked("file.not_ours", ours=False)
    structure = data.startswith(b"%PDF-1.7\n") or not ours
    return Inspection(True, None, _checks(verdicts, structure=structure), _signers(verdicts), _code(data))


async def _elsewhere(embedded: Any, wider: Validator, verdict: SignatureVerdict) -> SignatureVerdict:
    """The verdict under the roots of other services, for a person's signature that our own does not vouch for."""
    if verdict.trusted or not (verdict.intact and verdict.valid) or verdict.kind not in _PEOPLE:
        return verdict
    found = await wider.judge(embedded, ours=False, archived=False)
    return replace(found, elsewhere=True) if found.trusted else verdict


def _noted_elsewhere(verdicts: Sequence[SignatureVerdict]) -> list[SignatureVerdict]:
    """The same where a service signed in a field of its own for the official, whose field stayed empty: after the person."""
    people = [verdict for verdict in verdicts if verdict.kind == "signer"]
    return [
        replace(verdict, kind="countersigner") if verdict.elsewhere and verdict in people[1:2] else verdict
        for verdict in verdicts
    ]


@dataclass(frozen=True)
class _Rule:
    """What must hold for each signature of these kinds; a sentence without its full stop is completed by the cause."""

    code: str
    kinds: frozenset[Kind]
    holds: Callable[[SignatureVerdict], bool]
    good: str
    bad: str


_PEOPLE: frozenset[Kind] = frozenset({"signer", "countersigner"})
_SEAL: frozenset[Kind] = frozenset({"e_seal"})
_ARCHIVE: frozenset[Kind] = frozenset({"archive"})
_RULES = (
    _Rule(
        "signature.byte_range",
        _PEOPLE | _SEAL | _ARCHIVE,
        lambda verdict: verdict.covers_revision,
        "Setiap tanda tangan mencakup seluruh berkas saat dibuat.",
        "Ada tanda tangan yang tidak mencakup seluruh berkas saat dibuat.",
    ),
    _Rule(
        "signature.digest",
        _PEOPLE | _SEAL,
        lambda verdict: verdict.intact,
        "Isi berkas sama dengan yang ditandatangani.",
        "Isi berkas bukan yang ditandatangani.",
    ),
    _Rule(
        "signature.value",
        _PEOPLE | _SEAL,
        lambda verdict: verdict.valid,
        "Tanda tangan cocok dengan kunci pada sertifikat.",
        "Tanda tangan tidak cocok dengan kunci pada sertifikat.",
    ),
    _Rule(
        "signer.certificate",
        _PEOPLE,
        lambda verdict: verdict.trusted and (verdict.elsewhere or NIP_ATTRIBUTE in verdict.subject),
        "Sertifikat penanda tangan sah pada waktu penandatanganan.",
        "Sertifikat penanda tangan tidak berujung pada akar tepercaya atau tidak berlaku saat itu",
    ),
    _Rule(
        "signature.timestamp",
        _PEOPLE | _SEAL,
        lambda verdict: verdict.stamped,
        "Waktu penandatanganan dibuktikan stempel waktu.",
        "Waktu penandatanganan tidak terbukti oleh stempel waktu yang sah.",
    ),
    _Rule(
        "e_seal",
        _SEAL,
        lambda verdict: verdict.trusted and verdict.intact and NIP_ATTRIBUTE not in verdict.subject,
        "Segel elektronik instansi sah.",
        "Segel elektronik instansi tidak sah",
    ),
    _Rule(
        "archive.timestamp",
        _ARCHIVE,
        lambda verdict: verdict.trusted and verdict.intact and verdict.valid,
        "Stempel waktu arsip sah.",
        "Stempel waktu arsip tidak sah",
    ),
)


def _checks(verdicts: Sequence[SignatureVerdict], *, structure: bool) -> tuple[Check, ...]:
    """All codes, each once, in the order a reader asks."""
    kinds = [verdict.kind for verdict in verdicts if verdict.kind != "archive"]  # that one may be renewed
    well_formed = structure and all(verdict.canonical for verdict in verdicts) and len(set(kinds)) == len(kinds)
    unchanged = verdicts[-1].covers_file and all(verdict.unchanged for verdict in verdicts)
    return (
        Check("file.structure", "passed", "Susunan berkas sesuai.")
        if well_formed
        else Check("file.structure", "failed", "Susunan berkas diubah."),
        *(_check(rule, [verdict for verdict in verdicts if verdict.kind in rule.kinds]) for rule in _RULES),
        Check("changes.after_signing", "passed", "Tidak ada perubahan setelah ditandatangani.")
        if unchanged
        else Check("changes.after_signing", "failed", "Berkas diubah atau ditambahi setelah ditandatangani."),
    )


def _check(rule: _Rule, verdicts: Sequence[SignatureVerdict]) -> Check:
    """Passed when it holds for every one of the signatures concerned, not checked when there is none."""
    if not verdicts:
        return Check(rule.code, "not_checked", "Tidak ada pada berkas ini.")
    failed = [verdict for verdict in verdicts if not rule.holds(verdict)]
    if not failed:
        return Check(rule.code, "passed", rule.good)
    why = "" if rule.bad.endswith(".") else f" ({failed[0].why or 'bukan untuk kolom ini'})."
    return Check(rule.code, "failed", rule.bad + why)


def _signers(verdicts: Sequence[SignatureVerdict]) -> tuple[Signer, ...]:
    """People and seal in the order they signed; an archive time stamp raises the level of those before it."""
    last_archive = max((one.end for one in verdicts if one.kind == "archive" and one.trusted and one.intact), default=0)
    return tuple(
        Signer(
            kind=verdict.kind,
            name=verdict.subject.get("common_name", ""),
            nip=verdict.subject.get(NIP_ATTRIBUTE, ""),
            organisation=verdict.subject.get("organization_name", ""),
            opd=verdict.subject.get("organizational_unit_name", ""),
            signed_at=verdict.signed_at,
            level=("B-LTA" if verdict.end < last_archive else "B-T") if verdict.stamped else "B-B",
            trusted=verdict.trusted and verdict.intact and verdict.valid,
        )
        for verdict in verdicts
        if verdict.kind != "archive"
    )


def _code(data: bytes) -> str | None:
    """The verification code in the text, when there is exactly one."""
    found = {bytes.fromhex(match[1].decode()).decode("utf-16-be") for match in _ADDRESS.finditer(data)}
    return found.pop() if len(found) == 1 else None
