"""The letters of one run of a wave: whatever is the same for all of them is made once."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.mail import Attachment
from app.identity import service as identity
from app.identity.service import IssuedLink
from app.pledge.models import PledgeRound
from app.reminder import messages
from app.reminder.channels.base import Letter
from app.reminder.delivery import Outgoing
from app.reminder.figures import figures_of, recap_files
from app.reminder.means import Means
from app.reminder.models import OFFICIAL_KINDS
from app.reminder.plan import Plan


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, and the activation link in it, which is issued with the claim: a message that does not leave takes nobody's earlier link away."""

    letter: Letter
    link: IssuedLink | None = None


class Letters:
    """Writes letters; keeps the figures and files of the agency it wrote about last."""

    def __init__(self, means: Means, pledge_round: PledgeRound, plan: Plan) -> None:
        self._means, self._round, self._plan = means, pledge_round, plan
        self._about: tuple[str, UUID | None] | None = None
        self._figures: dict[str, object] = {}
        self._files: tuple[Attachment, ...] = ()
        self._at: datetime | None = None
        self._turn = asyncio.Lock()  # several connections ask at once; figures of two agencies must not mix

    async def write(self, outgoing: Outgoing) -> Written | None:
        """Return what is sent; None for an official who has nothing to be told any more (everybody signed: no escalation)."""
        if outgoing.kind in OFFICIAL_KINDS:
            async with self._turn:
                letter = await self._to_official(outgoing)
            return Written(letter) if letter else None
        return self.to_person(outgoing, self._link(outgoing))

    def to_person(self, outgoing: Outgoing, link: IssuedLink | None) -> Written:
        """Return a reminder, with a fresh activation link if one was drawn."""
        service = self._means.service
        letter = messages.person_letter(
            outgoing.id,
            outgoing.kind,
            outgoing.name,
            self._round,
            zone=service.timezone,
            language=self._plan.language,
            link=service.base_url,
            institution=service.institution,
            activation=f"{service.base_url}/aktivasi/{link.code}" if link else "",
            without_account=outgoing.without_account,
        )
        return Written(letter, link)

    def _link(self, outgoing: Outgoing) -> IssuedLink | None:
        """Draw a link for who has no account: only by mail to the recorded office address, and only if the schedule says so."""
        wanted = self._plan.activation_links and outgoing.without_account and outgoing.channel == "mail"
        if not wanted or outgoing.employee_id is None:
            return None
        return identity.draw_link(outgoing.employee_id, now=self._means.clock.now())

    async def _to_official(self, outgoing: Outgoing) -> Letter | None:
        about = (outgoing.kind, outgoing.agency_id)
        if self._about != about or self._at is None:
            self._at = await self._look(outgoing)
            self._about = about
        if outgoing.kind == "escalation" and not self._figures["pending"]:
            return None
        service = self._means.service
        return messages.official_letter(
            outgoing.id,
            outgoing.kind,
            outgoing.name,
            str(self._figures["agency"]),
            self._round,
            self._figures,
            zone=service.timezone,
            language=self._plan.language,
            link=f"{service.base_url}/dashboard",
            institution=service.institution,
            at=self._at,
            attachments=self._files,
        )

    async def _look(self, outgoing: Outgoing) -> datetime:
        now, where = self._means.clock.now(), (self._round.id, outgoing.agency_id)
        async with self._means.database.transaction() as session:
            self._figures = await figures_of(session, *where, now=now)
            self._files = ()
            if outgoing.kind == "recap":
                self._files = await recap_files(session, self._means, *where, language=self._plan.language, now=now)
        return now
