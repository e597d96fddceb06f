"""SQL that turns a reading into staged rows: set by set, so that a million rows take a dozen statements.

The reading lies in temporary tables of the session's transaction: `roster_reading` (columns as in `app.asn.reading.FIELDS`),
`roster_unit` (the directory it was read with), `roster_verdict` (rows that contradict others) and `roster_match` (whom a row names).
"""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

from sqlalchemy import text

from app.asn.reading import FIELDS
from app.asn.staging import outside
from app.core.db import Session, copy_rows, raw_connection

_TABLES = (
    """CREATE TEMP TABLE roster_reading (place bigint, sheet text, "row" int, outcome text, findings jsonb, silent text[],
       pns_id text, nip text, local_number text, nik_digest text, name text, birth_date text, employment text, legal_status text, grade text, grade_title text,
       position_kind text, position text, echelon text, unit text, email text, phone text, nik_sealed text) ON COMMIT DROP""",
    "CREATE TEMP TABLE roster_unit (siasn_id text PRIMARY KEY, name text, agency text) ON COMMIT DROP",
    "CREATE TEMP TABLE roster_verdict (place bigint PRIMARY KEY, finding jsonb) ON COMMIT DROP",
    "CREATE TEMP TABLE roster_named (employee_id uuid) ON COMMIT DROP",
    "CREATE TEMP TABLE roster_refused (pns_id text, nip text, local_number text, nik_digest text) ON COMMIT DROP",
    "CREATE TEMP TABLE roster_placed (unit text) ON COMMIT DROP",
)
_REUSE = """
INSERT INTO roster_reading
SELECT place, sheet, "row",
  CASE WHEN own = '[]' THEN 'accepted' WHEN name = '' OR unit = '' THEN 'rejected' ELSE 'warned' END,
  own, silent, pns_id, nip, local_number, nik_digest, name, coalesce(birth_date::text, ''), employment, legal_status, grade, grade_title, position_kind,
  position, echelon, unit, email, phone, coalesce(encode(sealed, 'hex'), '')
FROM (SELECT r.*, n.sealed, CASE WHEN r.findings = '[]' THEN '[]' ELSE coalesce((
        SELECT jsonb_agg(f ORDER BY n) FROM jsonb_array_elements(r.findings) WITH ORDINALITY x(f, n)
        WHERE f->>'code' NOT IN ('nip.duplicate', 'number.duplicate', 'number.held')), '[]') END AS own
      FROM roster_row r LEFT JOIN roster_nik n ON (n.import_id, n.sheet, n."row") = (r.import_id, r.sheet, r."row")
      WHERE r.import_id = :source AND (NOT :decided OR r.outcome = 'accepted')) kept
"""
_FORGET_DECIDED = """
DELETE FROM roster_reading t USING roster_row r
WHERE r.import_id = :parent AND r.sheet = t.sheet AND r."row" = t."row" AND r.outcome = 'accepted'
"""
_FORGET_FOREIGN = """
DELETE FROM roster_reading t
WHERE NOT EXISTS (SELECT FROM roster_row r WHERE r.import_id = :parent AND r.sheet = t.sheet AND r."row" = t."row")
"""
_FORGET_COPIES = """
DELETE FROM roster_reading t USING roster_reading b
WHERE CAST(:parent AS uuid) IS NOT NULL AND b.sheet = t.sheet AND b."row" = t."row" AND b.place < t.place
"""
_PLACE_AS_BEFORE = """
UPDATE roster_reading t SET place = r.place FROM roster_row r WHERE r.import_id = :parent AND r.sheet = t.sheet AND r."row" = t."row"
"""
# Of the rows with one NIP that can each be accepted one stays: the one of the person who has that NIP on the roster, else the first.
_DUPLICATES = """
WITH several AS MATERIALIZED (
  SELECT nip FROM roster_reading WHERE nip <> '' GROUP BY nip HAVING count(*) > 1
), ranked AS (
  SELECT r.place, r.nip, r.pns_id, r.sheet, r."row",
    row_number() OVER (PARTITION BY r.nip ORDER BY (r.pns_id <> '' AND r.pns_id = h.pns_id) DESC NULLS LAST, r.place) AS rank
  FROM roster_reading r JOIN several USING (nip) LEFT JOIN employee h ON h.nip = r.nip AND h.nip <> '' AND h.current
  WHERE r.outcome <> 'rejected'
), lost AS (
  SELECT r.place, r.nip, r.pns_id <> '' AND k.pns_id <> '' AND r.pns_id <> k.pns_id AS other,
    k."row" || CASE WHEN k.sheet = '' THEN '' ELSE ' (' || k.sheet || ')' END AS first
  FROM ranked k JOIN roster_reading r ON r.nip = k.nip AND r.place <> k.place
  WHERE k.rank = 1 AND (r.place > k.place OR r.outcome <> 'rejected')
)
INSERT INTO roster_verdict
SELECT place, jsonb_build_object('code', 'nip.duplicate', 'column', CAST(:nip_label AS text), 'found', nip, 'params',
  jsonb_build_object('first', first) || CASE WHEN other THEN '{"text": "nip.duplicate_other"}'::jsonb ELSE '{}' END)
FROM lost
"""
# A row names a person by SIASN's PNS ID, which never changes, else by NIP; a NIP whose holder has another PNS ID is not theirs.
_MATCH = """
CREATE TEMP TABLE roster_match ON COMMIT DROP AS
SELECT r.place, r.nip, r.pns_id, coalesce(p.id, n.id, g.id) AS employee_id
FROM roster_reading r
LEFT JOIN employee p ON p.pns_id = r.pns_id AND r.pns_id <> ''
LEFT JOIN employee n ON n.nip = r.nip AND n.nip <> '' AND n.current AND p.id IS NULL AND (r.pns_id = '' OR n.pns_id IS NULL)
LEFT JOIN (SELECT DISTINCT ON (nip) nip, id FROM employee WHERE NOT current AND pns_id IS NULL AND nip <> '' ORDER BY nip, updated_at DESC) g
  ON g.nip = r.nip AND p.id IS NULL AND n.id IS NULL
WHERE r.outcome <> 'rejected' AND NOT EXISTS (SELECT FROM roster_verdict v WHERE v.place = r.place)
"""
_REPEATS = """
WITH ranked AS (
  SELECT m.place, m.pns_id, m.nip,
    first_value(m.place) OVER (PARTITION BY coalesce(m.employee_id::text, m.pns_id) ORDER BY m.place) AS earlier
  FROM roster_match m WHERE m.employee_id IS NOT NULL OR m.pns_id <> ''
)
INSERT INTO roster_verdict
SELECT t.place, jsonb_build_object('code', 'nip.duplicate', 'column', CAST(:pns_label AS text), 'found', t.pns_id, 'params',
  jsonb_build_object('text', 'nip.duplicate_person', 'first', e."row" || CASE WHEN e.sheet = '' THEN '' ELSE ' (' || e.sheet || ')' END))
FROM ranked t JOIN roster_reading e ON e.place = t.earlier WHERE t.place <> t.earlier
"""
# People may swap NIPs within a file. A rejected row leaves its person with the NIP they had, which rejects the row that would give it
# to somebody else, and so on along the chain.
_CLASHES = """
CREATE TEMP TABLE roster_clash ON COMMIT DROP AS
SELECT m.place, m.nip, m.employee_id, h.id AS holder
FROM roster_match m JOIN employee h ON h.nip = m.nip AND h.nip <> '' AND h.current AND h.id IS DISTINCT FROM m.employee_id
WHERE NOT EXISTS (SELECT FROM roster_verdict v WHERE v.place = m.place)
"""
_HELD = """
WITH RECURSIVE losing(place) AS (
  SELECT c.place FROM roster_clash c WHERE NOT EXISTS (
    SELECT FROM roster_match g WHERE g.employee_id = c.holder AND g.nip <> c.nip
      AND NOT EXISTS (SELECT FROM roster_verdict v WHERE v.place = g.place))
  UNION
  SELECT d.place FROM losing l JOIN roster_clash c ON c.place = l.place JOIN roster_clash d ON d.holder = c.employee_id
)
INSERT INTO roster_verdict
SELECT c.place, jsonb_build_object('code', 'nip.duplicate', 'column', CAST(:nip_label AS text), 'found', c.nip,
  'params', '{"text": "nip.held"}'::jsonb)
FROM losing JOIN roster_clash c USING (place)
"""
KEPT = (
    "nip",
    "local_number",
    "name",
    "birth_date",
    "employment",
    "legal_status",
    "grade",
    "grade_title",
    "position_kind",
    "position",
    "echelon",
    "email",
    "phone",
)


