"""Signing through a provider over the API: the person's act, and what the administration does about unknown outcomes."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import BackgroundTasks, Depends, File, Form, Request, Response, UploadFile

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import NotAuthenticated
from app.core.http import (
    ActorDep,
    Authenticator,
    ClockDep,
    SessionDep,
    SettingsDep,
    client_address,
    read_upload,
    resources,
)
from app.core.paging import CursorQuery, LimitQuery, decode_cursor, encode_cursor, link_next, uuid_part
from app.core.permission import Permission
from app.core.principal import Principal
from app.core.resources import Resources
from app.core.routing import Router
from app.core.texts import negotiate
from app.signing.providers.base import Given
from app.signing.providers.registry import Providers
from app.signing.remote import acts, notes, own, sending, unknown
from app.signing.remote.schemas import (
    CallRead,
    DecisionCreate,
    ProviderRead,
    RemoteCreate,
    RemoteNoteCreate,
    RemoteRead,
    RemoteSend,
    UnknownRead,
)
from app.signing.routes import CeremonyDep
from app.signing.sessions import Ceremony

router = Router(tags=["signing elsewhere"])
log = structlog.get_logger()


async def get_providers(request: Request) -> Providers:
    """Return the providers that are on."""
    return resources(request).get(Providers)


async def get_brief_actor(request: Request) -> Principal:
    """Return the caller from a transaction of its own: none is held while a service far away is asked."""
    held = resources(request)
    authenticate: Authenticator = held.get(Authenticator)  # type: ignore[type-abstract]
    async with held.get(Database).transaction() as session:
        found = await authenticate(request, session)
    if found is None:
        raise NotAuthenticated
    return found


ProvidersDep = Annotated[Providers, Depends(get_providers)]
BriefActorDep = Annotated[Principal, Depends(get_brief_actor)]


@router.get("/me/signing-providers")
async def list_providers(actor: ActorDep, providers: ProvidersDep) -> list[ProviderRead]:
    """The ways of signing that are on, and what each asks for."""
    actor.require_employee()
    return [
        ProviderRead(
            name=t.name,
            takes=t.takes.value,
            assurance=t.assurance,
            secrets=list(t.secrets),
            own_ceremony=t.own_ceremony,
        )
        for t in providers.traits
    ]


@router.post("/me/remote-signatures", status_code=201)
async def open_act(
    body: RemoteCreate,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    clock: ClockDep,
) -> RemoteRead:
    """Prepare documents to be signed through a provider, to be read before anything is sent. The same again gives the same act."""
    now = clock.now()
    opened = await acts.open_act(session, ceremony, providers, actor, body, now=now)
    return await acts.describe(session, ceremony, providers, opened, now=now, language=_language(request))


@router.post("/me/remote-countersignatures", status_code=201)
async def open_note(
    body: RemoteNoteCreate,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    clock: ClockDep,
) -> RemoteRead:
    """Prepare the caller's note on many pledges, to be signed through a provider; it goes on at /me/remote-signatures/{id}."""
    now = clock.now()
    opened = await notes.open_note(session, ceremony, providers, actor, body, now=now)
    return await acts.describe(session, ceremony, providers, opened, now=now, language=_language(request))


@router.get("/me/remote-signatures/{act_id}")
async def read_act(
    act_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    clock: ClockDep,
) -> RemoteRead:
    """Read an act: its documents, where each stands, and why the last call was refused."""
    found = await acts.get_own(session, actor, act_id, lock=False)
    return await acts.describe(session, ceremony, providers, found, now=clock.now(), language=_language(request))


@router.post("/me/remote-signatures/{act_id}/signature", status_code=202)
async def send_act(
    act_id: UUID,
    body: RemoteSend,
    request: Request,
    background: BackgroundTasks,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    providers: ProvidersDep,
    clock: ClockDep,
) -> RemoteRead:
    """Send an act. The answer says that it is under way; read the act for its end. Asked again it sends nothing twice."""
    now = clock.now()
    found = await acts.get_own(session, actor, act_id, lock=True)
    address = client_address(request)
    given = await acts.begin(session, ceremony, providers, found, body, address=address, now=now)
    if given is not None:  # runs when this transaction has committed and the answer has left
        background.add_task(_send, resources(request), act_id, given)
    return await acts.describe(session, ceremony, providers, found, now=now, language=_language(request))


