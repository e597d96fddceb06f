"""What was on the roster and staged before histories were kept is still there afterwards."""

import psycopg
from alembic import command

from app.core.ids import new_id
from app.core.schema import alembic_config


def test_people_units_and_staged_rows_survive_the_upgrade(fresh_database: str) -> None:
    config = alembic_config(fresh_database)
    command.downgrade(config, "0003")
    unit, person, staged = new_id(), new_id(), new_id()
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO unit (id, siasn_id, name, agency_id, is_agency, echelon, head_title, position, valid_from)"
            " VALUES (%s, 'A1', 'Dinas', %s, true, '', '', 0, '2026-01-01')",
            (unit, unit),
        )
        connection.execute(
            "INSERT INTO employee (id, nip, name, birth_date, employment, legal_status, grade, grade_title, position_kind, position,"
            " echelon, unit_id, email, phone, current, created_at) VALUES (%s, '198501012010012001', 'Siti', '1985-01-01', 'pns', '01',"
            " '', '', '', 'Staf', '', %s, '', '', true, '2026-02-03T05:00:00Z')",
            (person, unit),
        )
        connection.execute(
            "INSERT INTO roster_import (id, file_name, sha256, status, counts, units, created_by, created_at, applied_at)"
            " VALUES (%s, 'a.csv', '00', 'applied', '{}', '[]', %s, now(), now())",
            (staged, staged),
        )
        for number, outcome, codes, found, who in (
            (
                2,
                "accepted",
                "[]",
                "",
                '{"nip": "198501012010012001", "name": "Siti", "birth_date": "1985-01-01", "unit_id": "A1"}',
            ),
            (3, "rejected", '["name.missing"]', "x", None),
        ):
            connection.execute(
                "INSERT INTO roster_row (import_id, sheet, row, outcome, change, codes, column_name, found, remedy, person)"
                " VALUES (%s, '', %s, %s, '', %s, 'NAMA', %s, 'Isi.', %s)",
                (staged, number, outcome, codes, found, who),
            )
    command.upgrade(config, "head")
    with psycopg.connect(fresh_database) as connection:
        version = connection.execute(
            "SELECT employee_id, valid_from::text, valid_to, cause, position FROM employee_version"
        )
        assert version.fetchall() == [(person, "2026-02-03", None, "first", "Staf")]
        units = connection.execute("SELECT unit_id, valid_from::text, valid_to, name FROM unit_version")
        assert units.fetchall() == [(unit, "2026-01-01", None, "Dinas")]
        rows = connection.execute(
            "SELECT nip, name, birth_date::text, unit, findings FROM roster_row ORDER BY row"
        ).fetchall()
        assert rows[0] == ("198501012010012001", "Siti", "1985-01-01", "A1", [])
        assert rows[1][4] == [{"code": "name.missing", "column": "NAMA", "found": "x", "params": {}}]
        assert connection.execute("SELECT revision FROM roster_state").fetchall() == [(1,)]
    command.downgrade(config, "0003")
    with psycopg.connect(fresh_database) as connection:
        rows = connection.execute(
            "SELECT codes, column_name, found, person->>'nip' FROM roster_row ORDER BY row"
        ).fetchall()
        assert rows == [([], "", "", "198501012010012001"), (["name.missing"], "NAMA", "x", None)]