def stated(name: str, row: str = "r", known: str = "e") -> str:
    """Return the SQL of a value as a row states it; what its file has no column for is as the roster knows it."""
    value = f"{row}.{name}"
    if name == "pns_id":
        return f"CASE WHEN {value} = '' THEN {known}.pns_id ELSE {value} END"
    if name in {"nip", "local_number"}:
        return f"coalesce(nullif({value}, ''), {known}.{name})"
    return value if name == "name" else f"CASE WHEN '{name}' = ANY({row}.silent) THEN {known}.{name} ELSE {value} END"


def changed(name: str) -> str:
    """Return the SQL of {name: [from, to]} where a row changes a value of the person, else of {}."""
    return (
        f"CASE WHEN {stated(name)} IS DISTINCT FROM e.{name} "
        f"THEN jsonb_build_object('{name}', jsonb_build_array(e.{name}, {stated(name)})) ELSE '{{}}' END"
    )


_PLAIN = ", ".join((*(name for name in KEPT if name != "birth_date"), "pns_id", "nik_digest", "unit"))
_ROW_VALUES = ", ".join(f"r.{name}" for name in _PLAIN.split(", "))
_STAGE = f"""
INSERT INTO roster_row (import_id, sheet, "row", place, outcome, change, changes, findings, silent, employee_id, birth_date,
  {_PLAIN})
SELECT :import_id, sheet, "row", place, outcome,
  CASE WHEN outcome = 'rejected' THEN '' WHEN known IS NULL THEN 'new' WHEN changes = '{{}}' THEN 'unchanged' ELSE 'changed' END,
  CASE WHEN known IS NULL OR changes = '{{}}' OR outcome = 'rejected' THEN NULL ELSE changes END,
  findings, silent,
  CASE WHEN outcome = 'rejected' THEN NULL WHEN known IS NOT NULL THEN known
    ELSE (:prefix || '-7' || substr(counter, 1, 3) || '-8' || substr(counter, 4, 3) || '-' || substr(counter, 7)
      || right(gen_random_uuid()::text, 10))::uuid END,
  birth_date, {_PLAIN}
FROM (
  SELECT r.place, lpad(to_hex(r.place), 8, '0') AS counter, r.sheet, r."row", r.silent, r.birth_date, {_ROW_VALUES}, e.id AS known,
    CASE WHEN v.place IS NOT NULL THEN 'rejected' ELSE r.outcome END AS outcome,
    CASE WHEN v.place IS NOT NULL THEN jsonb_build_array(v.finding) || r.findings ELSE r.findings END AS findings,
    CASE WHEN e.id IS NULL OR v.place IS NOT NULL THEN '{{}}'::jsonb ELSE
      {" || ".join(changed(name) for name in ("pns_id", *KEPT))}
      || CASE WHEN u.siasn_id IS DISTINCT FROM r.unit
         THEN jsonb_build_object('unit', jsonb_build_array(u.siasn_id, r.unit)) ELSE '{{}}' END
      || CASE WHEN e.current THEN '{{}}' ELSE '{{"current": [false, true]}}'::jsonb END END AS changes
  FROM (SELECT place, sheet, "row", outcome, findings, silent, {_PLAIN}, nullif(birth_date, '')::date AS birth_date FROM roster_reading) r
  LEFT JOIN roster_verdict v ON v.place = r.place
  LEFT JOIN roster_match m ON m.place = r.place AND v.place IS NULL
  LEFT JOIN employee e ON e.id = m.employee_id
  LEFT JOIN unit u ON u.id = e.unit_id
) judged
"""  # noqa: S608 - names of columns
# Missing are people of the agencies the file covers, and of units that are no more, whom no row names, a rejected one included. Who has
# no NIP stands in lists of their own: a file without any such row does not speak of them, and the other way round.
# What is asked of the staged rows a million times is copied first: of rows just written the planner knows nothing, and would scan them for each person.
_SAID = (
    "INSERT INTO roster_named SELECT employee_id FROM roster_row WHERE import_id = :import_id AND employee_id IS NOT NULL",
    """INSERT INTO roster_refused SELECT pns_id, nip, local_number, nik_digest FROM roster_row
       WHERE import_id = :import_id AND outcome = 'rejected'""",
    "INSERT INTO roster_placed SELECT DISTINCT unit FROM roster_row WHERE import_id = :import_id AND outcome <> 'rejected'",
)
_MISSING = """
INSERT INTO roster_missing (import_id, employee_id, decision, decided_on, unit_id, decided_by, decided_at)
SELECT :import_id, e.id, coalesce(d.decision, 'keep'), d.decided_on, d.unit_id, d.decided_by, d.decided_at
FROM employee e JOIN unit u ON u.id = e.unit_id JOIN unit a ON a.id = u.agency_id
LEFT JOIN roster_missing d ON d.import_id = CAST(:parent_id AS uuid) AND d.employee_id = e.id
WHERE e.current
  AND NOT EXISTS (SELECT FROM roster_named r WHERE r.employee_id = e.id)
  AND CASE WHEN e.nip = '' THEN (SELECT EXISTS (SELECT FROM roster_reading r WHERE r.nip = ''))
    ELSE (SELECT EXISTS (SELECT FROM roster_reading r WHERE r.nip <> '')) END
  AND NOT EXISTS (SELECT FROM roster_refused r WHERE r.nip = e.nip AND r.nip <> '')
  AND NOT EXISTS (SELECT FROM roster_refused r WHERE r.local_number = e.local_number AND r.local_number <> '')
  AND NOT EXISTS (SELECT FROM roster_refused r WHERE r.nik_digest = e.nik_digest AND r.nik_digest <> '')
  AND NOT EXISTS (SELECT FROM roster_refused r WHERE r.pns_id = e.pns_id)
  AND (a.siasn_id IN (SELECT ru.agency FROM roster_unit ru WHERE ru.siasn_id IN (SELECT r.unit FROM roster_placed r))
       OR NOT EXISTS (SELECT FROM roster_unit ru WHERE ru.siasn_id = u.siasn_id))
"""
_STAGE_NIKS = """
INSERT INTO roster_nik (import_id, sheet, "row", sealed) SELECT :import_id, sheet, "row", decode(nik_sealed, 'hex') FROM roster_reading WHERE nik_sealed <> ''
"""
_COUNTS = "SELECT outcome, change, count(*) FROM roster_row WHERE import_id = :import_id GROUP BY outcome, change"