async def _send(held: Resources, act_id: UUID, given: Given) -> None:
    try:
        await sending.send_all(held, act_id, given)
    except Exception as fault:  # noqa: BLE001 - what was sent is written down; the job finds it
        log.error("remote.send_failed", act=str(act_id), kind=type(fault).__name__)  # noqa: TRY400 - a trace may quote secrets


@router.post("/me/remote-signatures/{act_id}/check")
async def check_own(act_id: UUID, request: Request, actor: BriefActorDep) -> RemoteRead:
    """Ask the service about the unknown outcomes of an own act again; nothing is ever sent to be signed by this."""
    await own.check_own(resources(request), actor, act_id)
    return await _described(request, actor, act_id)


@router.post("/me/remote-signatures/{act_id}/file")
async def hand_in_own(
    act_id: UUID,
    request: Request,
    actor: BriefActorDep,
    settings: SettingsDep,
    file: Annotated[UploadFile, File(description="The signed PDF, as the service gave it out.")],
) -> RemoteRead:
    """Hand in the signed file of an own document whose outcome is unknown; it counts only if it is that document, well signed."""
    await own.hand_in_own(resources(request), actor, act_id, await read_upload(file, settings.limits.verify_mb))
    return await _described(request, actor, act_id)


async def _described(request: Request, actor: Principal, act_id: UUID) -> RemoteRead:
    held = resources(request)
    ceremony, providers, now = held.get(Ceremony), held.get(Providers), held.get(Clock).now()  # type: ignore[type-abstract]
    async with held.get(Database).transaction() as session:
        found = await acts.get_own(session, actor, act_id, lock=False)
        return await acts.describe(session, ceremony, providers, found, now=now, language=_language(request))


@router.get("/remote-signatures/unknown")
async def list_unknown(
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> list[UnknownRead]:
    """Calls whose outcome nobody knows, oldest first."""
    parts = decode_cursor(cursor, 1)
    found = await unknown.list_unknown(session, actor, uuid_part(parts[0]) if parts else None, limit + 1)
    if len(found) > limit:
        found = found[:limit]
        link_next(request, response, encode_cursor(found[-1].id))
    return found


@router.post("/remote-signatures/{call_id}/check")
async def check_again(call_id: UUID, request: Request, actor: BriefActorDep) -> CallRead:
    """Ask the service about a call again; nothing is ever sent to be signed by this."""
    actor.require(Permission.REMOTE_DECIDE)
    return _read(await unknown.check_again(resources(request), actor, call_id))


@router.post("/remote-signatures/{call_id}/decision")
async def decide(
    call_id: UUID, body: DecisionCreate, request: Request, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> CallRead:
    """Say that a call was not signed, and how that is known; the pledge may then be signed again."""
    held = resources(request)
    return _read(await unknown.decide_not_signed(session, held, actor, call_id, body.reason, now=clock.now()))


@router.post("/remote-signatures/{call_id}/file")
async def hand_in(
    call_id: UUID,
    request: Request,
    actor: BriefActorDep,
    settings: SettingsDep,
    file: Annotated[UploadFile, File(description="The signed PDF, as the service gave it out.")],
    reason: Annotated[str, Form(min_length=5, max_length=1000)],
) -> CallRead:
    """Hand in the signed file of a call whose answer was lost; it counts only if it is the prepared document with a good signature."""
    actor.require(Permission.REMOTE_DECIDE)
    data = await read_upload(file, settings.limits.verify_mb)
    return _read(await unknown.hand_in(resources(request), actor, call_id, data, reason.replace("\0", "")))


def _read(call: object) -> CallRead:
    return CallRead.model_validate(call, from_attributes=True)


def _language(request: Request) -> str:
    return negotiate(request.headers.get("accept-language"))
