"""`/kantor/kunci`: the service's certificates and until when they hold, what is wrong with the keys, and whose time stamps fail. Works without any script."""

from collections.abc import Sequence

from fastapi import Request, Response

from app.core.http import ClockDep, SessionDep, SettingsDep, resources
from app.core.routing import Router
from app.key_standing import standing
from app.pki.keycheck import Finding
from app.web.office import OfficeDep
from app.web.pages.account import office_page

router = Router()
HERE = "/kantor/kunci"


@router.get(HERE)
async def read_keys(
    request: Request, session: SessionDep, office: OfficeDep, settings: SettingsDep, clock: ClockDep
) -> Response:
    """What is wrong comes first, each with what to do."""
    found = await standing(session, office.principal, resources(request), settings, now=clock.now())
    return office_page(request, "keys.html", office, found=found, wrong=_by_code(found.findings))


def _by_code(findings: Sequence[Finding]) -> list[tuple[str, str, list[str]]]:
    """(code, level, details) of each thing that is wrong, errors first."""
    codes = dict.fromkeys((one.code, one.level) for one in sorted(findings, key=lambda one: one.level))
    return [(code, level, [f.detail for f in findings if (f.code, f.level) == (code, level)]) for code, level in codes]
