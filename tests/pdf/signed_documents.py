"""Documents in every state, signed by synthetic persons under keys made for the tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from app.pdf.compiler import CompiledTemplate, compile_template
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.person import Official, PersonValues
from app.pdf.revision import FileParts, append_archive, append_e_seal, embed, prepare_countersignature, read_base
from app.pdf.source import load_source
from app.pki import cms, keyring
from app.pki.authority import Authority
from app.pki.certificate import Subject
from app.pki.signing_key import LocalKey

PASSPHRASE = b"a passphrase of the tests"
INSTITUTION = "Pemerintah Kota Contoh"
TEMPLATE = Path(__file__).parents[2] / "pdf_templates" / "pakta_integritas"
CODE = "0123456789ABCDEFGHIJKL"
OFFICIAL = Official("Dr. Łukasz Hartono, S.H., M.Hum.", "196804111993031009", "Kepala Dinas Pendidikan")


@dataclass(frozen=True)
class Signed:
    """A document as its consecutive parts, with what was announced of it beforehand."""

    parts: tuple[bytes, ...]
    digest: bytes
    spki: bytes

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)


def new_authority(folder: Path, now: datetime) -> Authority:
    keyring.init_keys(folder, PASSPHRASE, institution=INSTITUTION, now=now)
    return keyring.load_keys(folder, PASSPHRASE).authority


class Office:
    """A template compiled under an authority, and the hands that sign."""

    def __init__(self, authority: Authority, now: datetime) -> None:
        self.authority = authority
        self.now = now
        material = authority.trust_material(now)
        self.compiled: CompiledTemplate = compile_template(
            CompileInputs(
                source=load_source(TEMPLATE),
                round_values={"jenis_pemilihan": "Pemilihan Umum", "tahun": "2029", "instansi": INSTITUTION},
                letterhead=("PEMERINTAH KOTA CONTOH", "BADAN KEPEGAWAIAN"),
                place="Kota Contoh",
                verify_url="https://pakta.contoh.go.id/v/",
                countersign=True,
                trust=TrustMaterial(material.certificates, material.crls),
            )
        )

    def person(self, name: str) -> PersonValues:
        return PersonValues(name, "19850101 201001 2 003", "Penata, III/c", "Guru", "SD 1", "Dinas", OFFICIAL)

    def cms(self, digest: bytes, key: LocalKey, name: str, nip: str, at: datetime | None = None) -> bytes:
        certificate = self.authority.issue(Subject(INSTITUTION, "Dinas Pendidikan", name, nip), key.spki, self.now)
        attributes = cms.signed_attributes(digest, certificate)
        signature = key.sign(attributes)
        return cms.signed_data(
            attributes=attributes,
            signature_der=signature,
            certificate=certificate,
            chain=self.authority.chain,
            timestamp_token=self.authority.tsa.token(sha256(signature).digest(), at or self.now),
        )

    def signed(self, name: str = "Nurʿaini Çelebi, S.Kom.", code: str = CODE, at: datetime | None = None) -> Signed:
        key = LocalKey(ec.generate_private_key(ec.SECP256R1()))
        prepared = self.compiled.prepare(self.person(name), code=code, prepared_at=self.now - timedelta(minutes=3))
        signature = self.cms(prepared.digest, key, name, "198501012010012003", at)
        tail = embed(prepared.tail, hole=prepared.hole, prefix_length=prepared.prefix_length, cms=signature)
        prefix = self.compiled.variants[prepared.variant].prefix
        return Signed((prefix, tail), prepared.digest, key.spki)

    def countersigned(self, document: Signed) -> Signed:
        key = LocalKey(ec.generate_private_key(ec.SECP256R1()))
        made = prepare_countersignature(self._file(document), OFFICIAL, place="Kota Contoh", at=self.now, zone="WIB")
        signature = self.cms(made.digest, key, OFFICIAL.name, OFFICIAL.nip)
        return self._with(document, embed(made.revision, hole=made.hole, prefix_length=made.start, cms=signature))

    def sealed(self, document: Signed) -> Signed:
        revision = append_e_seal(
            self._file(document),
            institution=INSTITUTION,
            place="Kota Contoh",
            at=self.now,
            zone="WIB",
            sign=lambda digest: self.authority.e_seal_sign(digest, self.now),
        )
        return self._with(document, revision)

    def archived(self, document: Signed, *, crls: bool = False) -> Signed:
        revision = append_archive(
            self._file(document),
            sign=lambda digest: self.authority.tsa.token(digest, self.now),
            crls=self.authority.crls(self.now) if crls else (),
        )
        return self._with(document, revision)

    def complete(self, name: str = "Nurʿaini Çelebi, S.Kom.") -> Signed:
        return self.archived(self.sealed(self.countersigned(self.signed(name))))

    def _file(self, document: Signed) -> FileParts:
        return FileParts(read_base(document.parts[0]), document.parts[1:])

    def _with(self, document: Signed, revision: bytes) -> Signed:
        return Signed((*document.parts, revision), document.digest, document.spki)
