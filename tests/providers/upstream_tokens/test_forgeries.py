"""Which tokens of a configured issuer are access tokens for us; all others are refused, and nothing else is fetched."""

import time
from typing import Any

import pytest

from accounts.models import User
from accounts.sign_in.rate_limits import Limit
from providers import unknown_keys
from providers.metadata import SIGNING_ALGORITHMS
from providers.models import UpstreamIssuer
from providers.refusal import RefusalReason
from providers.upstream_tokens import UpstreamTokenRefusal, UpstreamTokenRefused, check, issuer_named
from providers.upstream_tokens.tokens import LONGEST_TOKEN
from sandbox.algorithms import OTHER_ALGORITHMS, other_key
from sandbox.drafts import compact, hs256, unsigned
from sandbox.keys import attackers_key
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.support.memory import forget_providers
from tests.support.upstream_tokens import API, CLIENT, access_token, configured, refusal, result

pytestmark = pytest.mark.django_db
NOW = int(time.time())


def test_a_valid_token_works(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    assert check(access_token(providers)).user == ada


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": [API]}, None),
        ({"aud": ["https://issuer.example/userinfo", API]}, None),
        ({"aud": None}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": "https://api.example/"}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": ["https://other.example"]}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": {API: 1}}, RefusalReason.AUDIENCE_WRONG),
        ({"aud": [[API], 7]}, RefusalReason.AUDIENCE_WRONG),
        ({"exp": NOW - 3600}, RefusalReason.EXPIRED),
        ({"exp": None}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": True}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": float("inf")}, RefusalReason.TOKEN_MALFORMED),
        ({"exp": 2**39}, None),
        ({"iat": None}, RefusalReason.TOKEN_MALFORMED),
        ({"iat": NOW + 7200}, RefusalReason.NOT_YET_VALID),
        ({"nbf": NOW + 7200}, RefusalReason.NOT_YET_VALID),
        ({"auth_time": "today"}, RefusalReason.TOKEN_MALFORMED),
        ({"auth_time": NOW + 7200}, RefusalReason.NOT_YET_VALID),
        ({"sub": None}, RefusalReason.SUBJECT_INVALID),
        ({"sub": ""}, RefusalReason.SUBJECT_INVALID),
        ({"sub": 7}, RefusalReason.SUBJECT_INVALID),
        ({"sub": "a" * 256}, RefusalReason.SUBJECT_INVALID),
        ({"sub": "\ud800"}, RefusalReason.SUBJECT_INVALID),
        ({"sub": "another"}, UpstreamTokenRefusal.PERSON_UNKNOWN),
        ({"iss": None}, RefusalReason.ISSUER_WRONG),
        ({"iss": ["https://issuer.example"]}, RefusalReason.ISSUER_WRONG),
        ({"iss": "https://issuer.example"}, UpstreamTokenRefusal.ISSUER_UNKNOWN),
        ({"cnf": {"jkt": "a-thumbprint"}}, UpstreamTokenRefusal.SENDER_CONSTRAINED),
        ({"padding": "a" * LONGEST_TOKEN}, RefusalReason.TOKEN_MALFORMED),
    ],
)
def test_each_claim_must_be_valid(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, claims: dict[str, Any], expected: str | None
) -> None:
    assert refusal(access_token(providers, **claims)) == expected


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    ("seconds", "claim", "expected"),
    [
        (-30, "exp", None),
        (-62, "exp", RefusalReason.EXPIRED),
        (30, "iat", None),
        (62, "iat", RefusalReason.NOT_YET_VALID),
        (62, "nbf", RefusalReason.NOT_YET_VALID),
    ],
)
def test_clocks_may_differ_by_a_minute(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, seconds: int, claim: str, expected: str | None
) -> None:
    assert refusal(access_token(providers, **dict[str, Any]({claim: int(time.time()) + seconds}))) == expected


@pytest.mark.promise(68)
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"alg": "RS512"}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": "ES256"}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": "none"}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": ["RS256"]}, RefusalReason.ALGORITHM_REFUSED),
        ({"alg": None}, RefusalReason.ALGORITHM_REFUSED),
        ({"crit": ["exp"]}, RefusalReason.TOKEN_MALFORMED),
        ({"b64": False, "crit": ["b64"]}, RefusalReason.ALGORITHM_REFUSED),
        ({"kid": "unknown"}, RefusalReason.KEY_UNKNOWN),
        ({"kid": ["a"]}, RefusalReason.TOKEN_MALFORMED),
    ],
)
def test_the_header_decides_nothing_about_keys(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, headers: dict[str, Any], expected: str | None
) -> None:
    assert refusal(access_token(providers, headers=headers)) == expected


