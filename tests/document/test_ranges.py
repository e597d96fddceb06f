"""Byte ranges as RFC 9110 has them: which part is meant, and what is answered with the whole."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.device.signer import API, Device
from app.document.ranges import RangeNotSatisfiable, wanted_range
from tests.signing.acts import refusal
from tests.signing.opened_round import OpenedRound

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-499", (0, 499)),
        ("bytes=500-999", (500, 999)),
        ("bytes=-500", (9500, 9999)),
        ("bytes=9500-", (9500, 9999)),
        ("bytes=0-0", (0, 0)),
        ("bytes=-1", (9999, 9999)),
        ("bytes=0-99999", (0, 9999)),
        ("bytes=-99999", (0, 9999)),
        ("Bytes=0-1", (0, 1)),
    ],
)
def test_the_examples_of_the_standard(asked: str, part: tuple[int, int]) -> None:
    assert wanted_range(asked, None, etag=ETAG, size=10_000) == part
    assert wanted_range(asked, ETAG, etag=ETAG, size=10_000) == part
    assert wanted_range(asked, '"other"', etag=ETAG, size=10_000) is None
    assert wanted_range(asked, f"W/{ETAG}", etag=ETAG, size=10_000) is None


@pytest.mark.parametrize("asked", [None, "", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=a-b", "0-1"])
def test_what_is_no_single_range_is_answered_with_the_whole(asked: str | None) -> None:
    assert wanted_range(asked, None, etag=ETAG, size=10_000) is None


@pytest.mark.parametrize("asked", ["bytes=10000-", "bytes=10000-10001", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        wanted_range(asked, None, etag=ETAG, size=10_000)
    assert wanted_range(asked, '"other"', etag=ETAG, size=10_000) is None


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(1, 1 << 40))
def test_a_part_always_lies_inside_the_file(asked: str, size: int) -> None:
    try:
        part = wanted_range(asked, None, etag=ETAG, size=size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part[0] <= part[1] < size


async def ask(device: Device, method: str, path: str, **headers: str) -> httpx.Response:
    cookie = "; ".join(f"{name}={value}" for name, value in device._cookies.items())
    return await device.http.request(method, API + path, headers={"cookie": cookie} | headers)


async def test_a_broken_download_goes_on_where_it_broke(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    path = f"/documents/{receipts[0]['id']}/file"

    async def get(**headers: str) -> httpx.Response:
        return await ask(device, "GET", path, **headers)

    whole = await get()
    assert whole.headers["accept-ranges"] == "bytes"
    first = await get(Range="bytes=0-39999")
    rest = await get(Range="bytes=40000-", **{"If-Range": first.headers["etag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    assert rest.headers["content-range"] == f"bytes 40000-{len(whole.content) - 1}/{len(whole.content)}"
    beyond = await get(Range=f"bytes={len(whole.content)}-")
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    await a_round.service.run_jobs()
    changed = await get(Range="bytes=40000-", **{"If-Range": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.content.startswith(whole.content)


async def test_head_says_what_get_would_say_without_the_bytes(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    path = f"/documents/{receipts[0]['id']}/file"
    head = await ask(device, "HEAD", path, Range="bytes=0-1")
    whole = await ask(device, "GET", path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "accept-ranges", "content-disposition"):
        assert head.headers[name] == whole.headers[name]


async def test_head_of_a_prepared_document_is_refused_as_get_is(a_round: OpenedRound) -> None:
    device, prepared = await a_round.prepared()
    path = f"/documents/{prepared.session['documents'][0]['id']}/file"
    assert await refusal(device._request("GET", path, None)) == (409, "document.not_signed")
    assert (await ask(device, "HEAD", path)).status_code == 409
