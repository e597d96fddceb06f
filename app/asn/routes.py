"""Roster imports and employees over the API: a table of contents."""

from fastapi import APIRouter

from app.asn.history import routes as history
from app.asn.staging import routes as staging

router = APIRouter()
router.include_router(staging.router)
router.include_router(history.router)
