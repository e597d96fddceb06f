"""Every provider with somebody who can sign through it, somebody who cannot, and the documents it takes."""

import io
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pypdfium2
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from fastapi import FastAPI
from pkcs11 import Attribute, CertificateType, ObjectClass
from pydantic import SecretStr

from app.core.ids import new_code, new_id
from app.core.signing_settings import BsreSettings, CscSettings
from app.pdf.compiler import CompiledTemplate, compile_template
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.cms import signed_attributes
from app.pki.ecdsa import raw_from_der
from app.pki.token import restart
from app.signing.providers.base import DeviceProof, Given, Provider, Sheet, Signer, Takes
from app.signing.providers.bsre.v1 import BsreV1Provider
from app.signing.providers.bsre.v2 import BsreV2Provider
from app.signing.providers.csc.v1 import CscV1Provider
from app.signing.providers.csc.v2 import CscV2Provider
from app.signing.providers.device import DeviceProvider
from app.signing.providers.finishing import Hole
from app.signing.providers.pkcs11 import Pkcs11Provider
from app.signing.providers.pkcs12 import Pkcs12Provider
from app.signing.providers.wet_scan import WetScanProvider
from app.simulator import bsre, csc
from app.simulator.authority import SimulatedAuthority
from app.simulator.faults import Faults
from app.simulator.people import BUILT_IN, PASSPHRASE
from tests.pdf.pledge_files import PERSON, inputs

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
NIP = "198501012010012003"
PIN = "739146"
WRONG = "Salah#Sekali1"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SIGNER = Signer(PERSON.name, NIP, BUILT_IN[0].email, SecretStr(BUILT_IN[0].nik))
STRANGER = Signer("Orang Lain", "197001011990011009", "tidak.dikenal@simulator.example", SecretStr("3573010101859999"))


@dataclass
class Case:
    """A provider under the contract; `faults` are its service's, where there is one."""

    provider: Provider
    given: Callable[[tuple[Sheet, ...]], Given]
    roots: tuple[bytes, ...]
    wrong: Given | None = None
    knows_people: bool = True
    faults: Faults = field(default_factory=Faults)

    def sheets(self, count: int) -> list[tuple[Sheet, Hole | None]]:
        return [make_sheet(self.provider) for _ in range(count)]


@dataclass
class World:
    """What the providers of a run share: our authority, the simulators' one and where they listen, a folder, a token."""

    authority: Authority
    simulated: SimulatedAuthority
    folder: Path
    bsre_url: str
    bsre: bsre.Gateway
    csc_url: str
    csc: csc.Service
    token: str


@lru_cache(maxsize=8)
def template(foot: str, room: int) -> CompiledTemplate:
    return compile_template(inputs(signing=foot, **({"signature_room": room} if room else {})))


def make_sheet(provider: Provider) -> tuple[Sheet, Hole | None]:
    """A document in the layout the provider's are made in."""
    traits, code = provider.traits, new_code()
    compiled = template(traits.foot, traits.room)
    if traits.takes is Takes.DIGEST:
        made = compiled.prepare(PERSON, code=code, prepared_at=NOW)
        data = compiled.variants[made.variant].prefix + made.tail
        return Sheet(new_id(), "Pakta Integritas", data, made.digest), made.hole
    plain = compiled.unsigned(PERSON, code=code, prepared_at=NOW)
    data = compiled.variants[plain.variant].prefix + plain.tail
    return Sheet(new_id(), "Pakta Integritas", data, sha256(data).digest()), None


def picture(data: bytes, form: str = "PNG") -> bytes:
    """A scan of a document's first page."""
    with pypdfium2.PdfDocument(data) as opened:
        out = io.BytesIO()
        opened[0].render(scale=1.5).to_pil().convert("RGB").save(out, form)
    return out.getvalue()


def device_case(world: World) -> Case:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    subject = Subject("Pemerintah Kota Contoh", "Dinas Pendidikan", PERSON.name, NIP)
    certificate = world.authority.issue(subject, spki, NOW)

    def given(sheets: tuple[Sheet, ...]) -> Given:
        made = [key.sign(signed_attributes(s.digest, certificate), ec.ECDSA(hashes.SHA256())) for s in sheets]
        return Given(device=DeviceProof(certificate, tuple(raw_from_der(one) for one in made)))

    return Case(DeviceProvider(world.authority), given, (world.authority.root,), knows_people=False)


def key_file(authority: SimulatedAuthority, nip: str) -> bytes:
    owner = authority.certify(PERSON.name, nip)
    locked = BestAvailableEncryption(PASSPHRASE.encode())
    return serialize_key_and_certificates(nip.encode(), owner.key, owner.certificate, None, locked)