async def make_tables(session: Session, units: Iterable[tuple[str, str, str]]) -> None:
    """Make the temporary tables of a reading (those of an earlier one in this transaction go) and fill in the directory."""
    await session.execute(text("SET LOCAL work_mem = '64MB'"))
    for name in ("reading", "unit", "verdict", "match", "clash", "named", "refused", "placed"):
        await session.execute(text(f"DROP TABLE IF EXISTS pg_temp.roster_{name}"))
    for statement in _TABLES:
        await session.execute(text(statement))
    await copy_rows(session, "roster_unit", ["siasn_id", "name", "agency"], units)


async def copy_reading(session: Session, chunks: AsyncIterator[bytes]) -> None:
    """Copy a reading's lines into its table as they come; what they raise ends the transaction."""
    raw = await raw_connection(session)
    columns = ", ".join(f'"{name}"' for name in FIELDS)
    async with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY roster_reading ({columns}) FROM STDIN (NULL E'\\x02')".encode()) as copy,
    ):
        async for chunk in chunks:
            await copy.write(chunk)


async def copy_earlier(session: Session, source: UUID, *, decided: bool = False) -> None:
    """Take the reading of an earlier import of the same file; with `decided` only the rows that need no second look."""
    await session.execute(text(_REUSE), {"source": source, "decided": decided})


