"""The libraries inside OpenSign and Documenso, measured: what they need is installed by npm on the first run.

    python -m benchmarks.peers.node_libraries [documents]

They fill in a template made by ReportLab and sign it with an RSA key (their signers know no other), without a time stamp: less than a B-T document.
"""

import base64
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from app.demo import roster

FOLDER = Path(__file__).parent / "node"
FONT = files("fontpkg_arimo") / "files" / "Arimo[wght].ttf"
TEMPLATE = Path(__file__).parents[2] / "pdf_templates" / "pakta_integritas" / "template.toml"
PASSWORD = "passphrase of a benchmark"


def blank_page() -> bytes:
    written, style = io.BytesIO(), getSampleStyleSheet()["Normal"]
    points = [part for part in TEMPLATE.read_text(encoding="utf-8").splitlines() if len(part) > 60]
    SimpleDocTemplate(written, pagesize=A4).build([Spacer(1, 220), *(Paragraph(point, style) for point in points[:5])])
    return written.getvalue()


def key_and_certificate(now: datetime) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Penandatangan Contoh")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    # what node-forge and the Rust signer both read
    algorithms = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    encryption = algorithms.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    return pkcs12.serialize_key_and_certificates(b"peer", key, certificate, None, encryption.build(PASSWORD.encode()))


def measure(count: int) -> dict[str, float]:
    """Return documents a CPU second by library."""
    if not (FOLDER / "node_modules").exists():
        # not `npm ci`: it asks for every platform's binary in the lock, and npm locks those of this one only
        subprocess.run(
            ["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, stdout=sys.stderr
        )
    people = [
        {
            "lines": [row["NAMA"].title(), row["NIP BARU"], row["JABATAN NAMA"], row["UNOR NAMA"]],
            "url": f"https://pakta.example/v/{row['NIP BARU']:0>22}",
        }
        for row in list(roster.rows(max(count, 500)))[:count]
    ]
    parts = {"template": blank_page(), "font": FONT.read_bytes(), "p12": key_and_certificate(datetime.now(UTC))}
    job = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    job_text = json.dumps(job | {"password": PASSWORD, "people": people})
    done = subprocess.run(["node", "peers.mjs"], cwd=FOLDER, input=job_text, capture_output=True, text=True, check=True)
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40)))
