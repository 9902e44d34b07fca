"""The keys of an issuer in a back end: fetched when needed and no oftener, by one thread, and used when it is away."""

import threading
import time

import pytest
import time_machine

from authserver.keys import pairs
from authserver.models import SigningAlgorithm
from tests.clients.local_issuer import METADATA, LocalIssuer
from tests.support.together import together
from vestibule_verify import AccessToken, InvalidToken, Verifier, VerifierUnavailable
from vestibule_verify.errors import Unavailable
from vestibule_verify.fetching import Fetcher, check_url
from vestibule_verify.issuer import Issuer
from vestibule_verify.key_cache import KeyCache, KeyTimes
from vestibule_verify.keys import read_key_set

FRESH, STALE, REFETCH = 300.0, 900.0, 10.0
ES256, RS256 = SigningAlgorithm.ES256, SigningAlgorithm.RS256


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: LocalIssuer, clock: Clock) -> KeyCache:
    times = KeyTimes(fresh=FRESH, stale=STALE, refetch=REFETCH)
    return KeyCache(Issuer(issuer.url, Fetcher(5), clock=clock).keys, times, most_verified=2, clock=clock)


def kid(issuer: LocalIssuer) -> str:
    return issuer.pairs[0].kid


def test_keys_are_fetched_once_for_as_long_as_they_are_fresh(issuer: LocalIssuer, keys: KeyCache, clock: Clock) -> None:
    assert keys.find(kid(issuer)) is None, "they have to be fetched"
    assert kid(issuer) in keys.get(kid(issuer)).keys
    clock.now += FRESH - 1
    keys.get(kid(issuer))
    assert issuer.count() == 1
    clock.now += 1
    assert keys.find() is None
    keys.get()
    assert (issuer.count(), issuer.count(METADATA)) == (2, 1)


def test_an_unknown_key_is_looked_for_but_not_oftener_than_allowed(
    issuer: LocalIssuer, keys: KeyCache, clock: Clock
) -> None:
    keys.get()
    for _ in range(50):
        keys.get("a stranger's")
    assert issuer.count() == 1, "the keys were fetched a moment ago"
    clock.now += REFETCH
    for _ in range(50):
        keys.get("a stranger's")
    assert issuer.count() == 2

    issuer.pairs.append(pairs.generate(RS256))
    assert issuer.pairs[1].kid not in keys.get(issuer.pairs[1].kid).keys
    clock.now += REFETCH
    assert issuer.pairs[1].kid in keys.get(issuer.pairs[1].kid).keys
    assert issuer.count() == 3


def test_one_thread_fetches_and_the_others_wait_for_it(issuer: LocalIssuer, keys: KeyCache) -> None:
    threading.Timer(0.2, issuer.gate.set).start()
    issuer.gate.clear()

    found = together(*[lambda: keys.get(kid(issuer))] * 20)

    assert issuer.count() == 1
    assert len({id(one) for one in found}) == 1


def test_whoever_knows_their_key_does_not_wait_for_a_strangers_fetch(
    issuer: LocalIssuer, keys: KeyCache, clock: Clock
) -> None:
    keys.get()
    clock.now += REFETCH
    issuer.gate.clear()
    stranger = threading.Thread(target=keys.get, args=["a stranger's"])
    stranger.start()
    try:
        assert kid(issuer) in keys.get(kid(issuer)).keys
    finally:
        issuer.gate.set()
        stranger.join()
    assert issuer.count() == 2


@pytest.mark.parametrize("fault", ["status", "redirect", "no JSON", "no key", "too large", "another issuer"])
def test_former_keys_count_while_the_issuer_fails_but_not_for_ever(
    issuer: LocalIssuer, keys: KeyCache, clock: Clock, fault: str
) -> None:
    keys.get()
    fail(issuer, fault)
    clock.now += FRESH
    if fault == "another issuer":
        clock.now += 3600 - FRESH  # as long as metadata count

    for _ in range(20):
        stale(keys, clock, issuer, fault)
    assert issuer.count() + issuer.count(METADATA) <= 4, "it was asked once more in this time"
    clock.now += REFETCH
    issuer.status, issuer.body = 200, None
    issuer.metadata.clear()
    assert keys.get(kid(issuer)).fetched_at == clock.now, "it works again"
    fail(issuer, fault)
    clock.now += 3600 + FRESH + STALE
    with pytest.raises(Unavailable):
        keys.get(kid(issuer))


def stale(keys: KeyCache, clock: Clock, issuer: LocalIssuer, fault: str) -> None:
    """Expect the former keys, unless they are too old by now."""
    if fault == "another issuer":
        with pytest.raises(Unavailable):
            keys.get(kid(issuer))
    else:
        assert keys.get(kid(issuer)).fetched_at == clock.now - FRESH


