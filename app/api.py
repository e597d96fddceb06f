"""The table of contents of the REST API: one line per noun."""

from fastapi import APIRouter

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

router = APIRouter(prefix=PREFIX)
router.include_router(signing.router)  # first: routes are looked for in this order, and a ceremony is four requests
router.include_router(compliance.router)  # next: dashboards ask all day
router.include_router(identity.router)
router.include_router(own_sessions.router)
router.include_router(slips.router)
router.include_router(origin.router)
router.include_router(recovery.router)
router.include_router(kiosks.router)
router.include_router(tokens.router)
router.include_router(accounts.router)
router.include_router(sessions.router)
router.include_router(approvals.router)
router.include_router(access.router)
router.include_router(opd.router)
router.include_router(asn.router)
router.include_router(pledge.router)
router.include_router(obligation.router)
router.include_router(population.router)
router.include_router(exemption.router)
router.include_router(following.router)
router.include_router(countersigner.router)
router.include_router(countersigning.router)
router.include_router(remote.router)
router.include_router(scans.router)
router.include_router(document.router)
router.include_router(voiding.router)
router.include_router(stuck.router)
router.include_router(print_run.router)
router.include_router(keys.router)
router.include_router(verification.router)
router.include_router(finished.router)
router.include_router(recap.router)
router.include_router(recap_links.router)
router.include_router(outstanding.router)
router.include_router(reminder.router)
router.include_router(webhook.router)
