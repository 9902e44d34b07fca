"""An ID token is accepted only if all of it is valid, and no token makes the verification itself fail."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.metadata import Issuer
from providers.refusal import RefusalReason, SignInRefused
from providers.tokens import Tokens
from providers.upstream import UpstreamClient
from providers.verification import (
    LOGOUT_EVENT,
    proven_at,
    verify,
    verify_access_token,
    verify_logout,
    verify_refreshed,
)
from sandbox.drafts import compact, half_hash, hs256
from sandbox.keys import attackers_key
from sandbox.providers import Provider
from sandbox.server import Sandbox

CLIENT, NONCE, ACCESS_TOKEN = "our-client", "the-nonce", "an-access-token"
ISSUER = Provider.GOOGLE
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
WEIRD = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def issuer(providers: Sandbox) -> Iterator[Issuer]:
    found = Issuer(providers.world.issuer(ISSUER), UpstreamClient("test"))
    yield found
    found.upstream.close()


def token(sandbox: Sandbox, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign valid claims with the provider's own key, with changes; None omits a claim."""
    key, now = sandbox.world.ring(ISSUER).current, time.time()
    honest: dict[str, Any] = {
        "iss": sandbox.world.issuer(ISSUER),
        "aud": CLIENT,
        "sub": "ada",
        "nonce": NONCE,
        "iat": int(now),
        "exp": int(now) + 300,
    }
    kept = {name: value for name, value in (honest | claims).items() if value is not None}
    return compact({"alg": "RS256", "kid": key.kid} | (headers or {}), kept, key.sign)


def believed(id_token: object, issuer: Issuer, *, nonce: str = NONCE, wants_fresh: bool = False) -> dict[str, Any]:
    return verify(
        id_token, issuer=issuer, client_id=CLIENT, nonce=nonce, access_token=ACCESS_TOKEN, wants_fresh=wants_fresh
    )


def reason(id_token: object, issuer: Issuer, **told: Any) -> RefusalReason | None:
    """Return why it is refused, or None if it is accepted."""
    try:
        believed(id_token, issuer, **told)
    except SignInRefused as refused:
        return refused.reason
    return None


def test_a_valid_token_is_accepted(providers: Sandbox, issuer: Issuer) -> None:
    assert believed(token(providers, at_hash=half_hash(ACCESS_TOKEN)), issuer)["sub"] == "ada"


@pytest.mark.promise(3, 4, 5, 6, 7, 8)
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": [CLIENT]}, None),
        ({"azp": CLIENT}, None),
        ({"aud": [CLIENT, CLIENT]}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": {CLIENT: 1}}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": CLIENT.upper()}, RefusalReason.AUDIENCE_WRONG),
        ({"azp": [CLIENT]}, RefusalReason.AUDIENCE_WRONG),
        ({"iss": ["https://issuer.example"]}, RefusalReason.ISSUER_WRONG),
        ({"exp": True}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": float("inf")}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": float("nan")}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": 10**400}, RefusalReason.TOKEN_MALFORMED),
        ({"iat": -1}, RefusalReason.TOKEN_MALFORMED),
        ({"nbf": "now"}, RefusalReason.TOKEN_MALFORMED),
        ({"nonce": ""}, RefusalReason.NONCE_WRONG),
        ({"nonce": [NONCE]}, RefusalReason.NONCE_WRONG),
        ({"nonce": "\ud800"}, RefusalReason.NONCE_WRONG),
        ({"at_hash": ""}, RefusalReason.ACCESS_TOKEN_HASH_WRONG),
        ({"at_hash": 7}, RefusalReason.ACCESS_TOKEN_HASH_WRONG),
        ({"sub": "a" * 255}, None),
        ({"sub": "\ud800"}, RefusalReason.SUBJECT_INVALID),
    ],
)
def test_each_claim_must_be_valid(
    providers: Sandbox, issuer: Issuer, claims: dict[str, Any], expected: RefusalReason | None
) -> None:
    assert reason(token(providers, **claims), issuer) is expected


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        ("exp", -30, None),
        ("exp", -61, RefusalReason.EXPIRED),
        ("iat", 30, None),
        ("iat", 62, RefusalReason.NOT_YET_VALID),
        ("nbf", 30, None),
        ("nbf", 62, RefusalReason.NOT_YET_VALID),
    ],
)
def test_clocks_may_differ_by_a_minute(
    providers: Sandbox, issuer: Issuer, name: str, seconds: int, expected: RefusalReason | None
) -> None:
    assert reason(token(providers, **dict[str, Any]({name: int(time.time()) + seconds})), issuer) is expected


