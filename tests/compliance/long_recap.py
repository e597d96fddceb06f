"""A recap of any length, made of a short one."""

from app.compliance.recap.schemas import Absentee, Annex, RecapRead

NAMES = ("Dinas Pekerjaan Umum, Penataan Ruang, Perumahan dan Kawasan Permukiman", "X" * 120, "Ünïcode 漢字")


def a_long_one(recap: RecapRead, rows: int, people: int) -> RecapRead:
    """Return the recap with so many agencies, and an annex of so many people."""
    row = recap.groups[0]
    groups = [row.model_copy(update={"number": n + 1, "name": f"{NAMES[n % 3]} {n}"}) for n in range(rows)]
    listed = [
        Absentee(number=n, name=f"NUR'AINI {n}", nip="19900303******2003", position="Perawat " * 6, unit="UPT")
        for n in range(1, people + 1)
    ]
    return recap.model_copy(
        update={"groups": groups, "annex": Annex(agency_id=recap.round_id, name="Dinas", people=listed)}
    )
