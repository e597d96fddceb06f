"""Named places at which a test kills a process, so that what docs/signing-cycle.md says of a power cut is tried and not believed.

A place does nothing unless `PAKTA_FAULT_DIR` names a folder; production mode refuses to start with it. A file there, called like the place,
is taken away when the place is reached: empty, this process kills itself (SIGKILL); with a number, that process is killed and this one goes on.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

VARIABLE = "PAKTA_FAULT_DIR"
_ON_COMMIT = "faults.on_commit"
_folder = Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


class Step(StrEnum):
    """The steps of docs/signing-cycle.md, in their order; `durable` is after the commit and before the answer."""

    OPENED = "1-opened"
    OPENED_DURABLE = "1-opened-durable"
    CERTIFIED = "3-certified"
    CERTIFIED_DURABLE = "3-certified-durable"
    BUILT = "4.1-built"
    VERIFIED = "4.2-verified"
    STORED = "4.3-stored"
    REGISTERED = "4.4-registered"
    REGISTERED_DURABLE = "4.4-registered-durable"
    PUBLISHED = "5-published"
    PUBLISHED_DURABLE = "5-published-durable"
    COUNTERSIGNED = "6-countersigned"
    COUNTERSIGNED_DURABLE = "6-countersigned-durable"
    SEAL_STORED = "7-seal-stored"
    SEALED = "7-sealed"
    SEALED_DURABLE = "7-sealed-durable"
    VOIDED = "8-voided"
    VOIDED_DURABLE = "8-voided-durable"
    RENEWAL_STORED = "9-renewal-stored"
    RENEWED = "9-renewed"
    RENEWED_DURABLE = "9-renewed-durable"


class ReminderStep(StrEnum):
    """The steps of a message of app/reminder/sending.py."""

    LOADED = "reminder-loaded"  # the other side has all of it but its end, and nothing is committed
    MARKED = "reminder-marked"  # that it is being sent is committed, and its end was not sent
    HANDED = "reminder-handed"  # its end was sent, and nothing heard


def reached(step: Step | ReminderStep) -> None:
    """Die here, or let another process die, if a test asks for it."""
    if _folder is None:
        return
    asked = _folder / step.value
    try:
        victim = asked.read_text()
        asked.unlink()
    except FileNotFoundError:
        return
    os.kill(int(victim) if victim else os.getpid(), signal.SIGKILL)


def about_to_commit(session: AsyncSession, step: Step, durable: Step) -> None:
    """Reach `step` now, with everything written and nothing committed, and `durable` once this transaction is committed."""
    reached(step)
    if _folder is not None:
        session.info[_ON_COMMIT] = durable


def committed(session: AsyncSession) -> None:
    """Reach what the transaction that was just committed makes durable."""
    if _folder is not None and (step := session.info.pop(_ON_COMMIT, None)) is not None:
        reached(step)
