"""What the agency's sign-on signs is judged token by token: who, for whom, when, by which key and algorithm."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.core.oidc_settings import OidcSettings
from app.identity.errors import OidcRefused
from app.identity.oidc.claims import LOGOUT_EVENT, read_id_token, read_logout_token
from app.identity.oidc.provider import OidcProvider
from tests.identity.oidc_server import Web, listening

TYP = "logout+jwt"
NIP = "198501012010012001"
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
KEY = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}, private=True)
STRANGE = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}, private=True)
ELLIPTIC = ECKey.generate_key("P-256", {"kid": "e", "use": "sig"}, private=True)


@pytest.fixture(scope="module")
async def judge() -> AsyncIterator[OidcProvider]:
    """A provider whose keys we hold; a symmetric key stands among its public ones by mistake."""
    web = Web()
    async with listening(web.reply) as issuer:
        web.documents = {
            "/.well-known/openid-configuration": {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/auth",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
            },
            "/jwks": {
                "keys": [
                    KEY.as_dict(private=False),
                    ELLIPTIC.as_dict(private=False),
                    {"kty": "oct", "kid": "s", "k": b64(b"s" * 32)},
                ]
            },
        }
        yield OidcProvider(OidcSettings(issuer=issuer, client_id="pakta"))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(judge: OidcProvider, **changes: Any) -> dict[str, Any]:
    told = {
        "iss": judge.settings.issuer,
        "aud": "pakta",
        "sub": "u1",
        "sid": "s1",
        "nip": NIP,
        "nonce": "n",
        "iat": AT,
        "exp": AT + 300,
    } | changes
    return {name: value for name, value in told.items() if value is not None}


def signed(told: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    made = {"alg": "RS256", "kid": key.kid} | header
    return jwt.encode(made, told, key, algorithms=[made["alg"]])


async def refused(judge: OidcProvider, token: str) -> str:
    with pytest.raises(OidcRefused) as caught:
        await read_id_token(judge, token, "n", now=NOW)
    return caught.value.params["reason"]


async def test_a_good_id_token_vouches_for_its_person(judge: OidcProvider) -> None:
    for token in (
        signed(claims(judge)),
        signed(claims(judge), ELLIPTIC, alg="ES256"),
        signed(claims(judge, aud=["pakta", "other"], azp="pakta")),
        signed(claims(judge, iat=AT + 59, exp=AT - 59)),  # the clocks differ
    ):
        vouched = await read_id_token(judge, token, "n", now=NOW)
        assert (vouched.subject, vouched.session, vouched.person) == ("u1", "s1", NIP)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["pakta", "other"]}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"exp": AT - 60}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": AT + 61}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": AT + 61}, "nbf"),
        ({"nbf": "soon"}, "nbf"),
        ({"nonce": "other"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
    ],
)
async def test_an_id_token_that_says_something_else_is_refused(
    judge: OidcProvider, changes: dict[str, Any], reason: str
) -> None:
    assert await refused(judge, signed(claims(judge, **changes))) == reason


async def test_a_signature_of_any_other_kind_or_key_is_refused(judge: OidcProvider) -> None:
    told = claims(judge)
    head = b64(json.dumps({"alg": "none"}).encode())
    body = b64(json.dumps(told).encode())
    confused = b64(json.dumps({"alg": "HS256", "kid": "k"}).encode()) + f".{body}"
    mac = b64(hmac.digest(KEY.as_pem(private=False), confused.encode(), "sha256"))
    assert await refused(judge, f"{head}.{body}.") == "alg"
    assert await refused(judge, f"{confused}.{mac}") == "alg"  # the public key as a secret: RFC 8725 section 2.1
    assert await refused(judge, signed(told, OctKey.import_key(b"s" * 32, {"kid": "s"}), alg="HS256")) == "alg"
    assert await refused(judge, signed(told, alg="PS256")) == "alg"
    assert await refused(judge, signed(told, STRANGE)) == "signature"
    assert await refused(judge, signed(told, STRANGE, kid="unknown")) == "signature"
    good = signed(told)
    first, second, third = good.split(".")
    other = b64(json.dumps(told | {"nip": "197505052000031002"}).encode())
    assert await refused(judge, f"{first}.{other}.{third}") == "signature"
    for broken in ("", "a.b", "a.b.c", "é.é.é", good + ".x", f"{first}.{second}"):
        assert await refused(judge, broken) in {"form", "alg", "signature"}, broken


async def test_a_symmetric_algorithm_is_refused_even_where_the_settings_name_it(judge: OidcProvider) -> None:
    loose = OidcProvider(judge.settings.model_copy(update={"algorithms": "RS256 HS256 none"}))
    token = signed(claims(judge), OctKey.import_key(b"s" * 32, {"kid": "s"}), alg="HS256")
    assert await refused(loose, token) == "alg"


def farewell(judge: OidcProvider, **changes: Any) -> dict[str, Any]:
    return claims(judge, **({"nonce": None, "events": {LOGOUT_EVENT: {}}, "jti": "1"} | changes))


async def test_a_good_logout_token_ends_logins_made_up_to_it(judge: OidcProvider) -> None:
    ended = await read_logout_token(judge, signed(farewell(judge), typ=TYP), now=NOW)
    assert (ended.subject, ended.session) == ("u1", "s1")
    assert ended.at == NOW + timedelta(seconds=judge.settings.skew_seconds)
    only = await read_logout_token(judge, signed(farewell(judge, sid=None), typ=TYP), now=NOW)
    assert (only.subject, only.session) == ("u1", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"events": None}, "events"),
        ({"events": {}}, "events"),
        ({"events": {LOGOUT_EVENT: True}}, "events"),
        ({"nonce": "n"}, "nonce"),
        ({"sub": None, "sid": None}, "sub"),
        ({"sub": 1}, "sub"),
        ({"iat": AT - 301}, "iat"),
        ({"exp": AT - 61}, "exp"),
        ({"aud": "other"}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
    ],
)
async def test_a_logout_token_that_says_something_else_ends_nothing(
    judge: OidcProvider, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OidcRefused) as caught:
        await read_logout_token(judge, signed(farewell(judge, **changes), typ=TYP), now=NOW)
    assert caught.value.params["reason"] == reason


async def test_an_id_token_is_no_logout_token(judge: OidcProvider) -> None:
    with pytest.raises(OidcRefused):
        await read_logout_token(judge, signed(claims(judge), typ=TYP), now=NOW)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "", None])
async def test_a_logout_token_that_names_another_type_ends_nothing(judge: OidcProvider, typ: str | None) -> None:
    token = signed(farewell(judge), **({"typ": typ} if typ is not None else {}))
    with pytest.raises(OidcRefused) as caught:
        await read_logout_token(judge, token, now=NOW)
    assert caught.value.params["reason"] == "typ"
    lenient = OidcProvider(judge.settings.model_copy(update={"logout_typ": ""}))
    assert (await read_logout_token(lenient, token, now=NOW)).subject == "u1"


async def test_the_type_may_be_written_out_and_an_id_token_may_not_have_it(judge: OidcProvider) -> None:
    token = signed(farewell(judge), typ="application/Logout+JWT")
    assert (await read_logout_token(judge, token, now=NOW)).subject == "u1"
    with pytest.raises(OidcRefused) as caught:
        await read_id_token(judge, signed(claims(judge), typ=TYP), "n1", now=NOW)
    assert caught.value.params["reason"] == "typ"


async def test_a_strength_that_was_asked_for_and_not_given_is_refused(judge: OidcProvider) -> None:
    strict = OidcProvider(judge.settings.model_copy(update={"acr": "urn:gold urn:silver"}))
    for given, refused_for in ((None, "acr"), ("urn:bronze", "acr"), ("urn:silver", None)):
        token = signed(claims(strict, acr=given))
        if refused_for is None:
            assert (await read_id_token(strict, token, str(claims(strict)["nonce"]), now=NOW)).subject == "u1"
            continue
        with pytest.raises(OidcRefused) as caught:
            await read_id_token(strict, token, str(claims(strict)["nonce"]), now=NOW)
        assert caught.value.params["reason"] == refused_for