def test_a_token_without_kid_counts_where_only_one_key_fits(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    providers.rotate_keys("keycloak", withdraw=True)  # other tests leave some
    assert refusal(access_token(providers, headers={"kid": None})) is None

    providers.rotate_keys("keycloak")
    forget_providers()
    assert refusal(access_token(providers, headers={"kid": None})) == RefusalReason.KEY_UNKNOWN


@pytest.mark.promise(68)
def test_nothing_is_fetched_from_a_url_in_a_token(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    """Keys in the header, and where to get them, are ignored, whoever signed. So are other issuers."""
    leak = f"{providers.base_url}/leak/keycloak"
    named = {"jku": leak, "x5u": leak, "jwk": attackers_key().public_jwk(), "x5c": ["AA"], "kid": attackers_key().kid}
    forged = access_token(providers, headers=named, signer=attackers_key().sign)

    assert refusal(forged) == RefusalReason.KEY_UNKNOWN
    assert refusal(access_token(providers, headers={"jku": leak, "x5u": leak})) is None
    assert refusal(access_token(providers, iss=f"{providers.base_url}/leak/google")) == "upstream_issuer_unknown"
    assert {name for _, name, _ in providers.requests("keycloak")} <= {"discovery", "jwks"}
    assert not providers.requests("google")


@pytest.mark.promise(68)
def test_foreign_symmetric_missing_and_broken_signatures_are_refused(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    key = providers.world.ring(Provider.KEYCLOAK).current
    good = access_token(providers)
    head, body, signature = good.split(".")
    other = access_token(providers, scope="read:books admin").split(".")[1]

    assert refusal(access_token(providers, signer=attackers_key().sign)) == RefusalReason.SIGNATURE_WRONG
    confused = access_token(providers, headers={"alg": "HS256"}, signer=hs256(key.public_pem()))
    assert refusal(confused) == RefusalReason.ALGORITHM_REFUSED
    assert refusal(access_token(providers, headers={"alg": "none"}, signer=unsigned)) == "algorithm_refused"
    assert refusal(f"{head}.{other}.{signature}") == RefusalReason.SIGNATURE_WRONG
    assert refusal(f"{head}.{body}.") == RefusalReason.SIGNATURE_WRONG
    assert refusal(f"{head}.{body}.AAAA") == RefusalReason.SIGNATURE_WRONG


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "..", "a.b.c", "a.b.c.d.e", "a.ä.c", ".bnVsbA.", ".W10.", "." + "W1" * 6000 + "."]
)
def test_what_is_no_jwt_is_refused(issuer: UpstreamIssuer, text: str) -> None:
    assert refusal(text) == RefusalReason.TOKEN_MALFORMED
    assert issuer_named(text) is None


def test_a_jwt_names_its_issuer_before_anything_is_verified(providers: Sandbox) -> None:
    assert issuer_named(access_token(providers)) == providers.world.issuer(Provider.KEYCLOAK)
    assert issuer_named(compact({}, {"iss": "https://a.example", "sub": "b"}, unsigned)) == "https://a.example"


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    ("typ", "is_strict", "works"),
    [
        ("at+jwt", True, True),
        ("AT+JWT", True, True),
        ("application/at+jwt", True, True),
        ("JWT", True, False),
        (None, True, False),
        (["at+jwt"], True, False),
        ("at+jwt", False, True),
        ("JWT", False, True),
        (None, False, True),
        ("logout+jwt", False, False),
        ("dpop+jwt", False, False),
        (7, False, False),
    ],
)
def test_the_type_of_a_token_counts(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, typ: object, *, is_strict: bool, works: bool
) -> None:
    UpstreamIssuer.objects.update(requires_typ=is_strict)
    expected = None if works else UpstreamTokenRefusal.KIND_WRONG

    assert refusal(access_token(providers, headers={"typ": typ})) == expected


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "a-nonce"},
        {"at_hash": "a-hash"},
        {"c_hash": "a-hash"},
        {"s_hash": "a-hash"},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": ["Bearer"]},
        {"token_use": "id"},
    ],
)
@pytest.mark.parametrize("typ", ["at+jwt", "JWT"])
def test_other_kinds_of_tokens_are_refused_by_their_claims(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, claims: dict[str, Any], typ: str
) -> None:
    UpstreamIssuer.objects.update(requires_typ=False)

    assert refusal(access_token(providers, headers={"typ": typ}, **claims)) == UpstreamTokenRefusal.KIND_WRONG


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    ("claims", "works"),
    [
        ({"azp": CLIENT, "typ": "Bearer", "scope": None}, True),  # Keycloak
        ({"azp": CLIENT, "scp": "read:books", "scope": None}, True),  # Entra
        ({"token_use": "access", "scope": None}, True),
        ({"scope": None, "roles": ["read:books"]}, False),  # an ID token of Entra has roles too
        ({"aud": API, "azp": API}, False),
        ({"aud": API, "appid": API, "client_id": None}, False),
        ({"aud": [API, "https://other.example"], "client_id": API}, False),
        ({"azp": ["a"]}, True),
    ],
)
def test_without_a_type_a_token_must_be_an_access_token_by_its_claims(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, claims: dict[str, Any], *, works: bool
) -> None:
    """An ID token without nonce and at_hash, as the code flow allows, is told by its audience and by what it lacks."""
    UpstreamIssuer.objects.update(requires_typ=False)
    expected = None if works else UpstreamTokenRefusal.KIND_WRONG

    assert refusal(access_token(providers, headers={"typ": "JWT"}, **claims)) == expected


