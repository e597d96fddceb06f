import re

from app.pki.cms import CERTIFICATE_HASH_AT, DIGEST_AT, signed_attributes
from app.pki.ecdsa import SPKI_HEAD
from app.signing.act import POSSESSION_PREFIX, SIGN_PURPOSE
from app.web.assets import assets


def literals(name: str) -> str:
    return "".join(re.findall(r'"([0-9a-f]+)"', assets()[name].data.decode()))


def test_the_browser_builds_the_same_attributes_as_the_server() -> None:
    built = signed_attributes(bytes(32), b"certificate")
    assert literals("attributes.js") == (built[:DIGEST_AT] + built[DIGEST_AT + 32 : CERTIFICATE_HASH_AT]).hex()


def test_the_browser_knows_the_constants_of_the_act() -> None:
    script = assets()["ceremony.js"].data.decode()
    assert SPKI_HEAD[:-1].hex() in literals("ceremony.js")
    assert f'"{SIGN_PURPOSE}"' in script
    assert f'"{POSSESSION_PREFIX[:-1].decode()}\\0"' in script
