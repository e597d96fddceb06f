"""Pledges for the tests of the PDF engine: inputs, synthetic people, and files finished to any state."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from app.pdf.compiler import CompiledTemplate, compile_template
from app.pdf.increment import embed
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.person import Official, PersonValues
from app.pdf.revision import FileParts, append_archive, append_e_seal, prepare_countersignature, read_base
from app.pdf.source import load_source
from app.pdf.tail import Prepared
from app.pki import cms
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.signing_key import LocalKey

TEMPLATES = Path(__file__).parents[2] / "pdf_templates"
AT = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
CODE = "Ab3dEf6hIj9lMn2pQr5tUv"
VERIFY_URL = "https://pakta.contoh.go.id/v/"
LONG_AGENCY = "Dinas Sosial, Pemberdayaan Perempuan, Perlindungan Anak, Pengendalian Penduduk dan Keluarga Berencana"

HEAD = Official(
    "Dr. Łukasz Hartono, S.H., M.Hum.",
    "19680411 199303 1 009",
    "Plt. Kepala Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
    "Pembina Utama Muda, IV/c",
)
PERSON = PersonValues(
    name="Nur\u02bfAini Çelebi Wijaya, S.Kom., M.Si.",
    nip="19850101 201001 2 003",
    grade="Penata Tingkat I, III/d",
    position="Analis Sumber Daya Manusia Aparatur Ahli Muda",
    unit="Bidang Pengembangan Kompetensi Aparatur",
    agency="Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
    countersigner=HEAD,
)
LONGEST_PERSON = PersonValues(
    name="Dr. Drs. Raden Mas Muhammad Kusumawardhana Wijayaningrat, S.Kom., M.Si.",
    nip="19850101 201001 1 004",
    grade="Pembina Utama Muda, IV/c",
    position="Sekretaris " + LONG_AGENCY,
    unit="Bidang Rehabilitasi Sosial " + LONG_AGENCY,
    agency=LONG_AGENCY,
    countersigner=replace(HEAD, position="Plt. Kepala " + LONG_AGENCY),
)


def inputs(template: str = "pakta_integritas", **changes: object) -> CompileInputs:
    values = CompileInputs(
        source=load_source(TEMPLATES / template),
        round_values={
            "jenis_pemilihan": "Pemilihan Kepala Daerah Serentak",
            "tahun": "2026",
            "instansi": "Pemerintah Kota Contoh",
        },
        letterhead=(
            "PEMERINTAH KOTA CONTOH",
            "BADAN KEPEGAWAIAN DAN PENGEMBANGAN SDM",
            "Jalan Merdeka Nomor 1, Kota Contoh 10110",
        ),
        place="Kota Contoh",
        verify_url=VERIFY_URL,
    )
    return replace(values, **changes)


def trust(authority: Authority) -> TrustMaterial:
    material = authority.trust_material(AT)
    return TrustMaterial(material.certificates, material.crls)


def whole(compiled: CompiledTemplate, prepared: Prepared, tail: bytes | None = None) -> bytes:
    return compiled.variants[prepared.variant].prefix + (prepared.tail if tail is None else tail)


@dataclass(frozen=True)
class Office:
    """Who signs in the tests: device keys certified by an authority, its time stamps and its e-seal."""

    authority: Authority

    def signature(self, digest: bytes, name: str, nip: str) -> bytes:
        key = LocalKey(ec.generate_private_key(ec.SECP256R1()))
        subject = Subject("Pemerintah Kota Contoh", "Badan Kepegawaian", name, nip.replace(" ", ""))
        certificate = self.authority.issue(subject, key.spki, AT)
        attributes = cms.signed_attributes(digest, certificate)
        signature = key.sign(attributes)
        return cms.signed_data(
            attributes=attributes,
            signature_der=signature,
            certificate=certificate,
            chain=self.authority.chain,
            timestamp_token=self.authority.tsa.token(sha256(signature).digest(), AT),
        )

    def signed(self, compiled: CompiledTemplate, person: PersonValues = PERSON) -> FileParts:
        prepared = compiled.prepare(person, code=CODE, prepared_at=AT)
        signature = self.signature(prepared.digest, person.name, person.nip)
        tail = embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=signature)
        return FileParts(read_base(compiled.variants[prepared.variant].prefix), (tail,))

    def countersigned(self, document: FileParts, official: Official = HEAD) -> FileParts:
        prepared = prepare_countersignature(document, official, place="Kota Contoh", at=AT, zone="WIB")
        signature = self.signature(prepared.digest, official.name, official.nip)
        revision = embed(prepared.revision, hole=prepared.hole, prefix_length=prepared.start, cms=signature)
        return replace(document, parts=(*document.parts, revision))

    def sealed(self, document: FileParts) -> FileParts:
        revision = append_e_seal(
            document,
            institution="Pemerintah Kota Contoh",
            place="Kota Contoh",
            at=AT,
            zone="WIB",
            sign=lambda digest: self.authority.e_seal_sign(digest, AT),
        )
        return replace(document, parts=(*document.parts, revision))

    def archived(self, document: FileParts, crls: tuple[bytes, ...] = ()) -> FileParts:
        revision = append_archive(document, sign=lambda digest: self.authority.tsa.token(digest, AT), crls=crls)
        return replace(document, parts=(*document.parts, revision))


def file_bytes(compiled: CompiledTemplate, document: FileParts) -> bytes:
    prefix = next(v.prefix for v in compiled.variants if v.prefix_sha256 == document.base.state.digest().hex())
    return b"".join((prefix, *document.parts))


def every_state(office: Office, compiled: CompiledTemplate) -> dict[str, bytes]:
    """signed, countersigned, sealed, archived, and archived without e-seal."""
    signed = office.signed(compiled)
    countersigned = office.countersigned(signed)
    sealed = office.sealed(countersigned)
    states = {
        "signed": signed,
        "countersigned": countersigned,
        "sealed": sealed,
        "archived": office.archived(sealed),
        "archived_with_crls": office.archived(office.sealed(signed), office.authority.crls(AT)),
    }
    return {name: file_bytes(compiled, document) for name, document in states.items()}


@lru_cache(maxsize=1)
def pact() -> CompiledTemplate:
    """A compiled template for properties: as a fixture it would be written out with every failing example."""
    return compile_template(inputs())


def compiled_in_json(text: str) -> CompiledTemplate:
    return compile_template(CompileInputs.from_json(text))
