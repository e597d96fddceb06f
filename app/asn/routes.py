"""Roster imports and employees over the API: a table of contents."""

from app.asn.history import routes as history
from app.asn.linking import routes as linking
from app.asn.nik import routes as nik
from app.asn.personal import routes as personal
from app.asn.reorganising import head_routes as heads
from app.asn.reorganising import routes as reorganising
from app.asn.revising import routes as revising
from app.asn.staging import routes as staging
from app.core.routing import Router

router = Router()
router.include_router(staging.router)
router.include_router(linking.router)
router.include_router(history.router)
router.include_router(revising.router)
router.include_router(reorganising.router)
router.include_router(heads.router)
router.include_router(personal.router)
router.include_router(nik.router)
