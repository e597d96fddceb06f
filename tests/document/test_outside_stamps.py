"""Archive time stamps by TSAs of others: OpenSSL's as the real thing, the next one when one fails, none in its place."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import LocalKnowledge, PdfSignatureValidationSpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from typer.testing import CliRunner

from app.cli.main import cli
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import CannotStart
from app.core.permission import Role
from app.core.settings import Settings
from app.core.timestamp_settings import TimestampSettings
from app.document.outside_stamps import OutsideStamps
from app.document.retimestamping import service as renewal
from app.document.sealing import Sealer
from app.pki.errors import SignatureRefused, TimestampUnavailable
from app.pki.keyring import KeyRing
from app.signing.providers.registry import read_roots
from app.wiring import other_stamps
from tests.document.test_retimestamping_rotation import SITI, download, sign
from tests.document.timestamp_server import StampServer, stamp_server
from tests.pki.test_archive_life import strict
from tests.service import Service, running_service

DIGEST = sha256(b"x").digest()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StampServer, StampServer]]:
    folder = tmp_path_factory.mktemp("tsa")
    with stamp_server(folder / "a") as first, stamp_server(folder / "b") as second:
        (folder / "both.pem").write_bytes(first.roots.read_bytes() + second.roots.read_bytes())
        yield first, second


@pytest.fixture
def well(servers: tuple[StampServer, StampServer]) -> tuple[StampServer, StampServer]:
    for one in servers:
        one.broken, one.asked = "", 0
    return servers


def settings(servers: tuple[StampServer, ...], **more: object) -> TimestampSettings:
    roots = servers[0].folder.parent / "both.pem"
    return TimestampSettings(urls=", ".join(one.url for one in servers), roots=roots, **more)


def outside(servers: tuple[StampServer, ...], **more: object) -> OutsideStamps:
    given = settings(servers, **more)
    return OutsideStamps(given, read_roots(given.roots))


def now() -> datetime:
    return datetime.now(UTC)


def test_the_first_that_answers_well_is_taken_and_its_token_holds(well: tuple[StampServer, StampServer]) -> None:
    stamps = outside(well)
    token = stamps.token(DIGEST, now())
    assert abs(stamps.check(token, DIGEST) - now()) < timedelta(seconds=5)
    assert (well[0].asked, well[1].asked) == (1, 0)
    assert stamps.crls(now()) == (well[0].crl,)
    for encoded, digest in ((token, sha256(b"y").digest()), (token[:-1], DIGEST), (b"", DIGEST)):
        with pytest.raises(SignatureRefused):
            stamps.check(encoded, digest)


@pytest.mark.parametrize("broken", ["silent", "cut", "page", "error", "old", "short", "endless"])
def test_one_that_misbehaves_is_followed_by_the_next_and_left_alone(
    well: tuple[StampServer, StampServer], broken: str
) -> None:
    stamps = outside(well, seconds=0.5)
    stamps.token(sha256(b"before").digest(), now())
    well[0].broken = broken
    for _ in range(3):
        stamps.check(stamps.token(DIGEST, now()), DIGEST)
    assert (well[0].asked, well[1].asked) == (2, 3)
    well[0].held.set()


def test_one_whose_root_nobody_named_or_whose_clock_is_wrong_does_not_count(
    well: tuple[StampServer, StampServer],
) -> None:
    first, second = well
    trusting = TimestampSettings(urls=f"{first.url},{second.url}", roots=second.roots)
    stamps = OutsideStamps(trusting, read_roots(trusting.roots))
    token = stamps.token(DIGEST, now())
    assert (first.asked, second.asked) == (1, 1)
    with pytest.raises(SignatureRefused):
        OutsideStamps(trusting, read_roots(first.roots)).check(token, DIGEST)
    with pytest.raises(TimestampUnavailable, match="jamnya"):
        outside(well).token(DIGEST, now() - timedelta(minutes=10))


def test_a_policy_that_was_asked_for_is_the_one_given(well: tuple[StampServer, StampServer]) -> None:
    outside(well, policy="1.2.3.4.5").token(DIGEST, now())
    with pytest.raises(TimestampUnavailable, match="rejection"):
        outside(well, policy="1.2.3.4.6").token(DIGEST, now())


def test_addresses_without_roots_are_refused_and_no_setting_means_our_own() -> None:
    with pytest.raises(CannotStart, match="PAKTA_TSA_ROOTS"):
        other_stamps(TimestampSettings(urls="http://tsa.invalid"))
    with pytest.raises(CannotStart, match="ftp://tsa"):
        other_stamps(TimestampSettings(urls="ftp://tsa.invalid", roots=Path("roots.pem")))
    assert other_stamps(TimestampSettings()) is None


def test_keys_check_names_the_one_that_does_not_answer(
    well: tuple[StampServer, StampServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(well)
    monkeypatch.setenv("PAKTA_TSA_URLS", given.urls)
    monkeypatch.setenv("PAKTA_TSA_ROOTS", str(given.roots))
    monkeypatch.delenv("PAKTA_DATA_DIR", raising=False)
    run = CliRunner()
    assert run.invoke(cli, ["keys", "init", "--data-dir", str(tmp_path / "data")]).exit_code == 0
    assert run.invoke(cli, ["keys", "check"]).exit_code == 0
    well[1].broken = "error"
    told = run.invoke(cli, ["keys", "check"])
    assert (told.exit_code, f"{well[1].url} " in told.output, "HTTP 503" in told.output) == (3, True, True)


async def test_documents_wait_while_no_tsa_answers_and_hold_for_ever_after(
    well: tuple[StampServer, StampServer], fresh_database: str, tmp_path: Path
) -> None:
    start = now().replace(microsecond=0)
    given = (settings(well, rest_seconds=0),)
    async with running_service(fresh_database, tmp_path, start, given=given) as service:
        await service.import_roster()
        await service.open_round()
        (document, *_) = await sign(service, SITI)
        well[0].broken = well[1].broken = "error"
        await service.run_jobs()
        facts = await service.http.get(f"/api/v1/documents/{document}", headers=service.as_admin())
        assert facts.json()["state"] == "signed"
        await check_told(service, well, document)
        well[0].broken, well[1].broken = "page", ""
        await service.run_jobs()
        assert [well[0].url in line for line in await warnings(service)] == [True]
        file = await download(service, document)
        await check(service, file, servers=well, stamps=1)
        async with service.held.get(Database).transaction() as session:
            later = service.clock.now() + timedelta(seconds=2)
            done = await renewal.renew(session, service.held.get(Sealer), before=later, after=None, now=later)
        assert (done.count, done.faults) == (2, {})
        renewed = await download(service, document)
        await check(service, renewed, servers=well, stamps=2)
        given_settings = service.held.get(Settings).timestamps
    silent = (given_settings.model_copy(update={"urls": ""}),)
    async with running_service(fresh_database, tmp_path, start + timedelta(minutes=1), given=silent) as service:
        await check(service, renewed, servers=well, stamps=2)


async def warnings(service: Service) -> list[str]:
    """Return what /readyz says of time stamps."""
    return [line for line in (await service.http.get("/readyz")).json()["warnings"] if "timestamp." in line]


async def check_told(service: Service, servers: tuple[StampServer, ...], document: str) -> None:
    """That who looks after a document that waits, the keys or the service is told which TSA fails, and how."""
    told = [f"{one.url}: HTTP 503" for one in servers]
    admin = await service.token(Role.BKPSDM_ADMIN)
    facts = (await service.http.get(f"/api/v1/documents/{document}", headers=admin)).json()
    service.clock.advance(timedelta(minutes=11))
    rows = await service.http.get(f"/api/v1/rounds/{facts['round_id']}/stuck", headers=admin)
    service.clock.advance(-timedelta(minutes=11))
    (row,) = [row for row in rows.json() if row["document_id"] == document]
    assert (row["cause"], row["reason"]) == ("seal.waiting", "; ".join(told))
    keys = (await service.http.get("/api/v1/keys", headers=admin)).json()["findings"]
    for found in (await warnings(service), [f["detail"] for f in keys if f["code"] == "timestamp.unavailable"]):
        assert len(found) == 2
        assert all(any(one.url in line and "HTTP 503" in line for line in found) for one in servers)
    metrics = (await service.http.get("/metrics")).text
    for one in servers:
        assert f'pakta_timestamp_authority_failing{{url="{one.url}"}} 1.0' in metrics


async def check(service: object, file: bytes, *, servers: tuple[StampServer, ...], stamps: int) -> None:
    """Our verdict, and pyHanko's on every signature with both roots."""
    reply = await service.http.post("/api/v1/verifications", files={"file": ("a.pdf", file, "application/pdf")})
    assert reply.json()["verdict"] == "valid", reply.text
    reader = PdfFileReader(io.BytesIO(file))
    assert len(reader.embedded_timestamp_signatures) == stamps
    moment = max(service.held.get(Clock).now(), now()) + timedelta(minutes=2)
    timing = ValidationTimingInfo(moment, moment, point_in_time_validation=False)
    roots = [service.held.get(KeyRing).authority.root, *(read_roots(one.roots)[0] for one in servers)]
    spec = PdfSignatureValidationSpec(strict(roots, LocalKnowledge()))
    for one in reader.embedded_regular_signatures:
        assert (await ades_lta_validation(one, spec, timing_info=timing)).ades_subindic == AdESPassed.OK
