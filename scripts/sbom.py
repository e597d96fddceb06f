"""Writes the software bill of materials (CycloneDX 1.6, ECMA-424) of what runs in production: the hashed lock, with licences.

    .venv/bin/python scripts/sbom.py [FILE]

The same lock and version give the same bytes: no time of making, and a serial number derived from the content. Licences come from the
installed packages' own metadata (PEP 639, or what was usual before it).
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\]+))? \\$")
UNSAID = {"colorama": "BSD-3-Clause", "resvg-py": "MIT"}
"""What a package's metadata does not say: colorama is for Windows alone and not installed here, resvg-py says it in its licence file."""
BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


@dataclass
class Pin:
    """One package of the lock: the digests of its files, and who asked for it."""

    name: str
    version: str
    hashes: list[str]
    asked_by: list[str]


def read_lock(text: str) -> list[Pin]:
    """Return the pins of a lock made by `make lock`."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if found := PIN.match(line):
            pins.append(Pin(found[1], found[2].strip(), [], []))
        elif "--hash=sha256:" in line:
            pins[-1].hashes.append(line.partition("sha256:")[2].strip(" \\"))
        elif line.startswith("    #"):
            asked = line.strip(" #").removeprefix("via").strip()
            if asked:
                pins[-1].asked_by.append(re.sub(r"\[.*|\s.*", "", asked))
    return pins


def licence_of(name: str) -> str:
    """Return a package's licence as SPDX, or its own words; raises `LookupError` when nothing says it."""
    if name in UNSAID:
        return UNSAID[name]
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return expression
    for classifier in told.get_all("Classifier") or []:
        if found := BY_CLASSIFIER.get(classifier.rpartition(" :: ")[2]):
            return found
    if words := (told.get("License") or "").strip().partition("\n")[0]:
        return words
    raise LookupError(f"{name} does not say its licence: look it up and write it down in {Path(__file__).name}.")


def build(lock: str, version: str) -> str:
    """Return the bill as JSON."""
    licences, pins = LicenseFactory(), read_lock(lock)
    product = Component(name="pakta", version=version, type=ComponentType.APPLICATION, bom_ref="pakta")
    bom = Bom(metadata=BomMetaData(component=product), serial_number=uuid5(NAMESPACE_URL, f"pakta {version}\n{lock}"))
    bom.metadata.timestamp = None
    parts = {}
    for pin in pins:
        address = PackageURL("pypi", name=pin.name, version=pin.version)
        parts[pin.name] = Component(
            name=pin.name,
            version=pin.version,
            type=ComponentType.LIBRARY,
            bom_ref=str(address),
            purl=address,
            licenses=[licences.make_from_string(licence_of(pin.name))],
            external_references=[_files(pin, address)],
        )
        bom.components.add(parts[pin.name])
    for pin in pins:
        for name in pin.asked_by:
            bom.register_dependency(parts.get(name, product), [parts[pin.name]])
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"


def _files(pin: Pin, address: PackageURL) -> ExternalReference:
    """The files a machine may install it from, by their digests: one of them is what runs."""
    digests = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in pin.hashes]
    return ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(str(address)), hashes=digests)


def main() -> None:
    """Write the bill to a file, or to the standard output."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    bill = build(LOCK.read_text(), version)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(bill)
    else:
        sys.stdout.write(bill)


if __name__ == "__main__":
    main()