@pytest.mark.promise(84)
def test_a_wrong_clock_is_distinguished_from_a_wrong_token(
    providers: Sandbox, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """Our clock is five minutes slow, fast, and fast with tokens that are valid for less than that."""
    now = int(time.time())
    with pytest.raises(SignInRefused) as slow:
        believed(token(providers, iat=now + 300, exp=now + 600), issuer)
    assert slow.value.reason is RefusalReason.NOT_YET_VALID
    assert re.fullmatch(r"issued (299|300) s from now by our clock", slow.value.detail)

    with pytest.raises(SignInRefused) as fast:
        believed(token(providers, iat=now - 300, exp=now - 240), issuer)
    assert fast.value.reason is RefusalReason.EXPIRED
    assert re.fullmatch(r"issued 30[01] s ago by our clock", fast.value.detail)

    assert not caplog.records
    believed(token(providers, iat=now - 300, exp=now + 300), issuer)
    assert re.search(rf"clocks differ: issuer={re.escape(issuer.url)} token=issued 30[01] s ago", caplog.text)


def test_clocks_that_agree_are_not_logged(providers: Sandbox, issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    believed(token(providers, iat=int(time.time()) - 30), issuer)

    assert "clocks" not in caplog.text


@pytest.mark.promise(1, 2)
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"alg": "RS512"}, RefusalReason.ALGORITHM_REFUSED),  # RS256 is agreed
        ({"alg": "PS256"}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": "ES256"}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": ["RS256"]}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": {}}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": 7}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": "rs256"}, RefusalReason.ALGORITHM_REFUSED),
        ({"b64": False, "crit": ["b64"]}, RefusalReason.ALGORITHM_REFUSED),
        ({"b64": False}, RefusalReason.TOKEN_MALFORMED),
        ({"jwk": {"kty": "oct", "k": "AA"}, "x5c": ["AA"], "jku": "file:///etc/passwd"}, None),  # ignored
    ],
)
def test_the_header_decides_nothing_about_keys(
    providers: Sandbox, issuer: Issuer, headers: dict[str, Any], expected: RefusalReason | None
) -> None:
    assert reason(token(providers, headers=headers), issuer) is expected


@pytest.mark.parametrize(
    ("algorithm", "said"),
    [
        ("EdDSA", "signed by EdDSA, while TEST_SIGNING_ALGORITHMS has RS256"),
        ("ES256", "signed by ES256, while TEST_SIGNING_ALGORITHMS has RS256"),
        ("HS256", "not signed by a private key, while TEST_SIGNING_ALGORITHMS has RS256"),
        ("nOnE", "not signed by a private key, while TEST_SIGNING_ALGORITHMS has RS256"),
        ("ES256K", "signed by an algorithm that is not supported, while TEST_SIGNING_ALGORITHMS has RS256"),
        (7, "signed by an algorithm that is not supported, while TEST_SIGNING_ALGORITHMS has RS256"),
    ],
)
def test_the_detail_of_a_refused_algorithm_says_what_it_is(
    providers: Sandbox, issuer: Issuer, algorithm: object, said: str
) -> None:
    """The detail must be true of this cause, not only of the most common one."""
    with pytest.raises(SignInRefused) as refused:
        believed(token(providers, headers={"alg": algorithm}), issuer)

    assert refused.value.detail == said


@pytest.mark.promise(1)
def test_foreign_and_symmetric_signatures_are_refused(providers: Sandbox, issuer: Issuer) -> None:
    ring = providers.world.ring(ISSUER)
    forged = compact({"alg": "RS256", "kid": ring.current.kid}, {"sub": "ada"}, attackers_key().sign)
    confused = compact({"alg": "HS256", "kid": ring.current.kid}, {"sub": "ada"}, hs256(ring.current.public_pem()))

    assert (reason(forged, issuer), reason(confused, issuer)) == (
        RefusalReason.SIGNATURE_WRONG,
        RefusalReason.ALGORITHM_REFUSED,
    )


