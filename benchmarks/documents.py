"""Documents a core makes and checks a second, against the machine's own floor, in one process and in turns.

    python -m benchmarks.documents [--people 4000] [--json] [--peers]

Everything is in memory, and made step by step over a chunk, as the service does in bulk. Each chunk of people passes every state, and beside each state its floor: what no implementation can save, one key generation and
the ECDSA signatures. "made_and_verified" is with every finished file re-opened and checked in full. Medians over chunks, of the ratios too; CPU seconds, so
that other work on the machine counts less. Machines are noisy: compare ratios. `--peers` measures plain ReportLab + pyHanko at the same level in the same run.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.cli.bench_seal import floor_rate, sign_as_device
from app.core.ids import new_code
from app.core.memory import settle
from app.demo import roster
from app.pdf.compiler import compile_template
from app.pdf.inputs import CompileInputs, TrustMaterial
from app.pdf.person import PersonValues
from app.pdf.reopen import Reopened, reopen
from app.pdf.revision import FileParts, append_archive, append_e_seal, embed, read_base
from app.pdf.source import load_source
from app.pdf.tail import Prepared
from app.pki.certificate import Subject
from app.pki.keyring import init_keys, load_keys

CITY = "Pemerintah Kota Malang"
CHUNK = 200
# by state, the signatures it needs: a signer's certificate, the signature and its token; the archive's token; the seal and its token
SIGNED, ARCHIVED, SEALED = "B-T signer", "B-LTA signer + archive", "B-LTA signer + e-seal + archive"
SIGNATURES = {SIGNED: 3, ARCHIVED: 4, SEALED: 6}
PEER_LEVELS = {SIGNED: "B-T", SEALED: "B-LTA"}
PEER_DOCUMENTS = 12
TEMPLATE = Path(__file__).parents[1] / "pdf_templates" / "pakta_integritas"


def people(count: int) -> list[PersonValues]:
    return [
        PersonValues(
            row["NAMA"].title(), row["NIP BARU"], row["GOL AKHIR NAMA"], row["JABATAN NAMA"], row["UNOR NAMA"], "OPD"
        )
        for row in roster.rows(max(count, 500))
    ][:count]


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
        self.prefixes = [variant.prefix for variant in self.template.variants]
        self.bases = [read_base(prefix) for prefix in self.prefixes]
        self.by_length = {len(prefix): prefix for prefix in self.prefixes}
        self.crls = self.authority.archive_crls(self.now)

    def unsigned(self, crowd: Sequence[PersonValues]) -> list[Prepared]:
        return [self.template.prepare(person, code=new_code(), prepared_at=self.now) for person in crowd]

    def signed(self, crowd: Sequence[PersonValues]) -> list[FileParts]:
        prepared = self.unsigned(crowd)
        subjects = [Subject(CITY, "OPD", person.name, person.nip) for person in crowd]
        values = [
            sign_as_device(self.authority, subject, made.digest, self.now)[0]
            for subject, made in zip(subjects, prepared, strict=True)
        ]
        return [
            FileParts(
                self.bases[made.variant],
                (embed(made.tail, hole=made.hole, prefix_length=made.prefix_length, cms=value),),
            )
            for made, value in zip(prepared, values, strict=True)
        ]

    def sealed(self, crowd: Sequence[PersonValues]) -> list[FileParts]:
        authority = self.authority
        files = self.signed(crowd)
        seals = [
            append_e_seal(
                file,
                institution=CITY,
                place="Malang",
                at=self.now,
                zone="WIB",
                sign=lambda digest: authority.e_seal_sign(digest, self.now),
            )
            for file in files
        ]
        return self._archive([file.extended(seal) for file, seal in zip(files, seals, strict=True)])

    def archived(self, crowd: Sequence[PersonValues]) -> list[FileParts]:
        return self._archive(self.signed(crowd))

    def _archive(self, files: Sequence[FileParts]) -> list[FileParts]:
        tsa = self.authority.tsa
        stamps = [append_archive(f, sign=lambda digest: tsa.token(digest, self.now), crls=self.crls) for f in files]
        return [FileParts(file.base, (*file.parts, stamp)) for file, stamp in zip(files, stamps, strict=True)]

    def verify(self, files: Sequence[FileParts]) -> list[Reopened]:
        return [self._verify(file) for file in files]

    def _verify(self, file: FileParts) -> Reopened:
        authority = self.authority
        return reopen(
            (self.by_length[file.base.length], *file.parts),
            expected_digest=None,
            spki=None,
            own=authority.own_certificates,
        )


def seconds(work: Callable[[Sequence[Any]], list[Any]], items: Sequence[object]) -> tuple[float, list[Any]]:
    """CPU seconds an item, and what came of them."""
    began = time.process_time()
    made = work(items)
    return (time.process_time() - began) / len(items), made


def measure(office: Office, crowd: list[PersonValues]) -> dict[str, dict[str, float]]:
    """Each state's figures, over people of its own: a name laid out once is cheaper the second time."""
    makers = {SIGNED: office.signed, ARCHIVED: office.archived, SEALED: office.sealed}
    turns = len(makers) + 1
    unsigned: list[float] = []
    found: dict[str, list[tuple[float, float, float]]] = {state: [] for state in makers}
    for start in range(0, len(crowd), turns * CHUNK):
        chunks = [crowd[start + turn : start + turns * CHUNK : turns] for turn in range(turns)]
        unsigned.append(seconds(office.unsigned, chunks[0])[0])
        for (state, maker), chunk in zip(makers.items(), chunks[1:], strict=True):
            floor = floor_rate(SIGNATURES[state], CHUNK)
            making, files = seconds(maker, chunk)
            checking, checked = seconds(office.verify, files)
            assert all(len(facts.signatures) == state.count("+") + 1 for facts in checked)
            found[state].append((making, checking, making * (floor + floor_rate(SIGNATURES[state], CHUNK)) / 2))
    figures: dict[str, dict[str, float]] = {
        "unsigned": {"docs_per_second_per_core": round(1 / statistics.median(unsigned))}
    }
    for state, turned in found.items():
        figures[state] = {
            "docs_per_second_per_core": round(1 / statistics.median(making for making, _, _ in turned)),
            "floor_ratio": round(statistics.median(ratio for _, _, ratio in turned), 2),
            "verified_per_second_per_core": round(1 / statistics.median(checking for _, checking, _ in turned)),
            "made_and_verified_per_second_per_core": round(1 / statistics.median(m + c for m, c, _ in turned)),
        }
    return figures


def measure_peers(figures: dict[str, dict[str, float]]) -> None:
    """Add what the naive way makes at the same level, and how many times that ours is."""
    for state, level in PEER_LEVELS.items():
        command = [sys.executable, "-m", "benchmarks.peers.naive", level, str(PEER_DOCUMENTS)]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        naive = json.loads(said)["reportlab+pyhanko"]
        figures[state]["reportlab_pyhanko_per_second_per_core"] = naive
        figures[state]["times_reportlab_pyhanko"] = round(figures[state]["docs_per_second_per_core"] / naive)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args()
    crowd = people(asked.people + CHUNK)
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        measure(office, crowd[:CHUNK])  # what is loaded once is not counted
        settle()
        found: dict[str, Any] = measure(office, crowd[CHUNK:])
        if asked.peers:
            measure_peers(found)
        found["bytes after the prefix, sealed"] = sum(map(len, office.sealed(crowd[:1])[0].parts))
    if asked.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, figures in found.items():
        print(f"{name:36} {figures}")


if __name__ == "__main__":
    main()
