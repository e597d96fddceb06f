"""Refusals about units."""

from app.core.errors import AppError, Kind


class UnitChangeInvalid(AppError):
    """A reorganisation that cannot be: `reason` says why, `unit_id` where."""

    kind = Kind.INVALID
    code = "unit.change_invalid"


class UnitPlanEnded(AppError):
    """The planned change was made, refused or cancelled before: `state` says which."""

    kind = Kind.CONFLICT
    code = "unit.plan_ended"


class UnitCycle(AppError):
    """A unit would stand below itself."""

    kind = Kind.INVALID
    code = "unit.cycle"
