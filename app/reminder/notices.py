"""A notice about the own account to a person's phone: their mail is written by `identity`, which knows no gateways.

At least once: a gateway that keeps the Idempotency-Key sends it once, however often the job is taken up.
"""

from uuid import UUID

import structlog

from app.asn import service as asn
from app.core.handing import NotHanded
from app.core.texts import text
from app.identity.origin.service import link_of
from app.reminder.channels.base import Letter
from app.reminder.means import Means

PHONES = ("whatsapp", "sms")
log = structlog.get_logger()


async def tell(means: Means, secret: bytes, employee_id: UUID, activation_id: UUID, *, recovered: bool) -> int:
    """Tell a person by every phone channel there is that their account was opened or recovered; return how many took it.

    A number the gateway refuses is left: the mail and “Riwayat akses” say the same.
    """
    async with means.database.transaction() as session:
        phone = (await asn.get_employee(session, employee_id)).phone
    if not phone:
        return 0
    kind = "recovered" if recovered else "activated"
    words = text(f"mail.{kind}.short", not_me=f"{means.service.base_url}/bukan-saya/{link_of(secret, activation_id)}")
    letter = Letter(activation_id, text(f"mail.{kind}.subject"), words, "", words)
    taken = 0
    for name in means.channels.available(PHONES):
        async with means.channels.get(name).line() as line:
            try:
                await line.begin(phone)
                await line.load(phone, letter)
                line.hand()
                await line.finish()
            except NotHanded as refused:
                log.info("notice.not_handed", channel=name, outcome=refused.handing.value)
                continue
            taken += 1
    return taken
