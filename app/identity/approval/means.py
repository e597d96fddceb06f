"""What the routes and pages of approvals are given."""

from fastapi import Request

from app.core.approval import Approvals
from app.core.http import resources
from app.identity.approval.service import ApprovalDesk


def desk_of(request: Request) -> ApprovalDesk:
    """Return the process's desk."""
    found = resources(request).get(Approvals)  # type: ignore[type-abstract]
    if not isinstance(found, ApprovalDesk):
        raise TypeError(found)
    return found
