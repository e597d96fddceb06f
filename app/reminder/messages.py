"""What is written: one text of the catalogue, as plain text, as HTML, and in short for a phone. Names stand in the body only."""

import html
import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.mail import Attachment
from app.core.texts import text
from app.pdf.moment import moment_in_words
from app.pledge.models import PledgeRound
from app.pledge.service import ZONES
from app.reminder.channels.base import Letter

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>'
    '<body style="margin:0;padding:24px;background:#f4f6f8;font-family:Arial,Helvetica,sans-serif;color:#1b2733">'
    '<div style="max-width:600px;margin:0 auto;padding:24px;background:#fff;border-top:4px solid #0f766e;line-height:1.55">'
    "{paragraphs}</div></body></html>"
)


def moment(at: datetime, zone: str, language: str) -> str:
    """Return day, minute and zone of an instant in words."""
    if language == "id":
        return moment_in_words(at, ZONES[zone])
    return f"{at.astimezone(ZoneInfo(zone)):%-d %B %Y, %H.%M} {ZONES[zone]}"


def person_letter(
    reference: UUID,
    kind: str,
    name: str,
    pledge_round: PledgeRound,
    *,
    zone: str,
    language: str,
    link: str,
    institution: str,
    activation: str = "",
    without_account: bool = False,
) -> Letter:
    """Return the reminder of one person. `activation` is the address of a fresh activation link, where one was made."""
    values = {
        "name": name,
        "round": pledge_round.title,
        "deadline": moment(pledge_round.closes_at, zone, language),
        "link": activation or link,
        "institution": institution,
    }
    way = "activation" if activation else "no_account" if without_account else "account"
    values["way"] = text(f"reminder.way.{way}", language, **values).strip()
    subject = text(f"reminder.{kind}.subject", language, **values)
    body = text(f"reminder.{kind}.body", language, **values)
    short = text("reminder.short", language, **values | {"link": link})
    fields = {key: values[key] for key in ("name", "round", "deadline")} | {"link": link}
    return _letter(reference, subject, body, short, language, fields)


def official_letter(
    reference: UUID,
    kind: str,
    name: str,
    agency: str,
    pledge_round: PledgeRound,
    figures: Mapping[str, object],
    *,
    zone: str,
    language: str,
    link: str,
    institution: str,
    at: datetime,
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """Return the escalation or recap of one official: figures only, in the subject a count and nobody's name."""
    values = {
        **figures,
        "name": name,
        "agency": agency or institution,
        "round": pledge_round.title,
        "deadline": moment(pledge_round.closes_at, zone, language),
        "as_of": moment(at, zone, language),
        "link": link,
        "institution": institution,
    }
    subject = text(f"reminder.{kind}.subject", language, **values)
    body = text(f"reminder.{kind}.body", language, **values)
    return _letter(reference, subject, body, subject, language, {}, attachments)


def as_html(subject: str, body: str, language: str) -> str:
    """Return a plain text as HTML: paragraphs at empty lines, addresses as links, everything else as it is written."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", body) if part.strip()]
    shown = "".join(f'<p style="margin:0 0 16px">{_marked(part)}</p>' for part in paragraphs)
    return _PAGE.format(language=language, subject=html.escape(subject), paragraphs=shown)


def _letter(
    reference: UUID,
    subject: str,
    body: str,
    short: str,
    language: str,
    fields: Mapping[str, str],
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    subject = " ".join(subject.split())  # a header is one line, whatever the round is called
    body = body.strip() + "\n"
    return Letter(reference, subject, body, as_html(subject, body, language), short.strip(), fields, attachments)


def _marked(paragraph: str) -> str:
    parts, last = [], 0
    for found in _LINK.finditer(paragraph):
        address = html.escape(found.group())
        parts += [
            html.escape(paragraph[last : found.start()]),
            f'<a href="{address}" style="color:#0f766e">{address}</a>',
        ]
        last = found.end()
    return "".join([*parts, html.escape(paragraph[last:])]).replace("\n", "<br>")
