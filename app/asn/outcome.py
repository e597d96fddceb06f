"""What becomes of a row of the roster: its outcome, the codes that say why, and what to do about each (in Indonesian)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Accepted as it stands, accepted with a remark, or left out."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a row: a stable code, the column as the file spells it, what stands there, and what to do."""

    code: str
    column: str
    found: str
    remedy: str


WARNINGS = frozenset({"birth_date.mismatch", "repaired.characters"})

_REMEDIES = {
    "nip.excel_float": "NIP tersimpan sebagai angka sehingga digit terakhirnya hilang. Ubah kolom NIP menjadi Teks, lalu salin ulang NIP dari SIASN.",
    "nip.excel_zeros": "Tiga digit terakhir NIP menjadi 000 karena dibulatkan oleh lembar kerja. Ubah kolom NIP menjadi Teks, lalu salin ulang NIP dari SIASN.",
    "nip.length": "NIP harus 18 angka. Periksa dan lengkapi NIP.",
    "nip.characters": "NIP hanya boleh berisi 18 angka, dan angka ke-15 harus 1 (pria) atau 2 (wanita). Perbaiki NIP.",
    "nip.birth_date": "Delapan angka pertama NIP bukan tanggal lahir yang mungkin (TTTTBBHH). Perbaiki NIP.",
    "nip.month": "Angka ke-13 dan 14 NIP harus bulan 01–12 (PNS) atau 21–99 (PPPK). Perbaiki NIP.",
    "nip.duplicate": "NIP ini sudah ada di baris {first}. Hapus salah satu barisnya atau perbaiki NIP.",
    "name.missing": "Nama kosong. Isi nama pegawai sebagai teks.",
    "name.formula": "Nama berisi rumus. Ganti dengan nama pegawai sebagai teks.",
    "unit.unknown": "Unit kerja ini tidak ada atau tidak tunggal dalam daftar unit. Perbaiki unit kerja atau perbarui daftar unit.",
    "birth_date.mismatch": "Tanggal lahir tidak sama dengan tanggal lahir dalam NIP. Baris tetap diterima; periksa datanya di SIASN.",
    "repaired.characters": "Huruf dalam NIP dibaca sebagai angka (O sebagai 0, l atau I sebagai 1). Baris tetap diterima; pastikan NIP-nya benar.",
}

CODES = frozenset(_REMEDIES)
"""Every code a row can carry."""


def finding(code: str, column: str, found: str, **details: object) -> Finding:
    """Make a finding with the remedy of its code; `details` fill the sentence."""
    return Finding(code, column, found, _REMEDIES[code].format(**details))


def twice_finding(column: str, found: str, first: str) -> Finding:
    """Make the finding of a row whose person an earlier row named, by NIP or by PNS ID."""
    return Finding(
        "nip.duplicate", column, found, f"Pegawai ini sudah ada di baris {first}. Hapus salah satu barisnya."
    )


def holder_finding(column: str, found: str) -> Finding:
    """Make the finding of a NIP that somebody else on the roster has and keeps."""
    remedy = "NIP ini sudah dipakai pegawai lain dalam daftar. Periksa NIP kedua pegawai di SIASN, lalu impor keduanya."
    return Finding("nip.duplicate", column, found, remedy)


def outcome_of(findings: Sequence[Finding]) -> Outcome:
    """Return the outcome of a row with these findings: anything that is no mere warning rejects it."""
    if not findings:
        return Outcome.ACCEPTED
    return Outcome.WARNED if all(found.code in WARNINGS for found in findings) else Outcome.REJECTED