def pkcs12_case(world: World) -> Case:
    (world.folder / f"{NIP}.p12").write_bytes(key_file(world.simulated, NIP))
    root = world.simulated.root.der
    provider = Pkcs12Provider(world.folder, (root,), world.authority.tsa.token)
    return Case(provider, lambda _: opens(), (root, world.authority.root), Given(passphrase=SecretStr(WRONG)))


def pkcs11_case(world: World) -> Case:
    root = world.simulated.root.der
    provider = Pkcs11Provider(world.token, SecretStr(PIN), (root,), world.authority.tsa.token)
    return Case(provider, lambda _: Given(), (root, world.authority.root))


def bsre_settings(url: str, **changes: Any) -> BsreSettings:
    values = {"base_url": url, "username": bsre.USERNAME, "password": SecretStr(bsre.PASSWORD), "seconds": 3.0}
    return BsreSettings(**(values | changes))


def bsre_v1_case(world: World) -> Case:
    return _bsre(world, BsreV1Provider(bsre_settings(world.bsre_url), (world.simulated.root.der,)))


def bsre_v2_case(world: World) -> Case:
    return _bsre(world, BsreV2Provider(bsre_settings(world.bsre_url), (world.simulated.root.der,)))


def _bsre(world: World, provider: Provider) -> Case:
    root = (world.simulated.root.der,)
    return Case(provider, lambda _: opens(), root, Given(passphrase=SecretStr(WRONG)), faults=world.bsre.faults)


def csc_settings(url: str, **changes: Any) -> CscSettings:
    values = {"base_url": url, "username": csc.USERNAME, "password": SecretStr(csc.PASSWORD), "seconds": 3.0}
    return CscSettings(**(values | changes))


def csc_v1_case(world: World) -> Case:
    return _csc(world, CscV1Provider)


def csc_v2_case(world: World) -> Case:
    return _csc(world, CscV2Provider)


def _csc(world: World, kind: type[CscV1Provider]) -> Case:
    root = world.simulated.root.der
    provider = kind(csc_settings(world.csc_url), (root,), world.authority.tsa.token)
    roots, wrong = (root, world.authority.root), Given(passphrase=SecretStr(WRONG))
    return Case(provider, lambda _: opens(), roots, wrong, faults=world.csc.faults)


def wet_scan_case(world: World) -> Case:
    del world
    return Case(
        WetScanProvider(5 << 20),
        lambda sheets: Given(scans=tuple(picture(s.data) for s in sheets)),
        (),
        knows_people=False,
    )


def opens() -> Given:
    return Given(passphrase=SecretStr(PASSPHRASE))


CASES: dict[str, Callable[[World], Case]] = {
    "device": device_case,
    "pkcs12": pkcs12_case,
    "pkcs11": pkcs11_case,
    "bsre-v1": bsre_v1_case,
    "bsre-v2": bsre_v2_case,
    "csc-v1": csc_v1_case,
    "csc-v2": csc_v2_case,
    "wet_scan": wet_scan_case,
}


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a loopback port: connections can be cut on a real server only."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listening])
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.force_exit = True
        await server.shutdown(sockets=[listening])


def make_token(folder: Path, authority: SimulatedAuthority) -> str:
    """A SoftHSM2 token with one official's key and certificate; returns its URI."""
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    label = f"pejabat-{new_id().hex[-8:]}"
    util = ["softhsm2-util"]
    opened = ["--label", label, "--so-pin", "20462046", "--pin", PIN]
    subprocess.run([*util, "--init-token", "--free", *opened], check=True, capture_output=True)
    owner = authority.certify(PERSON.name, NIP)
    path = folder / "key.pem"
    path.write_bytes(owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    imported = ["--import", str(path), "--token", label, "--label", NIP, "--id", "01", "--pin", PIN]
    subprocess.run([*util, *imported], check=True, capture_output=True)
    path.unlink()
    library = restart(MODULE)  # it looks for tokens when it starts
    with library.get_token(token_label=label).open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.LABEL: NIP,
                Attribute.ID: b"\x01",
                Attribute.SUBJECT: owner.certificate.subject.public_bytes(),
                Attribute.VALUE: owner.der,
            }
        )
    return f"pkcs11:token={label}?module-path={MODULE}"


def other_moment(days: int) -> datetime:
    return NOW + timedelta(days=days)


__all__ = ["CASES", "NOW", "Case", "World", "make_token", "replace", "served"]
