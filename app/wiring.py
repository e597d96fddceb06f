"""Builds what a process needs, once, from the settings; the server, the worker and the commands share it."""

import asyncio
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import procrastinate
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.acts import doings
from app.asn import jobs as _asn_jobs  # noqa: F401 - every job and table is known before the queue is built
from app.compliance import jobs as _compliance_jobs  # noqa: F401
from app.compliance.live import LiveFigures
from app.compliance.recap.printed import RecapPrinter
from app.core import jobs
from app.core.approval import Approvals
from app.core.blobs import BlobStore, LocalBlobStore
from app.core.clock import Clock, SystemClock
from app.core.db import Database, libpq_url, take_turn
from app.core.errors import CannotStart
from app.core.http import Authenticator
from app.core.limits import Limits, RateLimit
from app.core.mail import Mailer, build_mailer
from app.core.postgres import LocalPostgres, find_binaries
from app.core.resources import Resources
from app.core.s3_blobs import S3BlobStore
from app.core.schema import ROOT, prepare_login, service_login, upgrade
from app.core.secrets import master_key
from app.core.settings import ServiceSettings, Settings, StorageSettings
from app.core.timestamp_settings import TimestampSettings
from app.core.write_once import keep_once
from app.document import jobs as _document_jobs  # noqa: F401
from app.document.compiled import TemplateShelf
from app.document.outside_stamps import OutsideStamps
from app.document.sealing import Sealer
from app.identity.accounts import jobs as _account_jobs  # noqa: F401
from app.identity.accounts.code import InvitationPress
from app.identity.approval.service import ApprovalDesk
from app.identity.browser import jobs as _browser_jobs  # noqa: F401
from app.identity.browser.edge import PinTurns
from app.identity.edge import authenticate
from app.identity.oidc.provider import OidcProvider
from app.identity.passkey import RelyingParty
from app.identity.recovery import jobs as _recovery_jobs  # noqa: F401
from app.identity.slips.code import SlipPress
from app.identity.tokens.use import TokenUses
from app.merkle.note import NoteKey
from app.obligation import jobs as _obligation_jobs  # noqa: F401
from app.pki.errors import KeysExist, PkiFault, UriRefused
from app.pki.keycheck import Finding, check_keys
from app.pki.keyring import KeyRing, init_keys, load_keys
from app.pki.pkcs11_uri import Places, read_uri
from app.pledge import service as pledge
from app.reminder import jobs as _reminder_jobs  # noqa: F401
from app.reminder.channels.registry import Channels, build_channels
from app.signing.providers.registry import Providers, build_providers, read_roots
from app.signing.remote import jobs as _remote_jobs  # noqa: F401
from app.signing.sessions import Ceremony
from app.transparency import jobs as _transparency_jobs  # noqa: F401
from app.transparency.record import LogIdentity
from app.verification.service import Verifier
from app.webhook import jobs as _webhook_jobs  # noqa: F401
from app.webhook.delivering import Pump
from app.webhook.means import means_of as webhook_means_of

TEMPLATES = ROOT / "pdf_templates"
FIRST_START = 0x50414B544153  # processes that start at once register the templates one after the other


def key_folder(settings: StorageSettings) -> Path:
    """Return the folder the keys lie in."""
    return settings.data_dir / "keys"


def crl_base(settings: ServiceSettings) -> str | None:
    """Return the address CRLs are published under; None where the service has no address for others."""
    return f"{settings.base_url}/ca" if settings.secure else None


def key_places(settings: Settings) -> Places:
    """Return which keys lie in a token, and where; raises `UriRefused`."""
    given = settings.token_keys
    pin = given.keys_pin.get_secret_value()
    return {name: read_uri(uri, module=given.module, pin=pin) for name, uri in given.uris.items()}


def examine_keys(settings: Settings, now: datetime) -> list[Finding]:
    """Return what is wrong with the keys; nothing is made."""
    folder = key_folder(settings.storage)
    passphrase = master_key(settings.storage) if folder.is_dir() else b""  # asking for it would make it
    try:
        return check_keys(folder, passphrase, now, places=key_places(settings))
    except UriRefused as refused:
        return [Finding(refused.code, "error", str(refused))]


def other_stamps(settings: TimestampSettings) -> OutsideStamps | None:
    """Return the time-stamping authorities of others; None where there never were any. Raises `CannotStart`."""
    if settings.addresses and settings.roots is None:
        raise CannotStart("PAKTA_TSA_URLS needs PAKTA_TSA_ROOTS: which root certificates their tokens chain to.")
    for address in settings.addresses:
        if not re.match(r"https?://[^/]", address):
            raise CannotStart(f"PAKTA_TSA_URLS: {address} is not an http:// or https:// address.")
    return OutsideStamps(settings, read_roots(settings.roots)) if settings.roots else None


def open_keys(settings: Settings, now: datetime) -> KeyRing:
    """Open the keys, making them on first start; raises `CannotStart` with what to do."""
    folder, passphrase = key_folder(settings.storage), master_key(settings.storage)
    try:
        if not folder.exists():
            with suppress(KeysExist):  # another process, started at the same moment, was first
                init_keys(
                    folder,
                    passphrase,
                    institution=settings.service.institution,
                    now=now,
                    crl_base=crl_base(settings.service),
                    places=key_places(settings),
                )
        return load_keys(folder, passphrase, places=key_places(settings), others=other_stamps(settings.timestamps))
    except PkiFault as fault:
        raise CannotStart(f"{fault} ({fault.code})") from fault


