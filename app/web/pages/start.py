"""The first page a stranger sees."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.core.routing import Router
from app.web.rendering import render
from app.web.visitor import MaybeVisitorDep, NotAtKiosk

router = Router(dependencies=[NotAtKiosk])


@router.get("/")
async def read_start(request: Request, visitor: MaybeVisitorDep) -> Response:
    """Sign in, or check a document; whoever is signed in goes to what is asked of them."""
    if visitor is not None:
        return RedirectResponse("/beranda", 303)
    return render(request, "start.html")
