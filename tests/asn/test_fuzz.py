"""Five hundred broken files and any cells at all: read or refused with a reason, never a failure, never half an import."""

import contextlib
import io
import json
import random
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.asn import reader, reading
from app.asn.reader import ReadingRefused
from app.asn.reading import FIELDS, Order
from app.asn.refusal import CODES, SheetRefused
from tests.asn.rosters import SHORT, SIASN, roster, table, write
from tests.asn.uploads import all_rows, apply, as_workbook
from tests.opd.units import unit_rows
from tests.service import HEADER, PEOPLE, Service
from tests.signing.acts import count
from tests.signing.opened_round import person_row, post_roster

UNITS = tuple((unit.id, unit.name, "") for unit in unit_rows()[1:])


def read(path: Path) -> list[list[str]]:
    """Read a file as the reading process does; every row has all fields, each on its own."""
    order = Order(str(path), UNITS, {}, 1000, 60)
    tables, *lines = reading.lines(order)
    assert json.loads(tables)
    rows = [line.removesuffix("\n").split("\t") for line in lines]
    assert {len(row) for row in rows} <= {len(FIELDS)}
    assert len({(row[1], row[2]) for row in rows}) == len(rows)
    for row in rows:
        assert "\n" not in "".join(row)
        json.loads(row[4].replace("\\\\", "\\"))
    return rows


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A few sound files: both forms, both kinds, UTF-16, several sheets, a local form."""
    folder = tmp_path_factory.mktemp("valid")
    rows, _ = roster(25, 3, dirt=0.3)
    paths = [
        write(folder / f"{form}{suffix}", {"A": table(rows, form)})
        for form in ("siasn", "short")
        for suffix in (".xlsx", ".csv")
    ]
    paths.append(write(folder / "two.xlsx", {"A": table(rows[:9], "siasn"), "B": table(rows[9:], "short")}))
    local = ["Nomor Induk;Orang;Unit Kerja", *(f"{r['NIP BARU']};{r['NAMA']};{r['UNOR NAMA']}" for r in rows)]
    return [*(path.read_bytes() for path in paths), "\n".join(local).encode("utf-16")]


def broken(whole: bytes, chance: random.Random) -> bytes:
    """Change, cut out, double or insert bytes."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, length = chance.randrange(len(data)), chance.choice((1, 2, 8, 100))
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at : at + length] = chance.randbytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[max(at - length, 0) : at]
            case _:
                data[at:at] = chance.choice((b"\0", b"\xff\xfe", b'"', b";\n", b"</row>", b"&#0;", b"PK\x05\x06"))
        if len(data) < 2:
            break
    return bytes(data[: chance.randrange(1, len(data))] if chance.random() < 0.1 else data)


def test_five_hundred_broken_files_are_read_or_refused(tmp_path: Path, valid: list[bytes]) -> None:
    chance = random.Random(20261122)
    ends = {"read": 0}
    for number in range(500):
        path = tmp_path / "broken"
        path.write_bytes(broken(valid[number % len(valid)], chance))
        try:
            read(path)
            ends["read"] += 1
        except SheetRefused as refused:
            ends[refused.code] = ends.get(refused.code, 0) + 1
    assert set(ends) - {"read"} <= CODES
    assert sum(ends.values()) == 500
    assert ends["read"] > 50
    assert ends["sheet.damaged"] > 50


async def test_broken_files_never_leave_half_an_import(town: Service) -> None:
    sound = (await post_roster(town, as_workbook(*PEOPLE), "r.xlsx")).json()
    assert (await apply(town, sound)).status_code == 200
    whole, chance = as_workbook(*PEOPLE, *(person_row(n) for n in range(11, 40))), random.Random(4)
    imports, kept = 1, 0
    for _ in range(12):
        reply = await post_roster(town, broken(whole, chance), "r.xlsx")
        assert reply.status_code in {201, 422}, reply.text
        if reply.status_code == 201 and reply.json()["status"] == "staged":
            kept += 1
            assert len(await all_rows(town, reply.json())) == reply.json()["counts"]["rows"]
        imports += reply.status_code == 201
    assert await count(town, "SELECT count(*) FROM roster_import") == imports
    assert await count(town, "SELECT count(DISTINCT import_id) FROM roster_row") == kept + 1
    assert await count(town, "SELECT count(*) FROM employee") == len(PEOPLE)


cells = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9OoIl' .-]{15,22}", fullmatch=True),
    st.sampled_from(
        [
            "=1+1",
            "@x",
            "+62",
            "'",
            "\\",
            "\\N",
            "\\.",
            "\x02",
            "\t",
            "\r",
            "\u2028",
            "\x85",
            "{}",
            '"',
            "\ud7ff",
            "1.98E+17",
        ]
    ),
)


@settings(max_examples=150)
@given(rows=st.lists(st.lists(cells, min_size=11, max_size=11), max_size=4), form=st.sampled_from([SHORT, SIASN]))
def test_any_cells_become_rows_that_the_database_can_copy(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], form: list[str]
) -> None:
    path = tmp_path_factory.mktemp("cells") / "a.csv"
    write(path, {"x": [form, *rows]})
    with contextlib.suppress(SheetRefused):
        assert len(read(path)) <= len(rows)


async def test_any_cells_are_staged_and_applied(town: Service) -> None:
    chance = random.Random(8)
    odd = ["=1+1", "\\", "\\N", "\\.", "\x02", "\u2028", "\x85", "{}", "x" * 5000, "𝕊", "\u202e", "%s", ":x", "\0", "'"]
    rows = [person_row(n).split(",") for n in range(11, 90)]
    for row in rows:
        for _ in range(chance.randrange(4)):
            row[chance.randrange(len(row))] = chance.choice(odd)
    content = "\n".join([HEADER, *(",".join(row) for row in rows)])
    reply = await post_roster(town, content.encode())
    assert reply.status_code == 201, reply.text
    assert reply.json()["counts"]["rows"] == len(await all_rows(town, reply.json())) == len(rows)
    assert (await apply(town, reply.json())).status_code == 200


async def test_a_reading_that_takes_too_much_memory_ends_itself_and_not_the_service(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(io.BytesIO(as_workbook(*PEOPLE))) as given_, zipfile.ZipFile(path, "w") as made:
        for part in given_.infolist():
            if part.filename != "xl/sharedStrings.xml":
                made.writestr(part.filename, given_.read(part))
        made.writestr("xl/sharedStrings.xml", b"<sst>" + b"<si><t>abcdefghijklmn</t></si>" * 5_000_000 + b"</sst>")
    with pytest.raises(ReadingRefused, match="too_large"):
        async with reader.reading(Order(str(path), UNITS, {}, 200, 60)) as running:
            [chunk async for chunk in running.chunks()]


async def test_a_reading_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w") as file:
        file.write(",".join(SHORT) + "\n")
        file.writelines(",".join(["198501012010012011", *["x"] * 10]) + "\n" for _ in range(300_000))
    started = time.perf_counter()
    with pytest.raises(ReadingRefused, match="too_slow"):
        async with reader.reading(Order(str(path), UNITS, {}, 1000, 1)) as running:
            [chunk async for chunk in running.chunks()]
    assert time.perf_counter() - started < 8