@asynccontextmanager
async def running(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Resources]:
    """Everything a process needs, from the database up; taken down again in the end."""
    clock = clock or SystemClock()
    settings.storage.data_dir.mkdir(parents=True, exist_ok=True)
    keys = await asyncio.to_thread(open_keys, settings, clock.now())
    url, server = settings.database.url.get_secret_value(), None
    if not url:
        server = LocalPostgres(settings.storage.data_dir / "postgres", find_binaries(settings.postgres.bin))
        url = await asyncio.to_thread(server.start)
    try:
        owner_url = settings.database.owner_url.get_secret_value()
        await asyncio.to_thread(upgrade, owner_url or url)
        if owner_url:
            await asyncio.to_thread(prepare_login, owner_url, url)
        if server is not None:
            url = await asyncio.to_thread(service_login, url)
        held = build(settings, clock, keys, url)
        queue, database = held.get(procrastinate.App), held.get(Database)
        await held.get(BlobStore).check()  # type: ignore[type-abstract]
        async with queue.open_async():
            async with database.transaction() as session:
                await take_turn(session, FIRST_START)
                await pledge.keep_bundled_templates(session, TEMPLATES, now=clock.now())
            try:
                yield held
            finally:
                await held.get(Pump).close()
                await database.close()
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


def build(settings: Settings, clock: Clock, keys: KeyRing, url: str) -> Resources:
    """Return the resources over an up-to-date database; nothing is started here."""
    held = Resources()
    blobs = open_blobs(settings.storage)
    shelf = TemplateShelf(blobs)
    log = _log_identity(settings, keys)
    mailer = build_mailer(settings.mail)
    party = RelyingParty.of(settings.service)
    database = Database(url, settings.database, tells=settings.service.log_access)
    held.add(Settings, settings)
    held.add(Clock, clock)  # type: ignore[type-abstract]
    held.add(KeyRing, keys)
    held.add(Database, database)
    held.add(BlobStore, blobs)  # type: ignore[type-abstract]
    held.add(TemplateShelf, shelf)
    held.add(LogIdentity, log)
    held.add(Mailer, mailer)  # type: ignore[type-abstract]
    held.add(Channels, build_channels(settings, mailer))
    held.add(RelyingParty, party)
    held.add(Authenticator, authenticate)
    held.add(LiveFigures, LiveFigures(database, clock))
    recap_secret = hmac.new(master_key(settings.storage), b"pakta.recap.v1", "sha256").digest()
    held.add(RecapPrinter, RecapPrinter(settings.service, keys.authority, recap_secret))
    providers = build_providers(settings, keys.authority)
    held.add(Providers, providers)
    held.add(Sealer, Sealer(settings.service, keys.authority, shelf, blobs, log, providers.roots))
    zone, institution = settings.service.timezone, settings.service.institution
    held.add(Ceremony, Ceremony(keys.authority, institution, party, shelf, blobs, log, mailer, zone, providers.roots))
    held.add(Pump, Pump(webhook_means_of(held)))
    held.add(Verifier, Verifier(keys.authority, shelf, blobs, log, providers.roots))
    _add_identity(held, settings, log)
    queue = jobs.build_app(libpq_url(database.url), held)
    held.add(procrastinate.App, queue)
    database.queue = queue
    return held


def _add_identity(held: Resources, settings: Settings, log: LogIdentity) -> None:
    limits = settings.limits
    held.add(
        Limits,
        Limits(
            login=RateLimit(limits.login_per_minute, policy="login"),
            challenge=RateLimit(limits.challenge_per_minute, policy="challenge"),
            verification=RateLimit(limits.verify_per_minute, policy="verification"),
            token=RateLimit(limits.token_per_minute, policy="token"),
            person=RateLimit(limits.person_per_minute, policy="person"),
        ),
    )
    held.add(PinTurns, PinTurns())
    held.add(TokenUses, TokenUses())
    slip_secret = hmac.new(master_key(settings.storage), b"pakta.slip.v1", "sha256").digest()
    held.add(SlipPress, SlipPress(settings.service, slip_secret))
    held.add(OidcProvider, OidcProvider(settings.oidc))
    invitation_secret = hmac.new(master_key(settings.storage), b"pakta.invitation.v1", "sha256").digest()
    press = InvitationPress(settings.service.base_url, invitation_secret)
    held.add(InvitationPress, press)
    held.add(Approvals, ApprovalDesk(settings.accounts, doings(settings, press, log)))  # type: ignore[type-abstract]


def open_blobs(settings: StorageSettings) -> BlobStore:
    """Return the document store the settings name."""
    return S3BlobStore(settings) if settings.blobs.startswith("s3://") else LocalBlobStore(settings.blob_dir)


def _log_identity(settings: Settings, keys: KeyRing) -> LogIdentity:
    public = keys.log_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    salt = hmac.new(master_key(settings.storage), b"pakta.log.salt.v1", "sha256").digest()
    return LogIdentity(NoteKey(_log_origin(settings), public), keys.log_key.sign, salt)


def _log_origin(settings: Settings) -> str:
    """The log's name is fixed on first start: a service that moves to another address keeps its log."""
    origin = f"{urlsplit(settings.service.base_url).netloc}/log\n".encode()
    return keep_once(settings.storage.data_dir / "log.origin", origin).decode().strip()
