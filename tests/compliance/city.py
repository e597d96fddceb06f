"""A small city whose history is made up as it goes: a roster, rounds over it, and everything that may befall both.

Every act goes through the services the API uses; only the opening's compiling of texts, which counts nobody, is left out.
"""

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.asn.applying import service as applying
from app.compliance import counting
from app.core.blobs import LocalBlobStore
from app.core.db import Database, Session
from app.core.errors import AppError
from app.core.ids import new_id
from app.core.permission import Role
from app.core.principal import Principal, Scope
from app.core.settings import ServiceSettings, Settings
from app.obligation import service as obligation
from app.obligation.exemption import ending
from app.obligation.exemption import service as exemption
from app.obligation.exemption.schemas import ExemptionDecision
from app.obligation.following import service as following
from app.obligation.following.schemas import ParticipantAdd
from app.pdf.inputs import TrustMaterial
from app.pledge import service as pledge
from app.transparency.record import LogIdentity
from tests.compliance.register import OPENED, PLEDGES
from tests.obligation.test_evidence import PDF

ASKER, DECIDER = (Principal(UUID(int=n), Role.BKPSDM_ADMIN, Scope()) for n in (1, 2))
WRITTEN = (
    "participant_change, exemption, obligation, participant, round_pledge, round, employee_version, employee, unit, roster_row,"
    " roster_missing, roster_import, roster_count, employee_unfollowed, employee_unindexed, employee_term, name_key, log_pending,"
    " log_leaf, log_entry, compliance_delta, compliance_head, compliance_cell, compliance_change, compliance_checkpoint,"
    " compliance_hour"
)
CODES = ("01", "01", "01", "01", "02", "04", "05", "66", "42")
FIELDS = ("employment", "legal_status", "unit", "echelon", "position_kind")


@dataclass
class City:
    """The database, the clock, and what the acts need to find their way; `signed` is what no act but a void may take back."""

    database: Database
    owner_url: str
    log: LogIdentity
    blobs: LocalBlobStore
    now: datetime = OPENED
    people: dict[int, UUID] = field(default_factory=dict)
    rounds: list[UUID] = field(default_factory=list)
    imports: list[UUID] = field(default_factory=list)
    signed: dict[UUID, tuple[UUID, UUID, UUID]] = field(default_factory=dict)  # document: round, person, obligation
    done: list[str] = field(default_factory=list)

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as session:
            found = await session.execute(text(statement), values)
            return list(found) if found.returns_rows else []

    async def act(self, name: str, number: int) -> None:
        """Do one thing; what the service refuses is as good as not done."""
        self.now += timedelta(seconds=1 + number % 600)
        try:
            async with self.database.transaction() as session:
                await ACTS[name](self, session, random.Random(number))
            self.done.append(name)
        except AppError as refusal:
            self.done.append(f"{name}: {refusal.code}")

    @property
    def today(self) -> Any:
        return self.now.date()


async def found(city: City) -> None:
    """Empty the database and settle ten people in six units of three agencies."""
    with psycopg.connect(city.owner_url, autocommit=True) as owner:
        owner.execute(f"TRUNCATE {WRITTEN} CASCADE")
    root, rows = new_id(), []
    rows.append((root, None, root, "Kota", "R"))
    for agency in range(3):
        top = new_id()
        rows.append((top, root, top, f"Dinas {agency}", f"A{agency}"))
        rows += [(new_id(), top, top, f"Unit {agency}{n}", f"U{agency}{n}") for n in range(2)]
    async with city.database.transaction() as session:
        for place, (unit, parent, agency, name, siasn) in enumerate(rows):
            await session.execute(
                text(
                    "INSERT INTO unit (id, siasn_id, name, parent_id, agency_id, is_agency, echelon, head_title, position,"
                    " valid_from) VALUES (:id, :siasn, :name, :parent, :agency, :top, '', '', :place, '2026-01-01')"
                ),
                {
                    "id": unit,
                    "siasn": siasn,
                    "name": name,
                    "parent": parent,
                    "agency": agency,
                    "top": unit == agency,
                    "place": place,
                },
            )
    for number in range(4):
        await city.act("change_roster", number)


def _facts(rng: random.Random) -> dict[str, str]:
    return {
        "employment": rng.choice(("pns", "pns", "pppk", "non_asn")),
        "legal_status": rng.choice(CODES),
        "unit": f"U{rng.randrange(3)}{rng.randrange(2)}",
        "echelon": rng.choice(("", "31")),
        "position_kind": rng.choice(("1", "4")),
    }


