"""Pledges signed on paper: a scan is checked for its form, looked at by somebody else, and never taken for an electronic signature."""

import io

import pikepdf
import pytest
from PIL import Image

from app.core.errors import AppError
from app.core.permission import Role
from app.device.signer import API
from app.signing.providers.errors import ScanRefused
from app.signing.providers.wet_scan import take_in
from tests.signing.acts import count, refusal
from tests.signing.providers.cases import picture
from tests.signing.providers.town import Town

MB = 1 << 20


@pytest.fixture(scope="module")
def page() -> bytes:
    """A photograph of a signed sheet."""
    out = io.BytesIO()
    Image.new("RGB", (900, 1200), "white").save(out, "PNG")
    return out.getvalue()


def pdf_with(**root: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page(page_size=(595, 842))
        for key, value in root.items():
            made.Root[f"/{key}"] = value
        made.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


async def upload(town: Town, obligation_id: str, data: bytes, headers: dict[str, str] | None = None):
    files = {"file": ("pindaian.png", io.BytesIO(data), "image/png")}
    path = f"{API}/obligations/{obligation_id}/scan"
    return await town.service.http.post(path, files=files, headers=headers or town.service.as_admin())


async def test_an_accepted_scan_fulfils_the_pledge_and_is_shown_as_what_it_is(elsewhere: Town, page: bytes) -> None:
    device = await elsewhere.signer(None)
    owed = (await device.pending())[0]["id"]
    officer = await elsewhere.service.token(Role.OPD_ADMIN)
    uploaded = await upload(elsewhere, owed, page, officer)
    assert uploaded.status_code == 201, uploaded.text
    scan = uploaded.json()
    assert len(await device.pending()) == 2
    listed = (await elsewhere.admin("GET", "/scans")).json()
    assert scan["id"] in [one["id"] for one in listed]
    shown = await elsewhere.admin("GET", f"/scans/{scan['id']}/file")
    assert shown.content.startswith(b"%PDF-")
    own = await elsewhere.service.http.post(f"{API}/scans/{scan['id']}/accept", headers=officer)
    assert (own.status_code, own.json()["code"]) == (403, "scan.own")
    accepted = await elsewhere.admin("POST", f"/scans/{scan['id']}/accept")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted"), accepted.text
    assert len(await device.pending()) == 1
    data = await device.download(accepted.json()["document_id"])
    assert data == shown.content
    verdict = await elsewhere.verdict(data)
    assert (verdict["verdict"], verdict["reason"]) == ("not_checked", "document.wet_scan")
    assert (verdict["assurance"], verdict["signers"]) == ("wet_scan", [])
    assert {c["code"]: c["result"] for c in verdict["checks"]} == {
        "register.match": "passed",
        "log.inclusion": "passed",
    }
    logged = await count(
        elsewhere.service,
        "SELECT count(*) FROM log_entry WHERE kind = 'scan.accepted' AND subject_id = CAST(:id AS uuid)",
        id=accepted.json()["document_id"],
    )
    assert logged == 1
    document = (await elsewhere.admin("GET", f"/documents/{accepted.json()['document_id']}")).json()
    web = await elsewhere.service.http.get(f"/v/{document['code']}")
    assert web.status_code == 200
    assert "Pindaian tanda tangan basah" in web.text
    again = await elsewhere.admin("POST", f"/scans/{scan['id']}/accept")
    assert (again.status_code, again.json()["code"]) == (409, "scan.judged")
    await elsewhere.service.run_jobs()
    assert (await elsewhere.admin("GET", f"/documents/{accepted.json()['document_id']}")).json()["state"] == "signed"


async def test_a_refused_scan_leaves_the_pledge_owed_and_another_may_follow(elsewhere: Town, page: bytes) -> None:
    device = await elsewhere.signer(None)
    owed = (await device.pending())[0]["id"]
    officer = await elsewhere.service.token(Role.OPD_ADMIN)
    scan = (await upload(elsewhere, owed, page, officer)).json()
    second = await upload(elsewhere, owed, page, officer)
    assert (second.status_code, second.json()["code"]) == (409, "scan.waiting")
    body = {"reason": "Tanda tangan tidak terbaca."}
    refused = await elsewhere.admin("POST", f"/scans/{scan['id']}/refuse", json=body)
    assert (refused.json()["state"], refused.json()["reason"]) == ("refused", body["reason"])
    assert len(await device.pending()) == 2
    assert (await upload(elsewhere, owed, page, officer)).status_code == 201


async def test_a_person_hands_in_the_own_sheet_and_nobody_elses(elsewhere: Town, page: bytes) -> None:
    device, other = await elsewhere.signer(None), await elsewhere.signer(None)
    owed = (await device.pending())[0]["id"]
    files = {"file": ("pindaian.png", io.BytesIO(page), "image/png")}
    cookie = "; ".join(f"{name}={value}" for name, value in other._cookies.items())
    path = f"{API}/me/obligations/{owed}/scan"
    foreign = await elsewhere.service.http.post(path, files=files, headers=other._headers | {"cookie": cookie})
    assert foreign.status_code == 404
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    files = {"file": ("pindaian.png", io.BytesIO(page), "image/png")}
    own = await elsewhere.service.http.post(path, files=files, headers=device._headers | {"cookie": cookie})
    assert own.status_code == 201, own.text
    assert (await elsewhere.admin("POST", f"/scans/{own.json()['id']}/accept")).json()["state"] == "accepted"
    assert await refusal(elsewhere.open(device, "bsre-v2", [owed])) == (409, "obligation.not_pending")


async def test_an_officer_of_another_agency_sees_no_scan(elsewhere: Town, page: bytes) -> None:
    device = await elsewhere.signer(None)
    scan = (await upload(elsewhere, (await device.pending())[0]["id"], page)).json()
    agencies = (await elsewhere.admin("GET", "/opd")).json()
    foreign = next(a["id"] for a in agencies if a["id"] != scan["agency_id"])
    headers = await elsewhere.service.token(Role.OPD_ADMIN, [foreign])
    http = elsewhere.service.http
    assert scan["id"] not in [one["id"] for one in (await http.get(f"{API}/scans", headers=headers)).json()]
    assert (await http.get(f"{API}/scans/{scan['id']}/file", headers=headers)).status_code == 404
    assert (await http.post(f"{API}/scans/{scan['id']}/accept", headers=headers)).status_code == 404


def test_a_pdf_is_kept_as_pictures_of_its_pages() -> None:
    made = take_in(pdf_with(), MB)
    assert made.media_type == "application/pdf"
    with pikepdf.open(io.BytesIO(made.data)) as kept:
        assert len(kept.pages) == 1
        assert list(kept.pages[0].Resources.XObject) == ["/image"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "type"),
        (b"GIF89a" + bytes(100), "type"),
        (b"%PDF-1.7\n%%EOF", "unreadable"),
        (b"%PDF-1.7\n" + bytes(5000), "unreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "unreadable"),
        (b"\xff\xd8\xff" + bytes(300), "unreadable"),
        (pdf_with(OpenAction=pikepdf.Dictionary(S=pikepdf.Name("/JavaScript"), JS="app.alert(1)")), "active_content"),
        (pdf_with(AA=pikepdf.Dictionary()), "active_content"),
        (bytes(MB + 1), "too_large"),
    ],
)
def test_what_is_no_plain_scan_is_refused_and_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(ScanRefused) as refused:
        take_in(data, MB)
    assert refused.value.params == {"reason": reason}


def test_a_picture_that_shows_no_name_or_fills_the_memory_is_refused() -> None:
    for size, reason in (((300, 400), "too_small"), ((9000, 9000), "too_many_pixels")):
        out = io.BytesIO()
        Image.new("1", size).save(out, "PNG")
        with pytest.raises(AppError) as refused:
            take_in(out.getvalue(), MB)
        assert refused.value.params == {"reason": reason}


def test_a_broken_scan_is_refused_at_every_cut() -> None:
    whole = picture(pdf_with(), "JPEG")
    for cut in range(0, len(whole) - 2, max(1, len(whole) // 40)):
        with pytest.raises(ScanRefused):
            take_in(whole[:cut], MB)
