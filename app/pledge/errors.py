"""Refusals of rounds and templates."""

from app.core.errors import AppError, Kind


class RoundNotDraft(AppError):
    """Only a draft can be changed or opened."""

    kind = Kind.CONFLICT
    code = "round.not_draft"


class RoundNotOpen(AppError):
    """The round is not open: not yet, or no longer."""

    kind = Kind.CONFLICT
    code = "round.not_open"


class RoundDates(AppError):
    """The round closes before it opens."""

    kind = Kind.INVALID
    code = "round.dates"


class AgencyUnknown(AppError):
    """The population names an agency that is none."""

    kind = Kind.INVALID
    code = "round.agency_unknown"


class TemplateUnknown(AppError):
    """There is no template of that code."""

    kind = Kind.INVALID
    code = "template.unknown"


class PrefixChanged(AppError):
    """A frozen template compiles to other bytes than when the round opened: this program is not the one that opened it."""

    kind = Kind.UNAVAILABLE
    code = "template.prefix_changed"


class TemplateRefused(AppError):
    """The files of a template hold faults; `findings` has all of them, and nothing was kept."""

    kind = Kind.INVALID
    code = "template.refused"


class TemplateTaken(AppError):
    """There is a template of that code: its next version is handed in under it."""

    kind = Kind.CONFLICT
    code = "template.taken"


class PaperUnknown(AppError):
    """The version has no layout for that paper."""

    kind = Kind.INVALID
    code = "template.paper_unknown"
