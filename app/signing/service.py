"""Certify a device's key over one act, and take its signatures in: steps 3 to 5 of the ceremony."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.asn.nip import certified
from app.core import telemetry
from app.core.db import Session
from app.core.faults import Step, about_to_commit, reached
from app.core.ids import new_id
from app.document import service as documents
from app.document.errors import NotPrintable
from app.document.models import Document
from app.document.service import Signed
from app.identity.access import service as access
from app.identity.access.kinds import AccessKind
from app.obligation import service as obligation
from app.pki import ecdsa
from app.pki.certificate import Subject
from app.pki.cms import signed_attributes
from app.pki.errors import PublicKeyRefused, SubjectRefused
from app.pledge import service as pledge
from app.signing import countersigning, queries, states
from app.signing.act import POSSESSION_PREFIX, act, b64, challenge, request_hash, unb64
from app.signing.authentication import authenticate
from app.signing.covering import ActKind, Item, list_items, purpose_of
from app.signing.errors import (
    CertificateExpired,
    ConfirmationsIncomplete,
    KeyNotP256,
    KeyReused,
    KeyWithoutProof,
    RequestMalformed,
    SessionState,
    SignaturesIncomplete,
)
from app.signing.models import SigningEvidence, SigningSession
from app.signing.providers.base import DeviceProof, Sheet
from app.signing.providers.device import build_all
from app.signing.schemas import CertificateRead, CertificateRequest, CertifiedDocument, ReceiptsRead, SignaturesCreate
from app.signing.sessions import Ceremony, office_of, receipts
from app.signing.states import State
from app.transparency import service as transparency
from app.transparency.record import Fact

_STEPS = {
    ActKind.SIGN: (Step.REGISTERED, Step.REGISTERED_DURABLE),
    ActKind.COUNTERSIGN: (Step.COUNTERSIGNED, Step.COUNTERSIGNED_DURABLE),
}


async def certify(
    session: Session,
    ceremony: Ceremony,
    signing: SigningSession,
    wanted: CertificateRequest,
    *,
    address: str,
    kiosk_id: UUID | None,
    now: datetime,
) -> CertificateRead:
    """Certify the device's key for this act. The same body again gets the same certificate; another body, a refusal.

    Order of checks: same request, state and expiry, rounds still open, key, proof of possession, every statement confirmed, the
    signer's authentication.
    """
    asked = request_hash(wanted.model_dump(mode="json"))
    if signing.state == State.CERTIFIED and signing.asked == asked and signing.answer is not None:
        return CertificateRead.model_validate(signing.answer)
    states.require(signing, State.PREPARED, now)
    items = await list_items(session, signing)
    if signing.kind == ActKind.SIGN:  # what was signed in time may be taken note of after the round
        await pledge.hold_open(session, {item.document.round_id for item in items}, now=now)
    spki = _public_key(wanted.public_key)
    act_bytes = act(signing.id, [(item.id, item.digest) for item in items], spki, purpose_of(signing))
    over = challenge(signing.nonce, act_bytes)
    _require_possession(wanted, spki, over)
    _check_confirmations(items, wanted)
    given = wanted.authentication
    method = await authenticate(session, ceremony.party, signing, given, over, kiosk_id=kiosk_id, now=now)
    if not await queries.keep_key(session, hashlib.sha256(spki).digest(), signing.id):
        raise KeyReused
    subject = await _subject(session, ceremony, signing, items)
    certificate = ceremony.authority.issue(subject, spki, now, life=states.CERTIFICATE_LIFE)
    answer = _answer(ceremony, items, certificate)
    evidence = _evidence(signing, wanted, method, act_bytes, certificate, address, now)
    told = {"asked": asked, "answer": answer.model_dump(mode="json")}
    await queries.certify(session, signing, evidence, spki, certificate, now + states.CERTIFICATE_LIFE, told)
    about_to_commit(session, Step.CERTIFIED, Step.CERTIFIED_DURABLE)
    return answer


def _require_possession(wanted: CertificateRequest, spki: bytes, over: bytes) -> None:
    if not ecdsa.verify(spki, _decode(wanted.proof_of_possession), POSSESSION_PREFIX + over):
        raise KeyWithoutProof


def _answer(ceremony: Ceremony, items: Sequence[Item], certificate: bytes) -> CertificateRead:
    """Certificate, chain, and the attributes the device builds itself and compares."""
    return CertificateRead(
        certificate=b64(certificate),
        chain=[b64(der) for der in ceremony.authority.chain],
        documents=[
            CertifiedDocument(id=i.id, signed_attributes=b64(signed_attributes(i.digest, certificate))) for i in items
        ],
    )


async def sign(
    session: Session, ceremony: Ceremony, signing: SigningSession, given: SignaturesCreate, *, now: datetime
) -> ReceiptsRead:
    """Take the signatures in, all or none, in one transaction: documents, register, log, receipts. Idempotent."""
    asked = request_hash(given.model_dump(mode="json"))
    items = await list_items(session, signing)
    if signing.state == State.SIGNED:
        if signing.asked != asked:
            raise SessionState(state=signing.state, needed=State.CERTIFIED.value)
        return ReceiptsRead(receipts=receipts(signing, [item.document for item in items]))
    states.require(signing, State.CERTIFIED, now)
    if signing.certificate_expires_at is None or now > signing.certificate_expires_at:
        raise CertificateExpired
    sent = {row.id: _decode(row.signature) for row in given.signatures}
    if len(given.signatures) != len(items) or set(sent) != {item.id for item in items}:
        raise SignaturesIncomplete
    at = now.replace(microsecond=0)
    if signing.kind == ActKind.COUNTERSIGN:
        await countersigning.require_unchanged(session, ceremony, signing, items, now=now)
        built = await asyncio.to_thread(_build_all, ceremony, signing, items, sent, now)
        kept = await countersigning.keep(session, ceremony, signing, built, at=at)
    else:
        rounds = [item.document.round_id for item in items]
        await pledge.hold_open(session, set(rounds), now=now)
        await obligation.lock(session, signing.employee_id, rounds)
        built = await asyncio.to_thread(_build_all, ceremony, signing, items, sent, now)
        reached(Step.BUILT)
        kept = await _keep_own(session, ceremony, signing, built, at)
    await queries.finish(session, signing, asked=asked, at=at)
    await access.write_own(
        session, AccessKind.SIGNED, signing.employee_id, now=now, count=len(kept), purpose=purpose_of(signing)
    )
    about_to_commit(session, *_STEPS[ActKind(signing.kind)])
    return ReceiptsRead(receipts=receipts(signing, kept))


async def _keep_own(
    session: Session,
    ceremony: Ceremony,
    signing: SigningSession,
    built: Sequence[tuple[Item, bytes]],
    at: datetime,
) -> list[Document]:
    assert signing.spki is not None
    signed = [Signed(item.document, cms, signing.spki) for item, cms in built]
    kept = await documents.keep_signed(session, ceremony.shelf, ceremony.blobs, ceremony.authority, signed, at=at)
    await _register(session, ceremony, signing, kept, at)
    telemetry.SIGNED.inc(len(kept))
    return kept


async def _register(
    session: Session, ceremony: Ceremony, signing: SigningSession, kept: Sequence[Document], at: datetime
) -> None:
    """Fulfil the obligations and write the log, in the transaction of the signature."""
    by_round: dict[UUID, list[tuple[UUID, UUID]]] = defaultdict(list)
    for document in kept:
        by_round[document.round_id].append((document.obligation_id, document.id))
    for round_id in sorted(by_round):
        await obligation.fulfil(session, signing.employee_id, round_id, by_round[round_id], at=at)
    entries = [
        transparency.Entry(Fact.DOCUMENT_SIGNED, d.id, d.signed_sha256 or b"", at, signing.employee_id) for d in kept
    ]
    await transparency.record(session, ceremony.log, entries)


def _build_all(
    ceremony: Ceremony, signing: SigningSession, items: Sequence[Item], sent: dict[UUID, bytes], now: datetime
) -> list[tuple[Item, bytes]]:
    """Verify every signature before the first CMS is built; then CMS with certificate, chain and time stamp (B-T)."""
    assert signing.certificate is not None
    proof = DeviceProof(signing.certificate, tuple(sent[item.id] for item in items))
    sheets = [Sheet(item.id, "", b"", item.digest) for item in items]
    built = build_all(ceremony.authority, proof, sheets, now)
    return [(item, made.der) for item, made in zip(items, built, strict=True)]


def _evidence(
    signing: SigningSession,
    wanted: CertificateRequest,
    method: dict[str, Any],
    act_bytes: bytes,
    certificate: bytes,
    address: str,
    now: datetime,
) -> SigningEvidence:
    """Passkey signature -> act -> device key -> CMS can be re-checked from this without trusting us."""
    return SigningEvidence(
        id=new_id(),
        session_id=signing.id,
        at=now,
        method=method["method"],
        address=address,
        abandoned=False,
        data={
            **method,
            "nonce": b64(signing.nonce),
            "act": act_bytes.decode(),
            "public_key": wanted.public_key,
            "proof_of_possession": wanted.proof_of_possession,
            "certificate": b64(certificate),
            "confirmations": [c.model_dump(mode="json") for c in wanted.confirmations],
        },
    )


def _check_confirmations(items: Sequence[Item], wanted: CertificateRequest) -> None:
    """Every statement, in the order they are read, none before the one above it (by the device's own clock)."""
    times = [confirmation.at for confirmation in wanted.confirmations]
    if [c.document for c in wanted.confirmations] != [item.id for item in items] or times != sorted(times):
        raise ConfirmationsIncomplete


async def _subject(session: Session, ceremony: Ceremony, signing: SigningSession, items: Sequence[Item]) -> Subject:
    """Whom the certificate names: the person as frozen at the cut-off, or the official as recorded."""
    if signing.kind == ActKind.COUNTERSIGN:
        office = await office_of(session, items)
        agency, name, nip = office.agency, office.name, office.nip
    else:
        person = await documents.participant_of(session, items[0].document)
        agency, name, nip = str(person.printed["agency"]), person.name, certified(person.nip, person.employee_id)
    try:
        return Subject(institution=ceremony.institution, opd=agency, name=name, nip=nip)
    except SubjectRefused as refused:
        raise NotPrintable(reason=str(refused), name=name) from refused


def _public_key(text: str) -> bytes:
    spki = _decode(text)
    try:
        ecdsa.public_key(spki)
    except PublicKeyRefused:
        raise KeyNotP256 from None
    return spki


def _decode(text: str) -> bytes:
    try:
        return unb64(text)
    except ValueError:
        raise RequestMalformed from None