def fail(issuer: LocalIssuer, fault: str) -> None:
    issuer.status = {"status": 500, "redirect": 302}.get(fault, 200)
    issuer.body = {"no JSON": b"<html>", "no key": b'{"keys": []}', "too large": b" " * 600_000 + b"{}"}.get(fault)
    if fault == "another issuer":
        issuer.metadata["issuer"] = f"{issuer.url}/"


def test_without_any_keys_nothing_is_let_in_and_nobody_asks_all_the_time(
    issuer: LocalIssuer, keys: KeyCache, clock: Clock
) -> None:
    issuer.status = 503
    for _ in range(10):
        with pytest.raises(Unavailable):
            keys.get()
    assert issuer.count(METADATA) == 1
    issuer.status = 200
    clock.now += REFETCH
    assert keys.get().keys


# What a verifier makes of it


@pytest.fixture
def hasty(issuer: LocalIssuer) -> Verifier:
    return issuer.verifier(keys_fresh=0.1, keys_refetch=0.05)


def test_a_withdrawn_key_takes_the_verified_tokens_with_it(issuer: LocalIssuer, hasty: Verifier) -> None:
    token = issuer.token()
    assert hasty.verify_token(token) is hasty.verify_token(token), "it is verified once"
    issuer.pairs = [pairs.generate(ES256)]
    threading.Event().wait(0.15)

    with pytest.raises(InvalidToken) as refused:
        hasty.verify_token(token)
    assert refused.value.reason == "unknown_key"


def test_a_remembered_token_ends_when_it_expires(issuer: LocalIssuer) -> None:
    verifier, token = issuer.verifier(), issuer.token()
    assert isinstance(verifier.verify_token(token), AccessToken)

    with time_machine.travel(time.time() + 631, tick=False), pytest.raises(InvalidToken) as refused:
        verifier.verify_token(token)
    assert refused.value.reason == "expired"


def test_few_tokens_are_remembered(issuer: LocalIssuer) -> None:
    verifier = issuer.verifier(most_verified=2)
    first, *others = [issuer.token(jti=str(number)) for number in range(3)]
    before = verifier.verify_token(first)
    for other in others:
        verifier.verify_token(other)

    assert verifier.verify_token(first) is not before
    unremembering = issuer.verifier(most_verified=0)
    assert unremembering.verify_token(first) is not unremembering.verify_token(first)


def test_an_issuer_that_is_away_is_not_the_callers_fault(issuer: LocalIssuer) -> None:
    issuer.status = 500
    with pytest.raises(VerifierUnavailable) as refused:
        issuer.verifier().verify_token(issuer.token())

    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "5"
    assert "WWW-Authenticate" not in refused.value.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://vestibule.example", "http://10.0.0.1", "ftp://vestibule.example", "https://", "vestibule.example",
        "https://user:secret@vestibule.example", "https://vestibule.example#x", "http://localhost.example",
    ],
)  # fmt: skip
def test_only_https_is_called_but_for_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Verifier(issuer=url, audience="https://harbour.example/api")
    for allowed in ("https://vestibule.example", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"):
        assert check_url(allowed) == allowed


def test_an_insecure_address_in_the_metadata_is_not_called(issuer: LocalIssuer) -> None:
    issuer.metadata["jwks_uri"] = "http://keys.example/jwks"
    with pytest.raises(VerifierUnavailable) as refused:
        issuer.verifier().verify_token(issuer.token())
    assert refused.value.reason == "no keys"


# Key sets


def test_a_key_set_keeps_only_keys_that_may_verify() -> None:
    rsa, curve, edwards = (dict(pairs.generate(one).public_jwk) for one in (RS256, ES256, SigningAlgorithm.ED25519))
    small = {**rsa, "kid": "small", "n": rsa["n"][:170]}
    others = [
        "no key", {}, small, {"kty": "oct", "k": "AAAA", "kid": "secret"}, {**rsa, "kid": 7},
        {**curve, "kid": "twice"}, {**rsa, "kid": "twice"}, {**rsa, "kid": "a key that encrypts", "use": "enc"},
        {**rsa, "kid": "s", "key_ops": ["sign"]}, {**rsa, "kid": "a", "alg": "RS512"}, {**rsa, "kid": "n", "n": 5},
        {**curve, "kid": "p", "crv": "P-384"}, {**curve, "kid": "no point", "x": curve["y"]},
        {**edwards, "kid": "o", "crv": "X25519"}, {**rsa, "kid": "h", "alg": "HS256"},
    ]  # fmt: skip
    found = read_key_set({"keys": [rsa, curve, edwards, *others]})

    assert found.keys() == {rsa["kid"], curve["kid"], edwards["kid"]}
    assert {name for key in found.values() for name in key.algorithms} == {"RS256", "ES256", "Ed25519", "EdDSA"}
    for wrong in ({}, {"keys": None}, {"keys": [small]}):
        with pytest.raises(ValueError, match="no "):
            read_key_set(wrong)