async def keep_undecided(session: Session, parent: UUID) -> None:
    """Of a corrected file, forget the rows that were in order before: they stay as they were decided."""
    for statement in (_FORGET_DECIDED, _FORGET_FOREIGN, _FORGET_COPIES, _PLACE_AS_BEFORE):
        await session.execute(text(statement), {"parent": parent})


async def settle(session: Session, *, nip_label: str, pns_label: str, number_label: str) -> None:
    """Find rows that cannot all be true, and whom each of the others names."""
    await session.execute(text("ANALYZE roster_reading"))
    await session.execute(text(_DUPLICATES), {"nip_label": nip_label})
    for column in outside.KEYS:
        await session.execute(text(outside.duplicates(column)), {"label": number_label})
    await session.execute(text(_MATCH))
    for statement in outside.MATCH:
        await session.execute(text(statement))
    await session.execute(text("ANALYZE roster_match"))
    await session.execute(text(outside.HELD), {"label": number_label})
    await session.execute(text(_REPEATS), {"pns_label": pns_label})
    await session.execute(text(_CLASHES))
    await session.execute(text(_HELD), {"nip_label": nip_label})
    await session.execute(text("ANALYZE roster_verdict"))


async def stage_rows(session: Session, import_id: UUID, prefix: str) -> None:
    """Write the staged rows; ids of new people begin with `prefix`, the time of a UUIDv7 (RFC 9562 §5.7) in hexadecimal.

    Behind it they count (§6.2, method 1), so that a million ids go into an index in their order.
    """
    await session.execute(text(_STAGE), {"import_id": import_id, "prefix": prefix})
    await session.execute(text(_STAGE_NIKS), {"import_id": import_id})


async def stage_missing(session: Session, import_id: UUID, parent_id: UUID | None) -> int:
    """List who is missing; return how many. What was decided about them in the import this one corrects stays."""
    for statement in _SAID:
        await session.execute(text(statement), {"import_id": import_id})
    await session.execute(text("ANALYZE roster_named, roster_refused, roster_placed"))
    done = await session.execute(text(_MISSING), {"import_id": import_id, "parent_id": parent_id})
    return int(done.rowcount)  # type: ignore[attr-defined]


async def count_rows(session: Session, import_id: UUID) -> list[tuple[str, str, int]]:
    """Return (outcome, change, rows)."""
    return [(o, c, n) for o, c, n in await session.execute(text(_COUNTS), {"import_id": import_id})]