@pytest.mark.promise(69)
def test_the_tokens_of_a_real_sign_in_are_told_apart(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    """Keycloak's own ID token for an app whose id was configured as an audience by mistake."""
    UpstreamIssuer.objects.update(requires_typ=False, audiences=[CLIENT])
    id_token = access_token(
        providers, headers={"typ": "JWT"}, aud=CLIENT, azp=CLIENT, typ="ID", scope=None, client_id=None
    )
    without_mark = access_token(providers, headers={"typ": "JWT"}, aud=CLIENT, azp=CLIENT, scope=None, client_id=None)

    assert refusal(id_token) == refusal(without_mark) == UpstreamTokenRefusal.KIND_WRONG


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": CLIENT},
        {"sub": "sub-of-ada", "azp": "sub-of-ada"},
        {"gty": "client-credentials"},
        {"idtyp": "app"},
        {"preferred_username": "service-account-app"},
    ],
)
def test_a_program_in_its_own_name_is_not_a_person(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, claims: dict[str, Any]
) -> None:
    UpstreamIssuer.objects.update(creates_accounts=True)

    assert refusal(access_token(providers, **claims)) == UpstreamTokenRefusal.OF_A_PROGRAM
    assert refusal(access_token(providers, preferred_username="ada")) is None
    assert User.objects.count() == 1


def test_the_other_algorithms_are_known() -> None:
    assert {*OTHER_ALGORITHMS, "RS256", "RS384"} == SIGNING_ALGORITHMS


@pytest.mark.parametrize("algorithm", OTHER_ALGORITHMS)
def test_each_configured_algorithm_works_and_only_it(providers: Sandbox, ada: User, algorithm: str) -> None:
    configured(providers, algorithms=[algorithm])
    providers.set_fault("keycloak", f"alg_other_{algorithm.lower()}")  # it also publishes the key
    key = other_key(algorithm)
    signed = access_token(providers, headers={"alg": algorithm, "kid": key.kid}, signer=key.sign)

    assert refusal(signed) is None
    refused = result(access_token(providers))
    assert isinstance(refused, UpstreamTokenRefused)
    assert refused.reason == RefusalReason.ALGORITHM_REFUSED
    assert refused.detail == f"signed by RS256, while the page of the upstream issuer has {algorithm}"


@pytest.mark.promise(68)
def test_a_new_key_is_fetched_once_and_unknown_keys_cost_few_fetches(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    assert refusal(access_token(providers)) is None
    providers.rotate_keys("keycloak", withdraw=True)
    assert refusal(access_token(providers)) is None
    before = providers.counts("keycloak")["jwks"]
    assert before == 2

    for number in range(12):
        assert refusal(access_token(providers, headers={"kid": f"unknown-{number}"})) == RefusalReason.KEY_UNKNOWN
    assert providers.counts("keycloak")["jwks"] - before <= 3


def test_a_client_that_sends_many_unknown_keys_causes_no_fetch(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_keys, "UNKNOWN_KEYS", Limit(kind="unknown_keys", most=0, seconds=86_400))
    assert refusal(access_token(providers)) is None
    for _ in range(2):
        assert refusal(access_token(providers, headers={"kid": "unknown"})) == RefusalReason.KEY_UNKNOWN

    assert providers.counts("keycloak")["jwks"] == 1


def test_an_issuer_that_does_not_answer_is_an_outage_and_not_a_bad_token(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User
) -> None:
    token = access_token(providers)
    providers.set_fault("keycloak", "jwks_500")
    found = result(token)

    assert isinstance(found, UpstreamTokenRefused)
    assert found.is_outage
    assert not refusal_is_outage(access_token(providers, iss="https://issuer.example"))


def refusal_is_outage(token: str) -> bool:
    found = result(token)
    assert isinstance(found, UpstreamTokenRefused)
    return found.is_outage
