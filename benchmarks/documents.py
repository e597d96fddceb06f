"""Documents a core makes a second, against the machine's own floor, in one process and in turns.

    python -m benchmarks.documents [--people 2000] [--json]

The floor of a state is what no implementation can save: the key generation and the ECDSA signatures it needs. Medians over chunks; CPU seconds, so that
other work on the machine counts less. Machines are noisy: compare ratios.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.cli.bench_seal import floor_rate, sign_as_device
from app.core.ids import new_code
from app.demo import roster
from app.pdf.compiler import compile_template
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.person import PersonValues
from app.pdf.reopen import reopen
from app.pdf.revision import FileParts, append_archive, append_e_seal, embed, read_base
from app.pdf.source import load_source
from app.pki.certificate import Subject
from app.pki.keyring import init_keys, load_keys

CITY = "Pemerintah Kota Malang"
CHUNK = 200
TEMPLATE = Path(__file__).parents[1] / "pdf_templates" / "pakta_integritas"


def people(count: int) -> list[PersonValues]:
    return [
        PersonValues(
            row["NAMA"].title(), row["NIP BARU"], row["GOL AKHIR NAMA"], row["JABATAN NAMA"], row["UNOR NAMA"], "OPD"
        )
        for row in roster.rows(max(count, 500))
    ][:count]


def rate(work: Callable[[PersonValues], object], crowd: list[PersonValues]) -> float:
    rates = []
    for start in range(0, len(crowd), CHUNK):
        chunk = crowd[start : start + CHUNK]
        began = time.process_time()
        for person in chunk:
            work(person)
        rates.append(len(chunk) / (time.process_time() - began))
    return statistics.median(rates)


class Office:
    """An authority, a compiled template, and the hands that sign."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        init_keys(folder / "keys", b"passphrase of a benchmark", institution=CITY, now=self.now)
        self.authority = load_keys(folder / "keys", b"passphrase of a benchmark").authority
        trust = self.authority.trust_material(self.now)
        values = {"jenis_pemilihan": "Pemilihan Umum", "tahun": "2029", "instansi": CITY}
        material = TrustMaterial(trust.certificates, trust.crls)
        letterhead = (CITY.upper(), "BKPSDM")
        inputs = CompileInputs(
            load_source(TEMPLATE), values, letterhead, "Malang", "http://localhost:8000/v/", trust=material
        )
        self.template = compile_template(inputs)
        self.bases = [read_base(variant.prefix) for variant in self.template.variants]
        self.crls = self.authority.archive_crls(self.now)

    def unsigned(self, person: PersonValues) -> object:
        return self.template.prepare(person, code=new_code(), prepared_at=self.now)

    def signed(self, person: PersonValues) -> FileParts:
        made = self.template.prepare(person, code=new_code(), prepared_at=self.now)
        subject = Subject(CITY, "OPD", person.name, person.nip)
        value, _ = sign_as_device(self.authority, subject, made.digest, self.now)
        tail = embed(made.tail, hole=made.hole, prefix_length=made.prefix_length, cms=value)
        return FileParts(self.bases[made.variant], (tail,))

    def sealed(self, person: PersonValues) -> FileParts:
        authority, file = self.authority, self.signed(person)
        seal = append_e_seal(
            file,
            institution=CITY,
            place="Malang",
            at=self.now,
            zone="WIB",
            sign=lambda digest: authority.e_seal_sign(digest, self.now),
        )
        file = FileParts(file.base, (*file.parts, seal))
        archive = append_archive(file, sign=lambda digest: authority.tsa.token(digest, self.now), crls=self.crls)
        return FileParts(file.base, (*file.parts, archive))

    def verified(self, person: PersonValues) -> object:
        file, authority = self.sealed(person), self.authority
        variant = self.bases.index(file.base)
        return reopen(
            (self.template.variants[variant].prefix, *file.parts),
            expected_digest=None,
            spki=None,
            issuing=authority.issuing,
            tsa=authority.tsa.certificate,
            e_seal=authority.e_seal_certificate,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    crowd = people(asked.people)
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        # a signer's certificate, the signature and its token; with the seal: its signature, its token, the archive's token
        states = {
            "unsigned": (office.unsigned, None),
            "B-T signer": (office.signed, 3),
            "B-LTA signer + e-seal + archive": (office.sealed, 6),
            "… made and verified again": (office.verified, None),
        }
        found = {}
        for name, (work, signatures) in states.items():
            made = rate(work, crowd)
            ratio = floor_rate(signatures, len(crowd)) / made if signatures else None
            found[name] = {"docs_per_second_per_core": round(made), "floor_ratio": ratio and round(ratio, 2)}
        found["bytes after the prefix, sealed"] = sum(map(len, office.sealed(crowd[0]).parts))
    if asked.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, figures in found.items():
        print(f"{name:36} {figures}")


if __name__ == "__main__":
    main()