def test_a_requested_reauthentication_must_be_recent(providers: Sandbox, issuer: Issuer) -> None:
    old = token(providers, auth_time=int(time.time()) - 3600)

    assert reason(old, issuer, wants_fresh=True) is RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER
    assert reason(old, issuer) is None


@pytest.mark.promise(27)
@pytest.mark.parametrize("seconds", [0, 60, 570, -30, -55])
def test_the_time_of_authentication_is_what_the_provider_says(providers: Sandbox, issuer: Issuer, seconds: int) -> None:
    moment = int(time.time()) - seconds

    assert reason(token(providers, auth_time=moment), issuer, wants_fresh=True) is None
    assert proven_at({"auth_time": moment}) == moment
    assert proven_at({}) is None, "what is not said is not now"


@pytest.mark.promise(27)
@pytest.mark.parametrize("wants_fresh", [False, True])
@pytest.mark.parametrize(
    "said",
    [True, False, "", "1700000000", -1, -0.5, 1.5, 10**18, 2**40, 1e300, float("nan"), float("inf"), [], {}],
)
def test_an_invalid_auth_time_is_refused(
    providers: Sandbox, issuer: Issuer, said: object, *, wants_fresh: bool
) -> None:
    assert reason(token(providers, auth_time=said), issuer, wants_fresh=wants_fresh) is RefusalReason.TOKEN_MALFORMED


@pytest.mark.promise(27)
@pytest.mark.parametrize("ahead", [62, 3600, 86_400 * 365])
def test_an_auth_time_in_the_future_is_refused(providers: Sandbox, issuer: Issuer, ahead: int) -> None:
    assert reason(token(providers, auth_time=int(time.time()) + ahead), issuer) is RefusalReason.NOT_YET_VALID


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    "id_token",
    [None, "", [], 7, True, "a.b", "a.b.c.d.e", "..", "\ud800.a.b", "a.\ud800.b", "ü.ü.ü", "a.b." + "c" * 32_768],
)
def test_malformed_tokens_are_refused_without_other_errors(issuer: Issuer, id_token: object) -> None:
    assert reason(id_token, issuer) in {RefusalReason.TOKEN_MISSING, RefusalReason.TOKEN_MALFORMED}


@pytest.mark.promise(49)
@pytest.mark.parametrize("payload", [b"[" * 20_000, b'{"a":' * 4_000, b"7", b"\xff", b"", b"9" * 5000, b'"\\ud800"'])
def test_a_signed_payload_that_is_not_an_object_is_refused(providers: Sandbox, issuer: Issuer, payload: bytes) -> None:
    key = providers.world.ring(ISSUER).current
    content = f"{encoded(json.dumps({'alg': 'RS256', 'kid': key.kid}).encode())}.{encoded(payload)}"
    signed = f"{content}.{encoded(key.sign(content.encode()))}"

    assert reason(signed, issuer) is RefusalReason.TOKEN_MALFORMED


@pytest.mark.parametrize("header", [b"[" * 20_000, b'{"alg":"RS256","x":' + b"[" * 20_000, b"7", b"\xff", b"{}"])
def test_an_invalid_header_is_refused(issuer: Issuer, header: bytes) -> None:
    refused = {RefusalReason.TOKEN_MALFORMED, RefusalReason.ALGORITHM_REFUSED}

    assert reason(f"{encoded(header)}.{encoded(b'{}')}.{encoded(b'x')}", issuer) in refused


@WEIRD
@given(id_token=TEXTS | st.builds(".".join, st.lists(TEXTS, min_size=3, max_size=3)))
def test_no_text_makes_the_check_fail(issuer: Issuer, id_token: str) -> None:
    assert reason(id_token, issuer) is not None


@WEIRD
@given(headers=st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "jwk"]) | TEXTS, JSON, max_size=4))
def test_no_header_makes_the_check_fail(providers: Sandbox, issuer: Issuer, headers: dict[str, Any]) -> None:
    assert reason(token(providers, headers=headers), issuer) in {None, *RefusalReason}


