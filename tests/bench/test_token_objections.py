"""A token is only measured if a resource server would accept it."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from bench.tokens.conditions import objection

ISSUER, AUDIENCE = "https://issuer.example", "https://api.example"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "1", "jti": "1", "client_id": "c", "iat": 1}
HEADERS = {"kid": "k", "typ": "at+jwt"}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def keys(key: RSAPrivateKey) -> jwt.PyJWKSet:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.PyJWKSet.from_dict({"keys": [{**public, "kid": "k", "alg": "RS256", "use": "sig"}]})


def test_an_honest_token_is_accepted(key: RSAPrivateKey, keys: jwt.PyJWKSet) -> None:
    token = jwt.encode({**CLAIMS, "exp": time.time() + 60}, key, "RS256", headers=HEADERS)

    assert objection(token, keys, issuer=ISSUER, audience=AUDIENCE) == ""


@pytest.mark.parametrize(
    ("changed", "header", "seen"),
    [
        ({"exp": 2}, {}, "ExpiredSignatureError"),
        ({"exp": None}, {}, "exp"),
        ({"client_id": None}, {}, "client_id"),
        ({"aud": "https://elsewhere.example"}, {}, "InvalidAudienceError"),
        ({"iss": "https://elsewhere.example"}, {}, "InvalidIssuerError"),
        ({}, {"typ": "JWT"}, "its type is jwt"),
        ({}, {"kid": "another"}, "KeyError"),
    ],
)
def test_others_are_refused_with_a_reason(
    key: RSAPrivateKey, keys: jwt.PyJWKSet, changed: dict[str, Any], header: dict[str, str], seen: str
) -> None:
    claims = {
        name: value for name, value in {**CLAIMS, "exp": time.time() + 60, **changed}.items() if value is not None
    }
    token = jwt.encode(claims, key, "RS256", headers={**HEADERS, **header})

    assert seen in objection(token, keys, issuer=ISSUER, audience=AUDIENCE)


def test_a_token_that_anybody_could_make_is_refused(keys: jwt.PyJWKSet) -> None:
    claims = {**CLAIMS, "exp": time.time() + 60}
    for token in (
        jwt.encode(claims, "", "none", headers=HEADERS),
        jwt.encode(claims, generate_private_key(public_exponent=65537, key_size=2048), "RS256", headers=HEADERS),
        jwt.encode(claims, "a secret of thirty-two bytes or more", "HS256", headers=HEADERS),
    ):
        assert objection(token, keys, issuer=ISSUER, audience=AUDIENCE)
