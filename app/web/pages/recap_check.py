"""`/rekap/{code}`: the figures a printed recap must show, from the register. For anybody who holds the paper."""

from uuid import UUID

from fastapi import Request, Response

from app.compliance.recap import service as recaps
from app.compliance.recap import table
from app.compliance.recap.printed import RecapPrinter, read_check_code
from app.core.errors import NotFound
from app.core.http import ClockDep, SessionDep, SettingsDep, client_address, resources
from app.core.limits import Limits
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.routing import Router
from app.web.rendering import language_of, render

router = Router()
_ANYBODY = UUID(int=0)


@router.get("/rekap/{code}")
async def read_check(
    code: str, request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep
) -> Response:
    """The same table as of the instant on the paper, for the agencies on the paper; only codes that were printed are answered."""
    held = resources(request)
    held.get(Limits).verification.take(client_address(request))
    told = read_check_code(held.get(RecapPrinter).secret, code)
    if told is None:
        raise NotFound
    round_id, at, agencies = told
    anybody = Principal(_ANYBODY, Role.AUDITOR, Scope(agencies))
    language = language_of(request)
    recap = await recaps.recap(
        session, anybody, round_id, settings.service, as_of=at, language=language, now=clock.now()
    )
    columns = [column for column in table.columns(recap, language) if column.key not in {"last_signed_at", "note"}]
    rows = list(table.rows(recap, language))
    return render(request, "recap_check.html", visitor=None, recap=recap, columns=columns, rows=rows)