@pytest.mark.slow
@WEIRD
@given(
    claims=st.dictionaries(
        st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "sub"]), JSON, min_size=1
    )
)
def test_no_claim_makes_the_check_fail(providers: Sandbox, issuer: Issuer, claims: dict[str, Any]) -> None:
    assert reason(token(providers, **claims), issuer) in {None, *RefusalReason}


@pytest.mark.promise(7)
def test_the_access_token_is_hashed_by_the_tokens_own_algorithm() -> None:
    digest = hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16]

    assert half_hash(ACCESS_TOKEN) == encoded(digest)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_an_invalid_access_token_does_not_match_the_hash(providers: Sandbox, issuer: Issuer) -> None:
    meant = token(providers, at_hash=half_hash(ACCESS_TOKEN))

    with pytest.raises(SignInRefused) as refused:
        verify(meant, issuer=issuer, client_id=CLIENT, nonce=NONCE, access_token=None)
    assert refused.value.reason is RefusalReason.ACCESS_TOKEN_HASH_WRONG


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"sub": None}, None),
        ({"events": None}, RefusalReason.LOGOUT_EVENT_MISSING),
        ({"events": {LOGOUT_EVENT: True}}, RefusalReason.LOGOUT_EVENT_MISSING),
        ({"nonce": NONCE}, RefusalReason.LOGOUT_WITH_NONCE),
        ({"sub": None, "sid": None}, RefusalReason.LOGOUT_WITHOUT_SUBJECT),
        ({"sid": 7}, RefusalReason.LOGOUT_WITHOUT_SUBJECT),
        ({"jti": None}, RefusalReason.TOKEN_MALFORMED),
        ({"aud": "another"}, RefusalReason.AUDIENCE_WRONG),
    ],
)
def test_a_logout_token_must_be_valid(
    providers: Sandbox, issuer: Issuer, claims: dict[str, Any], expected: RefusalReason | None
) -> None:
    honest: dict[str, Any] = {"nonce": None, "sid": "there", "jti": "once", "events": {LOGOUT_EVENT: {}}}
    found = reason_of(lambda: verify_logout(token(providers, **(honest | claims)), issuer=issuer, client_id=CLIENT))

    assert found is expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"nonce": None}, None),
        ({"nonce": "another"}, RefusalReason.NONCE_WRONG),
        ({"sub": "eve"}, RefusalReason.SUBJECT_INVALID),
        ({"sub": None}, RefusalReason.SUBJECT_INVALID),
        ({"at_hash": half_hash("another")}, RefusalReason.ACCESS_TOKEN_HASH_WRONG),
    ],
)
def test_an_id_token_from_a_refresh_must_be_about_the_same_person(
    providers: Sandbox, issuer: Issuer, claims: dict[str, Any], expected: RefusalReason | None
) -> None:
    refreshed = Tokens(access_token=ACCESS_TOKEN, id_token=token(providers, **claims))
    about: dict[str, Any] = {"issuer": issuer, "client_id": CLIENT, "subject": "ada"}

    assert reason_of(lambda: verify_refreshed(refreshed, **about, nonce=NONCE)) is expected
    if expected is RefusalReason.NONCE_WRONG:  # nothing to compare with if the first one was not stored
        assert reason_of(lambda: verify_refreshed(refreshed, **about, nonce="")) is None


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"aud": "some-service"}, None),
        ({"azp": "another"}, RefusalReason.AUDIENCE_WRONG),
        ({"typ": "ID"}, RefusalReason.AUDIENCE_WRONG),
        ({"exp": 1}, RefusalReason.EXPIRED),
        ({"sub": None}, RefusalReason.SUBJECT_INVALID),
        ({"sub": "eve"}, RefusalReason.SUBJECT_INVALID),
    ],
)
def test_an_access_token_is_read_if_it_was_issued_to_us_about_this_person(
    providers: Sandbox, issuer: Issuer, claims: dict[str, Any], expected: RefusalReason | None
) -> None:
    shown = token(providers, **({"azp": CLIENT, "typ": "Bearer"} | claims))

    assert reason_of(lambda: verify_access_token(shown, issuer=issuer, client_id=CLIENT, subject="ada")) is expected


def reason_of(verification: Callable[[], object]) -> RefusalReason | None:
    try:
        verification()
    except SignInRefused as refused:
        return refused.reason
    return None
