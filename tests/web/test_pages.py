from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from markupsafe import escape

from app.core.postgres import LocalPostgres
from tests.conftest import NOON
from tests.service import Service, running_service
from tests.web.visits import (
    BUDI,
    HTML,
    JOKO,
    NUR,
    SITI,
    Visit,
    activated,
    activation_path,
    birth_date,
    database_of_a_module,
    opened,
    visit_of,
)

PUBLIC = ("/", "/masuk", "/periksa", "/log")
INDONESIAN = ("Anda", "dokumen", "Dokumen", "tanda tangan", "Masuk", "Periksa", "Unduh", "Kode ", "Langkah")


@pytest.fixture(scope="module")
async def round_service(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with an open round for this module; no two tests sign as the same person."""
    folder = tmp_path_factory.mktemp("pages")
    with database_of_a_module(postgres) as url:
        async with running_service(url, folder, NOON) as service:
            await service.import_roster()
            await service.open_round()
            yield service


async def signed(service: Service, nip: str) -> tuple[Visit, str, list[str]]:
    """Somebody who signed everything: the visit, the session's id, the document ids."""
    device = await service.device(nip)
    prepared = await device.open([owed["id"] for owed in await device.pending()])
    receipts = (await device.sign(prepared)).receipts
    return visit_of(device, service), prepared.session["id"], [receipt["id"] for receipt in receipts]


async def test_public_pages_are_there_for_everybody_and_name_the_institution(service: Service) -> None:
    for path in PUBLIC:
        page = await Visit(service.http).get(path)
        assert page.status_code == 200, path
        assert "Pemerintah Kota Malang" in page.text
        assert '<html lang="id">' in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_every_answer_carries_the_security_headers(service: Service) -> None:
    for path in (*PUBLIC, "/nowhere", "/api/v1/me/obligations", "/static/x/y.css"):
        page = await Visit(service.http).get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in page.headers["permissions-policy"]
        assert "strict-transport-security" not in page.headers  # this service is reached over plain http


async def test_an_activation_by_forms_alone_ends_at_home_with_a_pin_that_signs_in(round_service: Service) -> None:
    service = round_service
    path = await activation_path(service, SITI)
    visit = Visit(service.http)
    asked = await visit.get(path)
    assert "Apakah Anda Siti R…?" in asked.text
    assert "Rahayu" not in asked.text
    incomplete = await visit.post(path, {"day": "1", "month": "", "year": "1985"})
    assert (incomplete.status_code, "belum lengkap" in incomplete.text) == (422, True)
    wrong = await visit.post(path, birth_date(SITI) | {"day": "2"})
    assert (wrong.status_code, "Sisa percobaan: 4" in wrong.text) == (403, True)
    assert (await visit.post(path, birth_date(SITI))).headers["location"] == "/cara-masuk"
    assert "Dr. Siti Rahayu, S.Kom., M.Si." in (await visit.get("/cara-masuk")).text
    assert (await visit.get("/beranda")).headers["location"].startswith("/masuk")
    differ = await visit.post("/cara-masuk", {"pin": "295817", "again": "295818"})
    assert "Kedua PIN tidak sama" in differ.text
    weak = await visit.post("/cara-masuk", {"pin": "123456", "again": "123456"})
    assert "mudah ditebak" in weak.text
    assert (await visit.post("/cara-masuk", {"pin": "295817", "again": "295817"})).headers["location"] == "/beranda"
    home = await visit.get("/beranda")
    assert "Baca dan tanda tangani 2 dokumen" in home.text
    assert "30 November 2026 12.00 WIB" in home.text
    assert (await visit.get(path)).status_code == 410
    assert (await visit.post("/keluar", {})).headers["location"] == "/"
    assert (await visit.get("/beranda")).headers["location"] == "/masuk?lanjut=/beranda"
    refused = await visit.post("/masuk", {"nip": SITI, "pin": "111111"})
    assert (refused.status_code, "tidak cocok" in refused.text) == (403, True)
    entered = await visit.post("/masuk", {"nip": "19850101 201001 2 001", "pin": "295817", "lanjut": "/log"})
    assert entered.headers["location"] == "/log"


async def test_signing_in_never_leads_to_another_host(service: Service) -> None:
    for path in ("//evil.example/x", "https://evil.example", "/\\evil.example", "/a?b"):
        page = await Visit(service.http).get(f"/masuk?lanjut={path}")
        assert 'name="lanjut" value="/beranda"' in page.text


async def test_a_form_without_its_token_changes_nothing(round_service: Service) -> None:
    service = round_service
    visit = await activated(service, NUR)
    for path in ("/tanda-tangan", "/keluar"):
        refused = await visit.post(path, {}, token=False)
        assert refused.status_code == 403
        assert "request.foreign" in refused.text
        forged = await visit.post(path, {"csrf": "0" * 64}, token=False)
        assert forged.status_code == 403
    assert (await visit.get("/beranda")).status_code == 200


async def test_a_login_form_from_another_site_is_refused(service: Service) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        refused = await Visit(service.http).post("/masuk", {"nip": SITI, "pin": "295817"}, headers=headers)
        assert refused.status_code == 403
        assert "request.foreign" in refused.text


async def test_the_signing_page_is_for_its_own_person_only(round_service: Service) -> None:
    service = round_service
    joko, budi = await activated(service, JOKO), await activated(service, BUDI)
    path = await opened(service, joko)
    page = await joko.get(path)
    assert page.status_code == 200
    assert page.text.count("<section data-document=") == 2
    assert "Menjaga dan menegakkan prinsip netralitas" in page.text
    assert page.text.count('confirm" type="button" disabled') == 2
    assert "checkbox" not in page.text
    assert "aktifkan JavaScript" in page.text
    assert await opened(service, joko) == path  # the button again leads to the same session
    assert (await budi.get(path)).status_code == 404
    assert (await Visit(service.http).get(path)).headers["location"] == f"/masuk?lanjut={path}"
    assert (await joko.get(path.replace("tanda-tangan", "selesai"))).headers["location"] == path
    assert (await joko.get("/tanda-tangan/no-uuid")).status_code == 422


async def test_a_receipt_names_what_and_when_and_leads_to_the_public_page(round_service: Service) -> None:
    service = round_service
    visit, session_id, documents = await signed(service, NUR)
    assert (await visit.get(f"/tanda-tangan/{session_id}")).headers["location"] == f"/selesai/{session_id}"
    receipt = await visit.get(f"/selesai/{session_id}")
    assert "2 dokumen sudah Anda tanda tangani" in receipt.text
    assert "23 November 2026 12.00 WIB" in receipt.text
    assert all(f"/api/v1/documents/{one}/file" in receipt.text for one in documents)
    home = await visit.get("/beranda")
    assert "Tidak ada yang perlu ditandatangani" in home.text
    assert (await visit.post("/tanda-tangan", {})).headers["location"] == "/beranda"
    code = receipt.text.split('href="/v/')[1].split('"')[0]
    public = await Visit(service.http).get(f"/v/{code}")
    assert public.status_code == 200
    assert "Dokumen ini asli" in public.text
    assert NUR not in public.text
    name = escape((await service.person(NUR))["name"])
    assert name in home.text
    assert name.split()[0] not in public.text
    picture = await Visit(service.http).get(f"/v/{code}/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "<svg" in picture.text


async def test_unknown_codes_and_addresses_are_clear_pages(service: Service) -> None:
    unknown = await Visit(service.http).get("/v/<b>x")
    assert (unknown.status_code, "Tidak ada dokumen dengan kode ini" in unknown.text) == (404, True)
    assert "<b>x" not in unknown.text
    nowhere = await Visit(service.http).get("/nowhere")
    assert (nowhere.status_code, "resource.not_found" in nowhere.text) == (404, True)
    link = await Visit(service.http).get("/aktivasi/AAAAAAAAAAAAAAAAAAAAAA")
    assert (link.status_code, "Mintalah tautan baru" in link.text) == (410, True)
    assert (await Visit(service.http).get("/v/short/qr.svg")).status_code == 404


async def test_programs_keep_getting_problem_documents(service: Service) -> None:
    reply = await service.http.get(f"/api/v1/documents/{uuid4()}", headers={"accept": HTML})
    assert reply.headers["content-type"] == "application/problem+json"
    reply = await service.http.get("/nowhere")
    assert reply.headers["content-type"] == "application/problem+json"


async def test_uploads_of_all_sorts_get_a_page(service: Service) -> None:
    visit = Visit(service.http)
    for name, data, status, sentence in (
        ("a.pdf", b"%PDF-1.7 nonsense" * 100, 200, "Tidak diperiksa"),
        ("a.txt", b"\0\xff<script>", 200, "bukan PDF"),
        ("a.pdf", b"", 422, "Belum ada berkas"),
        ("a.pdf", b"%PDF-" + bytes(21 << 20), 413, "upload.too_large"),
    ):
        page = await visit.post("/periksa", {}, files={"file": (name, data, "application/pdf")})
        assert (page.status_code, sentence in page.text) == (status, True), (name, page.text[-600:])
    nothing = await visit.post("/periksa", {"file": "a word"})
    assert (nothing.status_code, "Belum ada berkas" in nothing.text) == (422, True)


async def test_checking_is_limited_for_each_address(service: Service) -> None:
    visit = Visit(service.http)
    statuses = [(await visit.get("/v/AAAAAAAAAAAAAAAAAAAAAA")).status_code for _ in range(31)]
    assert statuses == [404] * 30 + [429]


async def test_english_pages_hold_no_indonesian(round_service: Service) -> None:
    service = round_service
    visit = await activated(service, BUDI, language="en-GB,en;q=0.9")
    public = [(path, await Visit(service.http, "en").get(path)) for path in (*PUBLIC, "/v/A", "/nowhere")]
    own = [("/beranda", await visit.get("/beranda"))]
    for path, page in public + own:
        assert '<html lang="en">' in page.text, path
        body = page.text.replace("Pakta Integritas Netralitas", "").replace("Badan Kepegawaian", "")
        assert [word for word in INDONESIAN if word in body] == [], path


async def test_static_files_are_kept_for_ever_under_their_hash(service: Service) -> None:
    page = await Visit(service.http).get("/")
    address = page.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    style = await service.http.get(address)
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-type"].startswith("text/css")
    assert style.headers["content-encoding"] == "gzip"
    plain = await service.http.get(address, headers={"accept-encoding": "identity"})
    assert plain.text == style.text
    assert (await service.http.get("/static/0000000000000000/style.css")).status_code == 404


async def test_an_unforeseen_error_is_an_opaque_page_with_all_headers(service: Service) -> None:
    async def fail() -> None:
        raise ValueError("a secret inside")

    service.app.add_api_route("/boom", fail)
    page = await Visit(service.http).get("/boom")
    assert page.status_code == 500
    assert "Tidak ada data Anda yang hilang" in page.text
    assert "secret" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
