"""`pakta account …`: the first administrator comes from here."""

import asyncio
import json
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.asn import service as asn
from app.cli.agencies import agencies_named
from app.cli.operator import OPERATOR, at_work, clock_of, require_alone
from app.cli.options import AsJson, DataDir
from app.core.approval import Act
from app.core.db import Session
from app.core.errors import NotFound
from app.core.permission import Role
from app.core.resources import Resources
from app.core.settings import Settings
from app.identity.accounts import service as accounts
from app.identity.accounts.code import InvitationPress
from app.identity.accounts.means import invitation_life
from app.identity.accounts.models import Account
from app.identity.accounts.schemas import AccountCreate

cli = typer.Typer(help="Accounts of administrators.", no_args_is_help=True)


@cli.callback()
def account() -> None:
    """Accounts of administrators."""


@cli.command()
def invite(
    name: Annotated[str, typer.Option(help="The administrator's name.")],
    email: Annotated[str, typer.Option(help="Where the invitation goes; one address is one account.")],
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    opd: Annotated[list[str] | None, typer.Option(help="Name of an OPD it is limited to; may be repeated.")] = None,
    nip: Annotated[
        str | None, typer.Option(help="Who it is on the roster; lets the agency's sign-on come first.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Invite an administrator and print the one-use link, once; it goes by mail too where there is a mail server.

    An address that has an account gets a new link; its role stays. Under PAKTA_FOUR_EYES, once there is an administrator, it waits for one.
    """

    async def work() -> dict[str, Any]:
        async with at_work() as (held, session):
            agencies = await agencies_named(session, opd)
            person = await asn.find_by_nip(session, nip) if nip else None
            if nip and person is None:
                raise NotFound
            employee_id = person.id if person else None
            given = {"name": name, "email": email, "role": role, "agencies": agencies, "employee_id": employee_id}
            return await _invite(held, session, _checked(given))

    made = asyncio.run(work())
    typer.echo(json.dumps(made, default=str) if as_json else made["url"])


@cli.command("list")
def list_(
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """List accounts, newest first."""

    async def work() -> list[dict[str, Any]]:
        found: list[Account] = []
        async with at_work() as (_, session):
            while page := await accounts.list_accounts(session, OPERATOR, found[-1].id if found else None, 1000):
                found += page
        return [_facts(one) for one in found]

    rows = asyncio.run(work())
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    table = Table("nama", "surel", "peran", "keadaan", "OPD")
    for row in rows:
        scope = "semua" if row["agencies"] is None else str(len(row["agencies"]))
        table.add_row(row["name"], row["email"], row["role"], row["state"], scope)
    Console().print(table)


@cli.command()
def disable(
    email: Annotated[str, typer.Argument(help="The account's e-mail address.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,  # noqa: ARG001 - its callback sets it
) -> None:
    """Close an account: its sessions, its link and its passkeys end at once."""

    async def work() -> dict[str, Any]:
        async with at_work() as (held, session):
            found = await accounts.find_by_email(session, OPERATOR, email)
            if found is None:
                raise NotFound
            return _facts(await accounts.disable(session, OPERATOR, found.id, now=clock_of(held).now()))

    row = asyncio.run(work())
    typer.echo(json.dumps(row, default=str, ensure_ascii=False) if as_json else f"{row['email']}: {row['state']}")


async def _invite(held: Resources, session: Session, wanted: AccountCreate) -> dict[str, Any]:
    press, now = held.get(InvitationPress), clock_of(held).now()
    life = invitation_life(held.get(Settings))
    second = await accounts.has_active_admin(session)  # until somebody has come in there is nobody who could approve
    known = await accounts.find_by_email(session, OPERATOR, wanted.email)
    if known is not None and known.state != "disabled":
        if second:
            await require_alone(held, session, Act.ACCOUNT_RENEW, {"account_id": str(known.id)})
        invited = await accounts.renew(session, OPERATOR, press, known.id, life=life, now=now)
    else:
        if second:
            await require_alone(held, session, Act.ACCOUNT_INVITE, wanted.model_dump(mode="json"))
        invited = await accounts.invite(session, OPERATOR, press, wanted, life=life, now=now)
    return _facts(invited.account) | {"url": press.url(invited.code), "expires_at": invited.expires_at}


def _checked(given: dict[str, Any]) -> AccountCreate:
    try:
        return AccountCreate.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _facts(one: Account) -> dict[str, Any]:
    names = ("id", "name", "email", "role", "agencies", "state", "created_at", "disabled_at")
    return {name: getattr(one, name) for name in names}
