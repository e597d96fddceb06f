"""Why a whole file is refused before any of its rows is looked at."""

_REMEDIES = {
    "sheet.not_spreadsheet": "Berkas ini bukan XLSX atau CSV. Simpan daftar pegawai sebagai XLSX atau CSV.",
    "sheet.old_format": "Format XLS lama atau XLSB tidak dapat dibaca. Simpan berkas sebagai XLSX.",
    "sheet.encrypted": "Berkas dilindungi kata sandi. Simpan tanpa kata sandi lalu unggah kembali.",
    "sheet.too_large": "Isi berkas terlalu besar. Bagi menjadi beberapa berkas atau simpan sebagai CSV.",
    "sheet.damaged": "Berkas rusak dan tidak dapat dibuka. Ekspor ulang dari sumbernya.",
    "sheet.header": "Baris judul kolom tidak ditemukan. Gunakan ekspor SIASN atau bentuk ringkas dengan kolom NIP dan NAMA.",
    "sheet.columns": "Kolom wajib tidak ada: {missing}.",
}

CODES = frozenset(_REMEDIES)
"""Every code a file can be refused with."""


class SheetRefused(ValueError):
    """The file can not be read as a roster. `code` is stable, `missing` names absent columns, `remedy` is Indonesian."""

    def __init__(self, code: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(code, missing)
        self.code = code
        self.missing = missing

    @property
    def remedy(self) -> str:
        """What the person who brought the file can do."""
        return _REMEDIES[self.code].format(missing=", ".join(self.missing))
