"""Which key of a set a token refers to, and which keys are ignored."""

from typing import Any

import pytest

from providers.metadata import SIGNING_ALGORITHMS, parse_keys
from sandbox.algorithms import OTHER_ALGORITHMS, other_key
from sandbox.keys import SigningKey, attackers_key

RSA = attackers_key().public_jwk()
EC = other_key("ES256").public_jwk()
EDWARDS = other_key("EdDSA").public_jwk()


def without(key: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in key.items() if name not in names}


def found(keys: list[dict[str, Any]], algorithm: str, kid: object = None) -> int:
    """Return how many different keys fit."""
    return len(parse_keys({"keys": keys}).fitting(kid, algorithm))


@pytest.mark.parametrize(
    ("keys", "algorithm", "fitting"),
    [
        ([RSA], "RS256", 1),
        ([without(RSA, "kid")], "RS256", 1),
        ([RSA, EC, EDWARDS], "RS256", 1),
        ([RSA, EC, EDWARDS], "ES256", 1),
        ([RSA, EC, EDWARDS], "ES384", 0),
        ([RSA, without(other_key("PS256").public_jwk(), "kid")], "RS256", 1),
        ([RSA, without(other_key("PS256").public_jwk(), "alg")], "RS256", 2),
        ([RSA, SigningKey.make().public_jwk()], "RS256", 2),
        ([RSA, SigningKey.make().public_jwk() | {"use": "enc"}], "RS256", 1),
        ([RSA, SigningKey.make().public_jwk() | {"key_ops": ["encrypt"]}], "RS256", 1),
        ([RSA, SigningKey.make().public_jwk() | {"key_ops": "verify"}], "RS256", 1),
        ([RSA | {"key_ops": ["verify"]}], "RS256", 1),
        ([RSA, without(RSA, "kid")], "RS256", 1),
        ([without(EC, "alg")], "ES256", 1),
        ([without(EDWARDS, "alg")], "Ed25519", 1),
        ([EDWARDS | {"alg": "Ed25519"}], "EdDSA", 1),
        ([EDWARDS | {"alg": "ES256"}], "EdDSA", 0),
        ([EDWARDS | {"crv": "Ed448"}], "EdDSA", 0),
        ([EDWARDS | {"crv": ["Ed25519"]}], "EdDSA", 0),
        ([EDWARDS | {"alg": ["EdDSA"]}], "EdDSA", 0),
        ([EDWARDS | {"d": "AA"}], "EdDSA", 0),
    ],
)
def test_without_a_key_id_exactly_one_key_must_fit_the_algorithm(
    keys: list[dict[str, Any]], algorithm: str, fitting: int
) -> None:
    """A key id may be omitted if only one key can be meant (Core 10.1)."""
    assert found(keys, algorithm) == fitting
    assert (parse_keys({"keys": keys}).find(None, algorithm) is not None) is (fitting == 1)


def test_two_keys_with_one_id_are_told_apart_by_their_algorithms() -> None:
    """RFC 7517, section 4.5: keys of different types may share an id."""
    shared = [RSA | {"kid": "k"}, EC | {"kid": "k"}]

    assert [found(shared, algorithm, "k") for algorithm in ("RS256", "ES256", "ES384")] == [1, 1, 0]
    assert found([*shared, SigningKey.make("k").public_jwk()], "RS256", "k") == 2
    assert found(shared, "RS256", "other") == found(shared, "RS256", ["k"]) == 0


@pytest.mark.parametrize("algorithm", OTHER_ALGORITHMS)
def test_each_algorithm_accepts_its_own_keys(algorithm: str) -> None:
    key = other_key(algorithm)

    assert algorithm in SIGNING_ALGORITHMS
    assert found([key.public_jwk()], algorithm, key.kid) == 1
