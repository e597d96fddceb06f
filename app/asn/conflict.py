"""Rows that cannot all be true of one roster: two for one person, or a NIP that stays with somebody else.

Seen only against the whole file and the whole roster, so they are found after the rows were compared, before any is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.asn.columns import Column
from app.asn.compare import ComparedRow
from app.asn.outcome import Outcome, holder_finding, twice_finding


def settle(rows: Sequence[ComparedRow], holders: Mapping[str, UUID]) -> list[ComparedRow]:
    """Return the rows with those rejected that contradict others; `holders` says who on the roster has which NIP now.

    People may swap NIPs within a file. A rejected row leaves its person with the NIP they had, which rejects the row
    that would give it to somebody else, and so on along the chain.
    """
    settled = _without_repeats(rows)
    claims = {row.checked.person.nip: row for row in settled if row.checked.person}
    given = {row.employee_id: nip for nip, row in claims.items()}
    held = {holder: nip for nip, holder in holders.items()}
    waiting = [
        row
        for nip, row in claims.items()
        if (holder := holders.get(nip, row.employee_id)) != row.employee_id and given.get(holder, nip) == nip
    ]
    losing: set[int] = set()
    while waiting:
        row = waiting.pop()
        losing.add(id(row))
        kept = held.get(row.employee_id) if row.employee_id else None
        claimant = claims.get(kept) if kept else None
        if claimant is not None and id(claimant) not in losing:
            waiting.append(claimant)
    return [_rejected(row, Column.NIP, "") if id(row) in losing else row for row in settled]


def _without_repeats(rows: Iterable[ComparedRow]) -> list[ComparedRow]:
    """Reject rows that name a person, known or new, whom an earlier row named."""
    first: dict[UUID | str, ComparedRow] = {}
    kept = []
    for row in rows:
        if row.checked.person is None or row.employee_id is None:
            kept.append(row)
            continue
        key = row.checked.person.pns_id or row.employee_id if row.change == "new" else row.employee_id
        earlier = first.setdefault(key, row)
        kept.append(row if earlier is row else _rejected(row, Column.PNS_ID, str(earlier.checked.row)))
    return kept


def _rejected(row: ComparedRow, column: Column, first: str) -> ComparedRow:
    checked, person = row.checked, row.checked.person
    assert person is not None
    label = checked.header.label(column)
    found = twice_finding(label, person.pns_id, first) if first else holder_finding(label, person.nip)
    findings = (found, *checked.findings)
    return ComparedRow(replace(checked, outcome=Outcome.REJECTED, findings=findings, person=None), None, "")
