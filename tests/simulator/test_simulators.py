"""The simulators as a stranger's program meets them: documented answers, documented errors, and a command that serves them."""

import asyncio
import base64
import os
import socket
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.main import cli
from app.simulator import bsre
from app.simulator.authority import make_authority
from app.simulator.people import BUILT_IN, PASSPHRASE
from tests.pdf.pledge_files import CODE, PERSON
from tests.signing.providers.cases import NOW, template

BASIC = (bsre.USERNAME, bsre.PASSWORD)


@pytest.fixture(scope="module")
async def gateway():
    return bsre.Gateway(make_authority("BSrE", NOW), lambda: NOW)


@pytest.fixture(scope="module")
async def http(gateway: bsre.Gateway):
    transport = httpx.ASGITransport(app=bsre.build(gateway))
    async with httpx.AsyncClient(transport=transport, base_url="http://bsre.test", auth=BASIC) as client:
        yield client


def pledge() -> bytes:
    compiled = template("bsre", 0)
    made = compiled.unsigned(PERSON, code=CODE, prepared_at=NOW)
    return compiled.variants[made.variant].prefix + made.tail


async def sign_v1(http: httpx.AsyncClient, nik: str, passphrase: str, data: bytes) -> httpx.Response:
    form = {"nik": nik, "passphrase": passphrase, "tampilan": "invisible"}
    return await http.post("/api/sign/pdf", data=form, files={"file": ("a.pdf", data, "application/pdf")})


async def sign_v2(http: httpx.AsyncClient, nik: str, passphrase: str, data: bytes) -> httpx.Response:
    body = {"nik": nik, "passphrase": passphrase, "file": [base64.b64encode(data).decode()]}
    return await http.post("/api/v2/sign/pdf", json=body)


async def test_the_application_logs_in_with_its_own_credentials(http: httpx.AsyncClient) -> None:
    reply = await http.get(f"/api/user/status/{BUILT_IN[0].nik}", auth=("lain", "salah"))
    assert reply.status_code == 401


@pytest.mark.parametrize("person", BUILT_IN, ids=lambda p: p.state)
async def test_every_state_of_an_account_is_told_by_both_dialects(http: httpx.AsyncClient, person) -> None:
    first = (await http.get(f"/api/user/status/{person.nik}")).json()
    second = (await http.post("/api/v2/user/check/status", json={"email": person.email})).json()
    assert first["status"] == second["status"] == person.state


@pytest.mark.parametrize("sign", [sign_v1, sign_v2])
async def test_refusals_bear_the_documented_codes(http: httpx.AsyncClient, gateway: bsre.Gateway, sign) -> None:
    data, able = pledge(), BUILT_IN[0].nik
    asked = {
        2031: (able, "salah"),
        2021: (BUILT_IN[4].nik, PASSPHRASE),
        2011: ("3573010101859999", PASSPHRASE),
    }
    for code, (nik, passphrase) in asked.items():
        reply = await sign(http, nik, passphrase, data)
        assert (reply.status_code, reply.json()["status_code"]) == (400, code)
    assert (await sign(http, able, PASSPHRASE, b"%PDF-1.7 rusak")).status_code == 500
    assert gateway.faults.signed == 0


async def test_v1_answers_the_file_or_its_number(http: httpx.AsyncClient, gateway: bsre.Gateway) -> None:
    data = pledge()
    reply = await sign_v1(http, BUILT_IN[0].nik, PASSPHRASE, data)
    assert reply.headers["content-type"] == "application/pdf"
    assert reply.content.startswith(data)
    gateway.shape = "json"
    number = (await sign_v1(http, BUILT_IN[0].nik, PASSPHRASE, data)).json()["id_dokumen"]
    fetched = await http.get(f"/api/sign/download/{number}")
    assert fetched.content.startswith(data)
    assert (await http.get("/api/sign/download/0")).status_code == 404


@pytest.mark.parametrize("name", ["bsre", "csc", "siasn"])
def test_the_commands_say_what_they_serve(name: str) -> None:
    shown = CliRunner().invoke(cli, ["simulate", name, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "--fault" in shown.output
    assert "--port" in shown.output


def test_an_unknown_fault_is_refused() -> None:
    shown = CliRunner().invoke(cli, ["simulate", "csc", "--fault", "gempa"])
    assert shown.exit_code == 2


async def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = tmp_path / "root.pem"
    arguments = ["-m", "app", "simulate", "bsre", "--port", str(port), "--root", str(root), "--fault", "login"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    try:
        for _ in range(2 + len(BUILT_IN)):  # it tells its people before it listens
            assert await process.stdout.readline()
        transport = httpx.AsyncHTTPTransport(retries=8)  # until the socket is open
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}", auth=BASIC) as http:
            state = await http.get(f"/api/user/status/{BUILT_IN[0].nik}")
            assert state.json()["status"] == "ISSUE"
            assert (await sign_v1(http, BUILT_IN[0].nik, PASSPHRASE, pledge())).status_code == 401
    finally:
        process.terminate()
        await process.wait()
    assert b"BEGIN CERTIFICATE" in root.read_bytes()
