"""A SoftHSM2 token of a test's own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.pki.pkcs11_uri import TokenPlace, read_uri
from app.pki.token import restart

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "73914826"


@dataclass(frozen=True)
class SoftToken:
    """An initialized token; `store` is the folder all tokens of this process lie in."""

    label: str
    store: Path

    def uri(self, name: str) -> str:
        return f"pkcs11:token={self.label};object={name}"

    def place(self, name: str) -> TokenPlace:
        return read_uri(self.uri(name), module=MODULE, pin=PIN)

    def settings(self) -> dict[str, str]:
        """The environment of a service whose authorities' keys lie here."""
        return {
            "PAKTA_PKCS11_MODULE": MODULE,
            "PAKTA_PKCS11_KEYS_PIN": PIN,
            "PAKTA_PKCS11_ROOT_URI": self.uri("root"),
            "PAKTA_PKCS11_ISSUING_URI": self.uri("issuing"),
            "PAKTA_PKCS11_TSA_URI": self.uri("tsa"),
            "PAKTA_PKCS11_E_SEAL_URI": self.uri("e-seal"),
        }


def make_soft_token(folder: Path) -> SoftToken:
    """Initialize a token in the store of this process, which the first caller makes in `folder`."""
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    label = f"pakta-{uuid4().hex[-8:]}"
    named = ["--label", label, "--so-pin", "20462046", "--pin", PIN]
    subprocess.run(["softhsm2-util", "--init-token", "--free", *named], check=True, capture_output=True)
    restart(MODULE)
    line = Path(os.environ["SOFTHSM2_CONF"]).read_text().splitlines()[0]
    return SoftToken(label, Path(line.partition("=")[2].strip()))
