"""Refusals of rosters."""

from app.asn.refusal import remedy_of
from app.core.errors import AppError, Kind


class FileRefused(AppError):
    """The file cannot be read as a roster at all; `reason` is the reader's code."""

    kind = Kind.INVALID
    code = "roster.file_refused"

    def __init__(self, reason: str, missing: tuple[str, ...] = (), language: str = "id") -> None:
        super().__init__(reason=reason, missing=list(missing), remedy=remedy_of(reason, missing, language))

    def told_in(self, language: str) -> "FileRefused":
        """Return the same refusal with its remedy in another language."""
        missing = self.params["missing"]
        assert isinstance(missing, list)
        return FileRefused(str(self.params["reason"]), tuple(missing), language)


class UnitFileInvalid(AppError):
    """The unit file has problems; nothing of it was kept."""

    kind = Kind.INVALID
    code = "roster.units_invalid"


class UnitsMissing(AppError):
    """There are no units yet and none came with the roster: no row could be placed."""

    kind = Kind.CONFLICT
    code = "roster.units_missing"


class ImportNotStaged(AppError):
    """The import is in another state than the step asks for: still being read, refused, waiting for its columns, undone."""

    kind = Kind.CONFLICT
    code = "roster.not_staged"


class ImportApplied(AppError):
    """The import was applied before."""

    kind = Kind.CONFLICT
    code = "roster.already_applied"


class ImportOutdated(AppError):
    """The roster was changed after this import was compared with it: look again before applying."""

    kind = Kind.CONFLICT
    code = "roster.outdated"


class UndoNotLast(AppError):
    """Only the newest change of the roster can be undone, and this import is not it."""

    kind = Kind.CONFLICT
    code = "roster.undo_not_last"


class UndoDepended(AppError):
    """Something was built on the import since: a round opened, a document signed, a person activated."""

    kind = Kind.CONFLICT
    code = "roster.undo_depended"


class UploadGone(AppError):
    """The uploaded file is not kept any longer: it held nothing to correct, or its time is over."""

    kind = Kind.GONE
    code = "roster.upload_gone"


class DecisionInvalid(AppError):
    """A decision about somebody missing that cannot be: a day in the future, a unit for somebody who stays."""

    kind = Kind.INVALID
    code = "roster.decision_invalid"


class MappingInvalid(AppError):
    """The mapping names a column the file does not have, or leaves NIP, name or unit without one."""

    kind = Kind.INVALID
    code = "roster.mapping_invalid"


class EmployeeInvalid(AppError):
    """A value that cannot be a person's: `field` says which, `reason` why."""

    kind = Kind.INVALID
    code = "employee.invalid"


class NipHeld(AppError):
    """Somebody else on the roster has that NIP."""

    kind = Kind.CONFLICT
    code = "employee.nip_held"


class DifferentPeople(AppError):
    """Two records cannot be of one person: SIASN knows them as two, or one of them goes on in another record already."""

    kind = Kind.CONFLICT
    code = "employee.different"


class HeadInvalid(AppError):
    """A head that cannot be recorded: `reason` says why."""

    kind = Kind.INVALID
    code = "unit.head_invalid"


class HeadOverlaps(AppError):
    """In those days the unit has a head of that kind already."""

    kind = Kind.CONFLICT
    code = "unit.head_overlaps"


class TooManyCorrections(AppError):
    """The person's requests for correction wait for an answer already; more of them would not bring it sooner."""

    kind = Kind.CONFLICT
    code = "personal.too_many"


class RequestDecided(AppError):
    """The request for correction was answered before."""

    kind = Kind.CONFLICT
    code = "personal.decided"


class NikKeyLost(AppError):
    """The key that people without NIP are known again with was sealed under a master key that is not given any longer."""

    kind = Kind.UNAVAILABLE
    code = "roster.nik_key_lost"


class NikOff(AppError):
    """NIKs are not kept here: nothing needs them."""

    kind = Kind.CONFLICT
    code = "employee.nik_off"
