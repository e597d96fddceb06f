"""The table of contents of the REST API: one line per noun."""

from fastapi import FastAPI

from app import key_routes as keys
from app.asn import routes as asn
from app.compliance import routes as compliance
from app.compliance.documents import routes as finished
from app.compliance.outstanding import routes as outstanding
from app.compliance.recap import routes as recap
from app.compliance.recap.links import routes as recap_links
from app.core.routing import PREFIX
from app.countersigner import routes as countersigner
from app.document import print_routes as print_run
from app.document import routes as document
from app.document import stuck_routes as stuck
from app.document import void_routes as voiding
from app.identity import routes as identity
from app.identity.access import routes as access
from app.identity.accounts import routes as accounts
from app.identity.accounts import session_routes as sessions
from app.identity.approval import routes as approvals
from app.identity.kiosk import routes as kiosks
from app.identity.origin import routes as origin
from app.identity.recovery import routes as recovery
from app.identity.slips import routes as slips
from app.identity.stay import routes as own_sessions
from app.identity.tokens import routes as tokens
from app.obligation import routes as obligation
from app.obligation.exemption import routes as exemption
from app.obligation.following import routes as following
from app.obligation.population import routes as population
from app.opd import routes as opd
from app.pledge import routes as pledge
from app.reminder import routes as reminder
from app.signing import countersigning_routes as countersigning
from app.signing import routes as signing
from app.signing.remote import routes as remote
from app.signing.remote import scan_routes as scans
from app.verification import routes as verification
from app.webhook import routes as webhook

ROUTERS = (
    signing.router,  # first: routes are looked for in this order, and a ceremony is three requests
    compliance.router,  # next: dashboards ask all day
    identity.router,
    own_sessions.router,
    slips.router,
    origin.router,
    recovery.router,
    kiosks.router,
    tokens.router,
    accounts.router,
    sessions.router,
    approvals.router,
    access.router,
    opd.router,
    asn.router,
    pledge.router,
    obligation.router,
    population.router,
    exemption.router,
    following.router,
    countersigner.router,
    countersigning.router,
    remote.router,
    scans.router,
    document.router,
    voiding.router,
    stuck.router,
    print_run.router,
    keys.router,
    verification.router,
    finished.router,
    recap.router,
    recap_links.router,
    outstanding.router,
    reminder.router,
    webhook.router,
)
"""The nouns' routers in the order they are looked through."""


def install(app: FastAPI) -> None:
    """Put every noun under `PREFIX`: each beside the others, since a request is looked for once more at every level in between."""
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
