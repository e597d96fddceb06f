"""Heads and named recipients are told figures: the right ones, of their agency only, without anybody's name in a subject."""

import io
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import openpyxl
import pikepdf
import psycopg

from app.reminder import running, service
from app.reminder.audience import preview as previews
from app.reminder.delivery import Place
from app.reminder.schemas import RecipientCreate
from tests.compliance.register import move
from tests.reminder.conftest import ADMIN, PLEDGES, Office


def appoint(office: Office, agency: UUID, email: str) -> None:
    """Record a head of an agency: somebody of another agency's staff, with an address of the office."""
    ((person,),) = office.sql(
        "SELECT e.id FROM employee e LEFT JOIN unit_head h ON h.employee_id = e.id WHERE h.id IS NULL ORDER BY e.id DESC LIMIT 1"
    )
    office.sql("UPDATE employee SET email = %s, name = 'Kepala Uji' WHERE id = %s", email, person)
    office.sql(
        "INSERT INTO unit_head (id, unit_id, employee_id, kind, valid_from, mandate_number, recorded_at, recorded_by)"
        " VALUES (gen_random_uuid(), %s, %s, 'definitive', '2026-01-01', '', now(), gen_random_uuid())",
        agency,
        person,
    )


async def name_recipient(office: Office, email: str, agency: UUID | None, **changes: bool) -> None:
    async with office.session() as session:
        wanted = RecipientCreate(agency_id=agency, name="Sekda Uji", email=email, **changes)
        await service.add_recipient(session, ADMIN, wanted, now=office.clock.now())


def counts(office: Office, agency: UUID | None) -> tuple[int, int]:
    """Return (signed, pending) of an agency or of all, counted from the people."""
    ((signed, pending),) = office.sql(
        "SELECT count(*) FILTER (WHERE state = 'signed'), count(*) FILTER (WHERE state = 'pending') FROM participant"
        " WHERE round_id = %s AND (%s::uuid IS NULL OR agency_id = %s)",
        office.round_id,
        agency,
        agency,
    )
    return signed, pending


def sign_all(office: Office, agency: UUID) -> None:
    with psycopg.connect(office.url) as connection:
        for (person,) in office.sql(
            "SELECT employee_id FROM participant WHERE agency_id = %s AND state = 'pending'", agency
        ):
            move(connection, office.register, person, PLEDGES, "signed", office.clock.now())


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def test_an_escalation_tells_each_head_the_counts_of_the_own_agency(office: Office) -> None:
    first, second, done = office.register.agencies
    for agency, email in ((first, "satu@kota.example"), (second, "dua@kota.example"), (done, "selesai@kota.example")):
        appoint(office, agency, email)
    await name_recipient(office, "admin@kota.example", first)
    await name_recipient(office, "sekda@kota.example", None, escalation=False)
    sign_all(office, done)
    office.sign(next(iter(office.pending())))
    async with office.session() as session:
        told = await previews.preview(
            session, ADMIN, office.means, office.round_id, "escalation", at=office.clock.now(), after=Place(), limit=50
        )
    assert len(told) == 4
    await office.send("escalation")
    assert set(office.sink.by_address) == {"satu@kota.example", "dua@kota.example", "admin@kota.example"}
    for agency, addresses in ((first, ("satu@kota.example", "admin@kota.example")), (second, ("dua@kota.example",))):
        signed, pending = counts(office, agency)
        for address in addresses:
            message = office.sink.to(address)
            assert message["Subject"].startswith(f"{pending} pegawai belum")
            assert f"Belum menandatangani: {pending}\n" in text_of(message)
            assert f"Sudah menandatangani: {signed}\n" in text_of(message)
            assert not any(name in str(message["Subject"]) for name in ("ORANG", "Kepala", "Sekda", "Dinas"))
            assert "ORANG" not in text_of(message)
    assert office.sql("SELECT state, cause FROM reminder_delivery WHERE address = 'selesai@kota.example'") == [
        ("skipped", "nothing_to_tell")
    ]


async def test_the_recap_goes_to_the_sekda_for_all_and_to_heads_for_their_own(office: Office) -> None:
    agency = office.register.agencies[1]
    appoint(office, agency, "kepala@kota.example")
    await name_recipient(office, "sekda@kota.example", None)
    office.sign(next(iter(office.pending())))
    wave_id = await office.send("recap")
    for address, seen in (("sekda@kota.example", None), ("kepala@kota.example", agency)):
        signed, pending = counts(office, seen)
        message = office.sink.to(address)
        assert str(message["Subject"]).startswith(f"Rekapitulasi penandatanganan: {signed} dari {signed + pending}")
        pdf, xlsx = list(message.iter_attachments())
        assert (pdf.get_filename(), xlsx.get_filename()) == (
            "rekapitulasi-2026-11-23.pdf",
            "rekapitulasi-2026-11-23.xlsx",
        )
        with pikepdf.open(io.BytesIO(pdf.get_content())) as opened:
            assert len(opened.pages) >= 1
            assert opened.Root.AcroForm.SigFlags == 3
        sheet = openpyxl.load_workbook(io.BytesIO(xlsx.get_content())).worksheets[0]
        last = [cell.value for cell in sheet[5 + (2 if seen else 4)]]
        names = [sheet.cell(row, 2).value for row in range(6, 6 + (1 if seen else 3))]
        assert names == (["Dinas 1"] if seen else ["Dinas 0", "Dinas 1", "Dinas 2"])
        assert (signed, pending) == (last[8], last[9])
    await running.run(office.means)
    assert set(office.sink.by_address.values()) == {1}
    assert (await office.wave(wave_id)).state == "done"


async def test_an_acting_head_is_told_before_the_definitive_one_and_nobody_twice(office: Office) -> None:
    agency = office.register.agencies[0]
    appoint(office, agency, "definitif@kota.example")
    appoint(office, agency, "plt@kota.example")
    office.sql(
        "UPDATE unit_head SET kind = 'plt', mandate_number = '800/1' FROM employee e"
        " WHERE e.id = employee_id AND e.email = 'plt@kota.example'"
    )
    await name_recipient(office, "PLT@kota.example", agency)
    await office.send("escalation")
    assert {address.lower() for address in office.sink.by_address} == {"plt@kota.example"}
    assert len(office.sink.messages) == 1
    office.sql("UPDATE unit_head SET valid_to = '2026-11-24' WHERE kind = 'plt'")
    office.sql("DELETE FROM reminder_recipient")
    office.clock.advance(timedelta(days=1))
    await office.send("escalation")
    assert "definitif@kota.example" in office.sink.by_address
