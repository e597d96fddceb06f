"""The ceremony over the API."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from app.core.http import FORM, ActorDep, ClockDep, SessionDep, accepts, client_address, form, resources
from app.core.routing import Router
from app.signing import service, sessions
from app.signing.authentication import send_code
from app.signing.covering import list_items
from app.signing.schemas import (
    CertificateRead,
    CertificateRequest,
    DeclineCreate,
    DeclineRead,
    ReceiptsRead,
    SessionCreate,
    SessionRead,
    SignaturesCreate,
)
from app.signing.sessions import Ceremony
from app.signing.states import State, require

router = Router(prefix="/me/signing-sessions", tags=["signing"])
OCTETS, PRIVATE = "application/octet-stream", "private, no-store"


async def get_ceremony(request: Request) -> Ceremony:
    """Return what the ceremony needs of the process."""
    return resources(request).get(Ceremony)


CeremonyDep = Annotated[Ceremony, Depends(get_ceremony)]


WITH_BUNDLE: dict[str, Any] = {
    "description": "The session; for whoever takes a form, its bundle in the same answer.",
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {
                    "session": {"$ref": "#/components/schemas/SessionRead"},
                    "bundle": {"type": "string", "format": "binary"},
                },
                "required": ["session", "bundle"],
            }
        }
    },
}


@router.post("", status_code=201, response_model=SessionRead, responses={201: WITH_BUNDLE})
async def open_session(
    body: SessionCreate,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    clock: ClockDep,
) -> SessionRead | Response:
    """Prepare the documents of one act of signing. `Accept: multipart/form-data` asks for their octets as well."""
    now = clock.now()
    opened = await sessions.open_session(session, ceremony, actor, body.obligation_ids, now=now)
    return _answer(request, *await sessions.describe_with_bundle(session, ceremony, opened, now=now), 201)


@router.get("/{session_id}", response_model=SessionRead, responses={200: WITH_BUNDLE})
async def read_session(
    session_id: UUID,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    clock: ClockDep,
) -> SessionRead | Response:
    """Read a session, to begin or to go on after a lost connection. `Accept: multipart/form-data` asks for the documents' octets as well."""
    found = await sessions.load(session, await sessions.get_own(session, actor, session_id, lock=False))
    return _answer(request, *await sessions.describe_with_bundle(session, ceremony, found, now=clock.now()), 200)


def _answer(request: Request, described: SessionRead, bundle: bytes, status: int) -> SessionRead | Response:
    """The session alone or with its bundle: a round trip less, which on a slow network is most of the wait."""
    if not accepts(request, FORM):
        return described
    parts = {
        "session": ("application/json", described.model_dump_json().encode()),
        "bundle": (OCTETS, bundle),
    }
    answer = form(parts, status)
    answer.headers["Cache-Control"] = PRIVATE
    return answer


@router.get("/{session_id}/bundle", response_class=Response)
async def read_bundle(session_id: UUID, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep) -> Response:
    """The octets of the session's documents."""
    found = await sessions.get_own(session, actor, session_id, lock=False)
    data = await sessions.bundle(session, ceremony, found)
    return Response(data, media_type=OCTETS, headers={"Cache-Control": PRIVATE})


@router.post("/{session_id}/code", status_code=202)
async def post_code(
    session_id: UUID, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep, clock: ClockDep
) -> dict[str, str]:
    """Send a one-time code for signing with a PIN."""
    now = clock.now()
    found = await sessions.get_own(session, actor, session_id, lock=True)
    require(found, State.PREPARED, now)
    digests = [item.digest for item in await list_items(session, found)]
    await send_code(session, ceremony.mailer, found, digests, now=now)
    return {"status": "sent"}


@router.post("/{session_id}/certificate")
async def post_certificate(
    session_id: UUID,
    body: CertificateRequest,
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    clock: ClockDep,
) -> CertificateRead:
    """Prove who signs and certify the device's key."""
    found = await sessions.get_own(session, actor, session_id, lock=True)
    address, now = client_address(request), clock.now()
    return await service.certify(session, ceremony, found, body, address=address, kiosk_id=actor.kiosk_id, now=now)


@router.post("/{session_id}/signatures")
async def post_signatures(
    session_id: UUID,
    body: SignaturesCreate,
    session: SessionDep,
    actor: ActorDep,
    ceremony: CeremonyDep,
    clock: ClockDep,
) -> ReceiptsRead:
    """Take the signatures in."""
    found = await sessions.get_own(session, actor, session_id, lock=True)
    return await service.sign(session, ceremony, found, body, now=clock.now())


@router.post("/{session_id}/restart")
async def post_restart(
    session_id: UUID, session: SessionDep, actor: ActorDep, ceremony: CeremonyDep, clock: ClockDep
) -> SessionRead:
    """Begin again with the same documents after the device lost its key."""
    now = clock.now()
    found = await sessions.get_own(session, actor, session_id, lock=True)
    await sessions.restart(session, found, now=now)
    return await sessions.describe(session, ceremony, await sessions.load(session, found), now=now)


@router.post("/{session_id}/decline")
async def post_decline(
    session_id: UUID, body: DeclineCreate, session: SessionDep, actor: ActorDep, clock: ClockDep
) -> DeclineRead:
    """Decline with a reason: nothing is signed, what was asked stays owed, and the agency's administration sees it."""
    found = await sessions.get_own(session, actor, session_id, lock=True)
    await sessions.decline(session, found, body.reason, now=clock.now())
    return DeclineRead(id=found.id, state="declined")
