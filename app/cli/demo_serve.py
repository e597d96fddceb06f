"""`pakta demo`: serve the city at once, and let people sign while it is being looked at."""

import asyncio
import os
import sys
from datetime import date
from uuid import UUID

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.demo_once import admin_token
from app.cli.operator import OPERATOR, clock_of
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.permission import Role
from app.core.resources import Resources
from app.core.settings import Settings
from app.core.telemetry import configure_logs
from app.demo import crowd
from app.demo.city import Admin
from app.document import service as documents
from app.identity.accounts import service as accounts
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.means import invitation_life
from app.identity.accounts.schemas import AccountCreate
from app.wiring import running

START_SECONDS = 120
FIRST = 20
ADMIN = "pengelola@demo.example"


async def run(console: Console, *, people: int, share: float, port: int) -> None:
    """Start the server, load the city unless it is there, print the links, let the crowd sign, serve until interrupted."""
    settings = Settings()
    configure_logs(settings.service)
    base_url = settings.service.base_url
    async with running(settings) as held:
        token = await admin_token(held)
        now = clock_of(held).now()
        server = await asyncio.create_subprocess_exec(sys.executable, "-m", "app", "serve", "--port", str(port))
        try:
            async with httpx.AsyncClient(base_url=base_url, timeout=120) as http:
                await _wait_ready(http, server)
                admin = Admin(http, token)
                round_id = await admin.find_round()
                if round_id is None:
                    console.print(f"Mengimpor {people} pegawai dan membuka putaran …")
                    await admin.import_roster(people, settings.storage.data_dir)
                    round_id = await admin.open_round(now)
                await _sign_and_tell(console, held, admin, UUID(round_id), share, token)
            await server.wait()
        finally:
            if server.returncode is None:
                server.terminate()
                await server.wait()


async def _wait_ready(http: httpx.AsyncClient, server: asyncio.subprocess.Process) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        if server.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise CannotStart(
                "Server tidak dapat dijalankan; portanya mungkin terpakai. Pilih port lain dengan --port."
            )
        try:
            if (await http.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


async def _sign_and_tell(
    console: Console, held: Resources, admin: Admin, round_id: UUID, share: float, token: str
) -> None:
    """Let a few sign, so that there is something to see; print the links; let the others follow."""
    base_url = held.get(Settings).service.base_url
    figures = (await admin.compliance(str(round_id)))["total"]
    missing = max(0, round(figures["total"] * share) - figures["signed"])
    chosen = await admin.choose_signers(str(round_id), missing + 1)
    links = await admin.links(chosen)
    guest, others = links[-1], links[:-1]
    await crowd.sign(others[:FIRST], lambda: None, url=base_url, processes=1)
    for line in await _links(held, round_id, token, guest):
        console.print(line, soft_wrap=True)  # an address must stay in one piece to be copied
    if others[FIRST:]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("Pegawai lain menandatangani …", total=len(others), completed=FIRST)
            processes = max(1, (os.cpu_count() or 2) // 2)
            await crowd.sign(others[FIRST:], lambda: bar.advance(task), url=base_url, processes=processes)
    console.print("Layanan tetap berjalan; hentikan dengan Ctrl+C.")


async def _way_in(held: Resources) -> str:
    """Where an administrator comes in: by an invitation until it has been taken up."""
    press, settings = held.get(InvitationPress), held.get(Settings)
    wanted = AccountCreate(name="Pengelola BKPSDM", email=ADMIN, role=Role.BKPSDM_ADMIN)
    life, now = invitation_life(settings), clock_of(held).now()
    async with held.get(Database).transaction() as session:
        known = await accounts.find_by_email(session, OPERATOR, ADMIN)
        if known is not None and known.state == "active":
            return f"{settings.service.base_url}/dashboard/masuk"
        if known is not None and known.state == "invited":
            invited = await accounts.renew(session, OPERATOR, press, known.id, life=life, now=now)
        else:
            invited = await accounts.invite(session, OPERATOR, press, wanted, life=life, now=now)
    return press.url(invited.code)


async def _links(held: Resources, round_id: UUID, token: str, guest: dict[str, str]) -> list[str]:
    service = held.get(Settings).service
    async with held.get(Database).transaction() as session:
        signed = await documents.find_newest_signed(session, round_id)
    day = date.fromisoformat(guest["birth_date"])
    return [
        "",
        f"[bold]Pakta · {service.institution}[/]  dilayani di {service.base_url}",
        "",
        f"[bold]ASN[/]  buka di ponsel atau peramban ini, tanggal lahir {day:%d-%m-%Y}:",
        f"  {service.base_url}/aktivasi/{guest['code']}",
        "[bold]Siapa pun[/]  periksa dokumen yang sudah ditandatangani:",
        f"  {service.base_url}/v/{signed.code}" if signed else f"  {service.base_url}/periksa",
        "[bold]Admin BKPSDM[/]  dokumentasi API, akun dengan kunci sandi, dan angka kepatuhan per OPD:",
        f"  {service.base_url}/docs",
        f"  {await _way_in(held)}",
        f"  curl -H 'Authorization: Bearer {token}' {service.base_url}/api/v1/rounds/{round_id}/compliance",
        f"[dim]Surel (kode tanda tangan) ditulis ke {held.get(Settings).storage.data_dir}/mail[/]",
        "",
    ]
