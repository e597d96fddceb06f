"""How the simulated gateway signs: an invisible PAdES B-T signature in a field of its own, appended to the file (without LTV, as BSrE's)."""

import io
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any

from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import signers
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.simulator.authority import Certified, SimulatedAuthority, make_authority

FIELD = "TandaTanganBSrE"


class BadPdf(Exception):
    """The file cannot be parsed: the service answers 500."""


def sign_pdf(data: bytes, authority: SimulatedAuthority, name: str, now: datetime, limit: str = "") -> bytes:
    """Return the file with an appended signature in this person's name; raises `BadPdf`.

    `limit`: `no_changes` certifies that nothing follows (DocMDP P 1), `field_lock` locks every field; `packed` writes the update as
    newer programs do, its objects in object streams and its cross-references as a stream.
    """
    person = _certified(authority, name)
    try:
        writer = (_Packed if limit == "packed" else IncrementalPdfFileWriter)(io.BytesIO(data))
        return _signed(writer, person, authority, now, limit)
    except (PdfError, ValueError, KeyError, TypeError) as error:
        raise BadPdf from error


def spoil(made: bytes, sent: bytes, fault: str, name: str, now: datetime) -> bytes:
    """Return what comes back instead of the signed file on some bad days."""
    if fault == "unsigned":
        return sent + b"\n"
    if fault == "not_pdf":
        return b"<html>sesi berakhir</html>"
    if fault == "rewritten":
        out = io.BytesIO()
        anew: Any = copy_into_new_writer(PdfFileReader(io.BytesIO(sent)))
        anew.write(out)
        return sign_pdf(out.getvalue(), make_authority("BSrE", now), name, now)
    if fault == "changed":
        return _with_changed_page(sent, name, now)
    if fault == "foreign":
        return sign_pdf(sent, make_authority("BSrE", now), name, now)
    return made


class _Packed(IncrementalPdfFileWriter):
    """Writes what may stand in an object stream into one (ISO 32000-1 clause 7.5.7): no streams, and not the signature itself."""

    def _write(self, stream: Any, skip_header: bool = False) -> None:
        self.stream_xrefs = True
        super()._write(stream, skip_header)

    def _write_objects(self, stream: Any, object_position_dict: Any) -> None:
        prepare: Any = self.prepare_object_stream
        packed = prepare()
        for (generation, number), one in list(self.objects.items()):
            if not isinstance(one, (generic.StreamObject, PdfSignedData)):
                packed.add_object(number, one)
                del self.objects[generation, number]
        super()._write_objects(stream, object_position_dict)


async def verdict(data: bytes, authority: SimulatedAuthority, now: datetime) -> tuple[int, bool]:
    """(how many signatures by people of this authority a file holds, whether all of them are good)."""
    try:
        embedded = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures
    except (PdfError, ValueError, KeyError, TypeError):
        return 0, False
    mine = [one for one in embedded if one.signer_cert.issuer == _loaded(authority.root).subject]
    trust = ValidationContext(trust_roots=[_loaded(authority.root)], moment=now, revocation_mode="soft-fail")
    found = [await async_validate_pdf_signature(one, trust) for one in mine]
    return len(mine), all(one.intact and one.valid and one.trusted for one in found)


def _with_changed_page(sent: bytes, name: str, now: datetime) -> bytes:
    """The page is another one, and the signature over it is good."""
    authority = make_authority("BSrE", now)
    writer = IncrementalPdfFileWriter(io.BytesIO(sent))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.update_container(page)
    return _signed(writer, _certified(authority, name), authority, now)


def _signed(
    writer: IncrementalPdfFileWriter, person: Certified, authority: SimulatedAuthority, now: datetime, limit: str = ""
) -> bytes:
    store: Any = SimpleCertificateStore
    registry = store()
    registry.register_multiple([_loaded(authority.root)])
    signer: Any = signers.SimpleSigner(
        signing_cert=_loaded(person), signing_key=_key(person), cert_registry=registry, embed_roots=False
    )
    stamper = DummyTimeStamper(_loaded(authority.tsa), _key(authority.tsa), fixed_dt=now)
    taken = {name for name, _, _ in enumerate_sig_fields(writer.prev)}
    name = next(found for n in count(1) if (found := f"{FIELD}{n}") not in taken)
    meta = signers.PdfSignatureMetadata(
        field_name=name,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=None,
        certify=limit == "no_changes",
        docmdp_permissions=MDPPerm.NO_CHANGES if limit == "no_changes" else MDPPerm.FILL_FORMS,
    )
    lock = FieldMDPSpec(FieldMDPAction.ALL) if limit == "field_lock" else None
    field = SigFieldSpec(name, field_mdp_spec=lock)
    out = signers.PdfSigner(meta, signer=signer, timestamper=stamper, new_field_spec=field).sign_pdf(
        writer, output=io.BytesIO()
    )
    return bytes(out.getvalue())


@lru_cache(maxsize=64)
def _certified(authority: SimulatedAuthority, name: str) -> Certified:
    return authority.certify(name, "")


def _loaded(one: Certified) -> Any:
    load: Any = x509.Certificate.load
    return load(one.der)


def _key(one: Certified) -> Any:
    load: Any = keys.PrivateKeyInfo.load
    return load(one.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
