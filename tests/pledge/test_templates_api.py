"""Templates over HTTP: handed in, reported on, looked at, frozen."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pypdfium2
import pytest
from httpx import Response
from PIL import Image, ImageDraw

from app.core.db import Database
from app.core.permission import Role
from app.core.postgres import LocalPostgres
from app.device.signer import API
from app.pledge.models import TemplateVersion
from tests.pdf.structure_check import faults, marked_texts
from tests.pledge.test_rounds_api import UNKNOWN, draft, post
from tests.service import Service, running_service
from tests.signing.opened_round import NOON, new_database, person_row

TEMPLATES = Path(__file__).parents[2] / "pdf_templates"
PACT = (TEMPLATES / "pakta_integritas" / "template.toml").read_text(encoding="utf-8")
LAYOUT = (TEMPLATES / "tata_letak.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
async def office(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    with new_database(postgres) as url:
        async with running_service(url, tmp_path_factory.mktemp("templates"), NOON) as service:
            await service.import_roster([person_row(1)])
            yield service


def emblem(kind: str = "PNG", size: tuple[int, int] = (300, 360)) -> bytes:
    picture = Image.new("RGBA" if kind == "PNG" else "RGB", size)
    ImageDraw.Draw(picture).ellipse((5, 5, size[0] - 5, size[1] - 5), fill="green")
    written = io.BytesIO()
    picture.save(written, kind)
    return written.getvalue()


async def hand_in(
    service: Service, where: str, template: str, *, language: str = "id", **files: bytes | str
) -> Response:
    given = {"template": template.encode()} | {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
    return await service.http.post(
        f"{API}{where}",
        files={name: (name, data) for name, data in given.items()},
        headers=service.as_admin() | {"accept-language": language},
    )


async def get(service: Service, path: str, **params: Any) -> Response:
    return await service.http.get(f"{API}{path}", params=params, headers=service.as_admin())


async def pact_versions(service: Service) -> str:
    found = (await get(service, "/templates")).json()
    return f"/templates/{next(t['id'] for t in found if t['code'] == 'pakta_integritas')}/versions"


def edited(before: str, after: str) -> str:
    assert before in PACT
    return PACT.replace(before, after)


async def test_a_new_version_is_kept_reported_on_and_taken_by_the_next_round(office: Service) -> None:
    where = await pact_versions(office)
    made = await hand_in(office, where, edited("Menolak politik uang", "Menjauhi politik uang"), emblem=emblem())
    assert made.status_code == 201, made.text
    version = made.json()
    assert version["version"] == 2
    assert version["findings"] == [] or {f["severity"] for f in version["findings"]} == {"warning"}
    assert {p["paper"]: p["pages"] for p in version["papers"]} == {"F4": 1, "A4": 1}
    again = await hand_in(office, where, edited("Menolak politik uang", "Menjauhi politik uang"))
    assert (again.status_code, again.json()["id"]) == (200, version["id"])
    newest = await post(office, "/rounds", draft(pledges=["pakta_integritas"]))
    assert newest.json()["pledges"][0]["template_version_id"] == version["id"]
    first = (await get(office, where)).json()[-1]
    chosen = await post(office, "/rounds", draft(template_version_ids=[first["id"]]))
    assert chosen.status_code == 201, chosen.text
    assert first["id"] in {p["template_version_id"] for p in chosen.json()["pledges"]}
    unknown = await post(office, "/rounds", draft(template_version_ids=[UNKNOWN]))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "template.unknown")


async def test_versions_are_listed_newest_first_and_read_whole(office: Service) -> None:
    where = await pact_versions(office)
    for wording in ("pertama", "kedua"):
        made = await hand_in(office, where, edited('versi = "1"', f'versi = "{wording}"'))
        assert made.status_code == 201, made.text
    seen, url = [], f"{API}{where}?limit=1"
    while url:
        reply = await office.http.get(url, headers=office.as_admin())
        seen += [v["version"] for v in reply.json()]
        url = reply.links["next"]["url"] if "next" in reply.links else ""
    assert seen == list(range(len(seen), 0, -1))
    assert len(seen) >= 3
    read = (await get(office, f"{where}/{seen[0]}")).json()
    assert read["source"]["versi"] == "kedua"
    for missing in (f"{where}/999", f"/templates/{UNKNOWN}/versions", f"/templates/{UNKNOWN}/versions/1"):
        assert (await get(office, missing)).status_code == 404


@pytest.mark.parametrize("paper", ["F4", "A4"])
async def test_a_preview_is_a_sound_document_that_says_it_is_an_example(office: Service, paper: str) -> None:
    where = await pact_versions(office)
    await hand_in(office, where, edited('versi = "1"', 'versi = "berlambang"'), emblem=emblem())
    newest = (await get(office, where, limit=1)).json()[0]["version"]
    shown = await get(office, f"{where}/{newest}/preview.pdf", paper=paper)
    assert shown.headers["content-type"] == "application/pdf"
    assert faults(shown.content) == []
    assert any(text.startswith("CONTOH Dr. Drs.") for text in marked_texts(shown.content))
    assert b"/ByteRange" not in shown.content
    page = pypdfium2.PdfDocument(shown.content)[0]
    assert "bukan dokumen yang ditandatangani" in page.get_textpage().get_text_bounded()
    assert b"Lambang Pemerintah" in shown.content
    assert (await get(office, f"{where}/{newest}/preview.pdf", paper="A5")).status_code == 422


async def test_a_report_names_every_fault_with_its_line_and_remedy_in_the_readers_language(office: Service) -> None:
    spoiled = (
        edited("dengan ini menyatakan:", "dengan {gelar} menyatakan → :")
        .replace("penutup =", "penutupan =")
        .replace("ruang_baris = 4      #", "ruang_baris = 40 #")
    )
    layout = LAYOUT.replace("kiri_mm = 30", 'kiri_mm = "lebar"')
    answers = {}
    for language in ("id", "en"):
        refused = await hand_in(
            office, await pact_versions(office), spoiled, language=language, layout=layout, emblem=b"<svg><text/></svg>"
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "template.refused")
        answers[language] = refused.json()["params"]["findings"]
    found = {(f["code"], f["file"], f["clause"]) for f in answers["id"]}
    assert found == {
        ("template.field_unknown", "template.toml", "pernyataan"),
        ("document.glyph_missing", "template.toml", "pernyataan"),
        ("template.key_unknown", "template.toml", "penutupan"),
        ("template.clause_missing", "template.toml", "penutup"),
        ("template.not_number", "template.toml", "tanda_tangan.ruang_baris"),
        ("template.not_number", "tata_letak.toml", "batas.kiri_mm"),
        ("template.emblem_svg", "lambang.png", "lambang"),
    }
    lines = {f["clause"]: f["line"] for f in answers["id"]}
    assert spoiled.splitlines()[lines["penutupan"] - 1].startswith("penutupan")
    assert layout.splitlines()[lines["batas.kiri_mm"] - 1].startswith("kiri_mm")
    for indonesian, english in zip(answers["id"], answers["en"], strict=True):
        for words in ("message", "remedy"):
            assert indonesian[words] != english[words]
            assert "{" not in indonesian[words] + english[words]
            assert not indonesian[words].startswith(("template.", "document."))
    versions = (await get(office, await pact_versions(office))).json()
    assert spoiled not in str(versions)


@pytest.mark.parametrize(
    ("template", "files", "codes"),
    [
        ("judul = [", {}, {"template.not_toml"}),
        (edited('kode = "pakta_integritas"', 'kode = "ikrar_netralitas"'), {}, {"template.other_code"}),
        (PACT.replace("{nama}", "{nip}"), {}, {"template.clause_missing"}),
        (PACT, {"emblem": emblem("JPEG")}, {"template.emblem_not_picture"}),
        (PACT, {"emblem": emblem(size=(40, 40))}, {"template.emblem_pixels"}),
        (PACT, {"emblem": emblem()[:200]}, {"template.emblem_broken"}),
        (PACT, {"layout": "[batas\n"}, {"template.not_toml"}),
        (edited('penutup = "', 'penutup = "' + "sanksi " * 3000), {}, {"template.does_not_fit"}),
        (edited('penutup = "', 'penutup = "' + "sanksi" * 60), {}, {"document.does_not_fit"}),
    ],
)
async def test_what_cannot_be_printed_is_refused_and_kept_nowhere(
    office: Service, template: str, files: dict[str, Any], codes: set[str]
) -> None:
    where = await pact_versions(office)
    before = (await get(office, where)).json()
    refused = await hand_in(office, where, template, **files)
    assert refused.status_code == 422, refused.text
    findings = refused.json()["params"]["findings"]
    assert {f["code"] for f in findings if f["severity"] == "error"} == codes
    assert all(f["remedy"] and "{clause}" not in f["message"] for f in findings)
    assert (await get(office, where)).json() == before


async def test_a_long_text_is_kept_with_a_warning_that_it_takes_two_pages(office: Service) -> None:
    lengthy = edited("butir = [", "butir = [" + '"' + "Menjaga netralitas dalam setiap tugas. " * 30 + '",')
    made = await hand_in(office, await pact_versions(office), lengthy)
    assert made.status_code == 201, made.text
    assert {p["pages"] for p in made.json()["papers"]} == {2}
    assert {f["code"] for f in made.json()["findings"]} == {"template.several_pages"}


async def test_a_template_of_an_own_code_can_be_used_in_a_round(office: Service) -> None:
    own = edited('kode = "pakta_integritas"', 'kode = "pakta_kecamatan"')
    made = await hand_in(office, "/templates", own)
    assert (made.status_code, made.json()["version"]) == (201, 1), made.text
    taken = await hand_in(office, "/templates", own)
    assert (taken.status_code, taken.json()["code"]) == (409, "template.taken")
    used = await post(office, "/rounds", draft(pledges=["pakta_kecamatan"], audience="asn_non_asn"))
    assert (used.status_code, used.json()["audience"]) == (201, "asn_non_asn")
    opened = await post(office, f"/rounds/{used.json()['id']}/open")
    assert opened.status_code == 202, opened.text


async def test_a_file_that_is_too_large_and_a_reader_are_turned_away(office: Service) -> None:
    where = await pact_versions(office)
    large = await hand_in(office, where, "#" * (1 << 20) + "##")
    assert (large.status_code, large.json()["code"]) == (413, "upload.too_large")
    reader = await office.token(Role.AUDITOR)
    refused = await office.http.post(f"{API}{where}", files={"template": ("t", PACT.encode())}, headers=reader)
    assert refused.status_code == 403


async def test_a_version_cannot_be_changed_even_in_the_database(office: Service) -> None:
    with pytest.raises(Exception, match="never changed") as refused:
        async with office.held.get(Database).transaction() as session:
            versions = await session.get(
                TemplateVersion, (await get(office, await pact_versions(office))).json()[0]["id"]
            )
            assert versions is not None
            versions.sha256 = "0" * 64
            await session.flush()
    assert isinstance(refused.value.__cause__, psycopg.Error)