async def change_roster(city: City, session: Session, rng: random.Random) -> None:
    """Stage an import as the reader would (new, moved, retired, returned, gone people) and apply it."""
    import_id, revision = new_id(), (await session.execute(text("SELECT revision FROM roster_state"))).scalar_one()
    await session.execute(
        text(
            "INSERT INTO roster_import (id, file_name, sha256, counts, units, layout, base_revision, created_by, created_at,"
            " status, reading) VALUES (:id, 'r.csv', :digest, '{}', '[]', '{}', :revision, :by, :now, 'staged', '')"
        ),
        {"id": import_id, "digest": "00" * 32, "revision": revision, "by": ASKER.id, "now": city.now},
    )
    touched = dict.fromkeys(rng.sample(range(16), 6))
    for place, number in enumerate(touched):
        await _stage_row(city, session, rng, import_id, place + 2, number)
    await applying.apply(session, ASKER, city.log, import_id, Settings(), now=city.now)
    city.imports.append(import_id)


async def _stage_row(
    city: City, session: Session, rng: random.Random, import_id: UUID, place: int, number: int
) -> None:
    wanted, nip = _facts(rng), f"1985010120100120{number:02d}"
    known = await _known(city, session, number)
    if known is not None and known["current"] and rng.random() < 0.3:
        await session.execute(
            text("INSERT INTO roster_missing (import_id, employee_id, decision, decided_on) VALUES (:i, :p, :d, :on)"),
            {"i": import_id, "p": known["id"], "d": rng.choice(("left", "transferred")), "on": city.today},
        )
        return
    changes = {} if known is None else {k: [known[k], wanted[k]] for k in FIELDS if known[k] != wanted[k]}
    if known is not None and not known["current"]:
        changes["current"] = [False, True]
    change = "new" if known is None else "changed" if changes else "unchanged"
    person = new_id() if known is None else known["id"]
    city.people[number] = person
    await session.execute(
        text(
            "INSERT INTO roster_row (import_id, sheet, row, place, outcome, change, changes, findings, silent, employee_id, nip,"
            " name, birth_date, grade, unit, employment, legal_status, echelon, position_kind) VALUES (:i, '', :place, :place,"
            " 'accepted', :change, CAST(:changes AS jsonb), '[]', '{}', :p, :nip, :name, '1985-01-01', 'III/a', :unit,"
            " :employment, :legal_status, :echelon, :position_kind)"
        ),
        {
            "i": import_id,
            "place": place,
            "change": change,
            "changes": json.dumps(changes),
            "p": person,
            "nip": nip,
            "name": f"ORANG {number:02d}",
            **wanted,
        },
    )


async def _known(city: City, session: Session, number: int) -> dict[str, Any] | None:
    statement = (
        "SELECT e.id, e.current, e.employment, e.legal_status, e.echelon, e.position_kind, u.siasn_id AS unit"
        " FROM employee e JOIN unit u ON u.id = e.unit_id WHERE e.id = :id"
    )
    row = (await session.execute(text(statement), {"id": city.people.get(number, UUID(int=0))})).mappings().first()
    return dict(row) if row else None


async def undo(city: City, session: Session, rng: random.Random) -> None:
    if city.imports:
        await applying.undo(session, ASKER, city.log, city.imports[-1], now=city.now)


async def open_round(city: City, session: Session, rng: random.Random) -> None:
    if len(city.rounds) == 2:
        return
    round_id, pledges = new_id(), PLEDGES[: rng.choice((1, 2, 2))]
    population = {
        "employments": rng.choice(([], ["pns"], ["pns", "pppk"])),
        "legal_status": rng.choice(({}, {"02": "required"}, {"04": "left", "05": "required"})),
    }
    await session.execute(
        text(
            "INSERT INTO round (id, title, election, year, cut_off, opens_at, closes_at, countersign, paper, status, created_at,"
            " population, late_joiners) VALUES (:id, 'Uji', 'Pilkada', 2026, :day, :now, :end, false, 'F4', 'opening', :now,"
            " CAST(:population AS jsonb), :joining)"
        ),
        {
            "id": round_id,
            "day": city.today,
            "now": city.now,
            "end": city.now + timedelta(days=90),
            "population": json.dumps(population),
            "joining": rng.choice(("automatic", "automatic", "admin", "none")),
        },
    )
    for place, code in enumerate(pledges):
        await session.execute(
            text(
                "INSERT INTO round_pledge (round_id, pledge, place, template_version_id) SELECT :r, :code, :place, v.id"
                " FROM template_version v LIMIT 1"
            ),
            {"r": round_id, "code": code, "place": place},
        )
    nothing: Any = TrustMaterial((), ())
    await obligation.assign(
        session, round_id, settings=ServiceSettings(), trust=nothing, blobs=city.blobs, log=city.log, now=city.now
    )
    city.rounds.append(round_id)


async def follow(city: City, session: Session, rng: random.Random) -> None:
    await following.follow(session, city.log, today=city.today, now=city.now, batch=rng.choice((2, 100, 100)))


