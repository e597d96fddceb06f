"""Everything that may befall the city and its rounds. Every act goes through the services the API uses; only the opening's compiling of texts,
which counts nobody, is left out.
"""

import json
import random
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.compliance import counting
from app.core.db import Session
from app.core.ids import new_id
from app.core.settings import ServiceSettings
from app.obligation import service as obligation
from app.obligation.exemption import ending
from app.obligation.exemption import service as exemption
from app.obligation.exemption.schemas import ExemptionDecision
from app.obligation.following import service as following
from app.obligation.following.schemas import ParticipantAdd
from app.pdf.inputs import TrustMaterial
from app.pledge import service as pledge
from tests.compliance.city import ASKER, DECIDER, Act, City
from tests.compliance.city_roster import change_roster, undo
from tests.compliance.register import PLEDGES
from tests.obligation.test_evidence import PDF


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


ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        *(change_roster, undo, open_round, follow, ask_exemption, decide_exemption, withdraw_exemption),
        *(let_days_pass, sign, void, join, fold, rebuild, close),
    )
}