async def _some(city: City, session: Session, rng: random.Random, condition: str) -> Any:
    """Return one of the obligations that meet a condition, the same one for the same numbers."""
    statement = (
        "SELECT o.id, o.round_id, o.employee_id, o.exemption_id FROM obligation o JOIN participant p USING (round_id, employee_id)"
        f" JOIN round r ON r.id = o.round_id WHERE r.status = 'open' AND {condition} ORDER BY r.created_at, p.name, o.pledge"
    )
    rows = list(await session.execute(text(statement)))
    return rng.choice(rows) if rows else None


async def ask_exemption(city: City, session: Session, rng: random.Random) -> None:
    if row := await _some(city, session, rng, rng.choice(("true", *["o.state = 'pending'"] * 3))):
        kind = rng.choice(("exempt", "deferred"))
        until = city.today + timedelta(days=rng.randrange(3)) if kind == "deferred" and rng.random() < 0.7 else None
        asked = exemption.Asked(kind, until, "Sakit lama", PDF, rng.random() < 0.5)
        today = {"today": city.today, "now": city.now}
        made = await exemption.request(session, ASKER, city.log, city.blobs, row.id, asked, **today)
        if made.state == "requested" and rng.random() < 0.6:
            decision = ExemptionDecision(state="approved", reason="Sesuai surat")
            await exemption.decide(session, DECIDER, city.log, made.id, decision, **today)


async def decide_exemption(city: City, session: Session, rng: random.Random) -> None:
    if row := await _some(city, session, rng, "o.exemption_id IS NOT NULL AND o.state = 'pending'"):
        decision = ExemptionDecision(state=rng.choice(("approved", "refused")), reason="Sesuai surat")
        await exemption.decide(session, DECIDER, city.log, row.exemption_id, decision, today=city.today, now=city.now)


async def withdraw_exemption(city: City, session: Session, rng: random.Random) -> None:
    if row := await _some(city, session, rng, "(o.exemption_id IS NOT NULL OR o.state = 'exempt')"):
        await ending.withdraw(session, ASKER, city.log, row.id, "", today=city.today, now=city.now)


async def let_days_pass(city: City, session: Session, rng: random.Random) -> None:
    city.now += timedelta(days=rng.randrange(1, 3))
    for one in await ending.list_expired(session, city.today, 100):
        await ending.expire(session, city.log, one, today=city.today, now=city.now)


async def sign(city: City, session: Session, rng: random.Random) -> None:
    row = await _some(city, session, rng, "o.state = 'pending'")
    if row is None:
        return
    await pledge.hold_open(session, [row.round_id], now=city.now)
    await obligation.lock(session, row.employee_id, [row.round_id])
    owed = await session.execute(
        text(
            "SELECT id FROM obligation WHERE round_id = :r AND employee_id = :p AND state = 'pending' ORDER BY pledge"
        ),
        {"r": row.round_id, "p": row.employee_id},
    )
    ids = [one.id for one in owed]
    documents = [(one, new_id()) for one in ids[: rng.choice((1, len(ids)))]]
    at = city.now - timedelta(days=rng.randrange(2))
    await obligation.fulfil(session, row.employee_id, row.round_id, documents, at=at)
    city.signed |= {document: (row.round_id, row.employee_id, one) for one, document in documents}


async def void(city: City, session: Session, rng: random.Random) -> None:
    if city.signed:
        document = rng.choice(sorted(city.signed))
        round_id, person, _ = city.signed.pop(document)
        await obligation.lock(session, person, [round_id])
        await obligation.reopen(session, person, round_id, document)


async def join(city: City, session: Session, rng: random.Random) -> None:
    if city.rounds and city.people:
        people = [city.people[number] for number in sorted(city.people)]
        body = ParticipantAdd(employee_ids=rng.sample(people, 1), reason="Susulan")
        await following.add(session, ASKER, city.log, rng.choice(city.rounds), body, today=city.today, now=city.now)


async def fold(city: City, session: Session, rng: random.Random) -> None:
    for one in await counting.due(session):
        await counting.fold(session, one, now=city.now)


async def rebuild(city: City, session: Session, rng: random.Random) -> None:
    if city.rounds:
        await counting.rebuild(session, rng.choice(city.rounds), now=city.now)


async def close(city: City, session: Session, rng: random.Random) -> None:
    if city.rounds and rng.random() < 0.3:
        await pledge.close_round(session, ASKER, city.log, rng.choice(city.rounds), now=city.now)


Act = Callable[[City, Session, random.Random], Awaitable[None]]
ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        *(change_roster, undo, open_round, follow, ask_exemption, decide_exemption, withdraw_exemption),
        *(let_days_pass, sign, void, join, fold, rebuild, close),
    )
}
