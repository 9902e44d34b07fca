"""What a verified token says, what guards require, and how refusals look. The issuer is real HTTP on this machine."""

import asyncio
import dataclasses
import time
from typing import Any

import pytest

from authserver.keys import pairs
from authserver.models import SigningAlgorithm
from tests.clients.forging import by_key, claims_for, compact
from tests.clients.local_issuer import API, INTROSPECTION, JWKS, LocalIssuer
from vestibule_verify import (
    AccessRefused,
    AccessToken,
    Actor,
    Guard,
    InsufficientScope,
    InsufficientUserAuthentication,
    Introspection,
    InvalidRequest,
    InvalidToken,
    PlainRequest,
    TokenMissing,
    Verifier,
    VerifierUnavailable,
    requires,
)

PERSON, SERVICE = "0b3f2f5e-7d6d-4c1e-9a51-6f5f3f3a1c22", "0b3f2f5e-7d6d-8c1e-9a51-6f5f3f3a1c22"
ONE, TWO = "5d3f2f5e-0000-4c1e-9a51-6f5f3f3a1c22", "6d3f2f5e-0000-4c1e-9a51-6f5f3f3a1c22"
OPAQUE = "vat_an_opaque_token_of_a_test"


def request(token: str, **chosen: Any) -> PlainRequest:
    return PlainRequest(**{"headers": {"authorization": f"Bearer {token}"}, "url": f"{API}/books", **chosen})


def person(**changed: Any) -> dict[str, Any]:
    return {
        "sub": PERSON,
        "role": "user",
        "tenant_id": ONE,
        "org_role": "clerk",
        "organization_ids": [ONE, TWO],
        "acr": "single",
        "amr": ["pwd"],
        "auth_time": int(time.time()) - 60,
        **changed,
    }


@pytest.fixture
def verifier(issuer: LocalIssuer) -> Verifier:
    return issuer.verifier(
        tier_claim="plan",
        tiers=["free", "team"],
        implied_scopes={"admin": ["write"], "write": ["read"], "loop": ["loop"]},
    )


@pytest.fixture
def read(issuer: LocalIssuer, verifier: Verifier) -> Any:
    """Return what the verifier makes of a token with these claims."""
    return lambda **claims: verifier.verify_token(issuer.token(**claims))


def test_a_persons_token_says_who_and_how_they_signed_in(read: Any) -> None:
    claims = person(plan="team", scope="read write", act={"sub": "agent", "client_id": "c", "act": {"sub": "earlier"}})
    token: AccessToken = read(**claims)

    assert (token.subject, token.client_id, token.is_person, token.is_service) == (PERSON, "night-job", True, False)
    assert (token.role, token.tenant_id, token.org_role) == ("user", ONE, "clerk")
    assert (token.organization_ids, token.amr, token.acr) == ((ONE, TWO), ("pwd",), "single")
    assert (token.tier, sorted(token.scopes), token.jti) == ("team", ["read", "write"], "one")
    assert token.act == (Actor(subject="agent", client_id="c"), Actor(subject="earlier", client_id=None))
    assert token.claims["aud"] == API
    assert hash(token)
    with pytest.raises(dataclasses.FrozenInstanceError):
        token.subject = SERVICE  # type: ignore[misc]
    with pytest.raises(TypeError):
        token.claims["sub"] = SERVICE  # type: ignore[index]


@pytest.mark.parametrize(
    ("claims", "kinds"),
    [
        ({"sub": SERVICE}, (False, True)),
        ({"sub": "night-job"}, (False, True)),
        ({"sub": SERVICE, "role": "user"}, (False, True)),
        ({"sub": PERSON}, (False, False)),
        ({"sub": "somebody"}, (False, False)),
        (person(), (True, False)),
    ],
)
def test_a_program_is_told_from_a_person(read: Any, claims: dict[str, Any], kinds: tuple[bool, bool]) -> None:
    token: AccessToken = read(**claims)
    assert (token.is_person, token.is_service) == kinds


def deep(actors: int) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": "last"}
    for _ in range(actors - 1):
        found = {"sub": "agent", "act": found}
    return found


def test_a_chain_of_actors_has_an_end(read: Any) -> None:
    assert len(read(act=deep(10)).act) == 10
    with pytest.raises(InvalidToken):
        read(act=deep(11))


# Guards


ALLOWED = [
    requires(),
    requires(scope="read"),
    requires(scope="read write"),
    requires(tenant=True),
    requires(tenant=ONE),
    requires(tenant=TWO),
    requires(role=["admin", "user"]),
    requires(org_role="clerk"),
    requires(tenant=ONE, org_role=["clerk", "owner"]),
    requires(tier="free"),
    requires(tier="team"),
    requires(fresh=120),
    requires(acr=["mfa", "single"]),
    requires(scope="read") & requires(tenant=TWO) & requires(fresh=120),
]


@pytest.mark.parametrize("guard", ALLOWED)
def test_a_guard_lets_a_token_in_that_has_everything(read: Any, guard: Guard) -> None:
    token: AccessToken = read(**person(plan="team", scope="admin"))
    assert guard.check(token) is token


@pytest.mark.parametrize(
    ("guard", "missing"),
    [
        (requires(scope="read delete"), "the scope delete"),
        (requires(tenant=PERSON), "membership in this organization"),
        (requires(tenant=""), "membership in this organization"),
        (requires(tenant=TWO, org_role="clerk"), "membership in this organization"),
        (requires(role="admin"), "the role admin"),
        (requires(org_role=["owner", "boss"]), "the role owner or boss in the organization"),
        (requires(tier="team"), "the tier team"),
        (requires(tier="another"), "the tier another"),
        (requires(scope="x") & requires(scope="y", role="admin"), "the scope x, the scope y, the role admin"),
        (requires(tenant=True).in_tenant(PERSON), "membership in this organization"),
        (requires(tenant=PERSON).in_tenant(ONE), "membership in this organization"),
        (requires(scope="x", acr="mfa"), "the scope x"),
    ],
)
def test_a_guard_says_what_a_token_lacks(read: Any, guard: Guard, missing: str) -> None:
    with pytest.raises(InsufficientScope) as refused:
        guard.check(read(**person(plan="free", scope="write")))

    assert refused.value.description == f"The token lacks {missing}."
    assert refused.value.status == 403
    assert PERSON not in str(refused.value)
    assert ('scope="' in refused.value.challenge) == bool(guard.scope)


def test_a_scope_of_one_organization_counts_there_alone(read: Any) -> None:
    token: AccessToken = read(**person(scope=f"org:{ONE}:write org:{PERSON}:delete"))

    for guard in (requires(scope="write", tenant=ONE), requires(scope="read", tenant=True)):
        assert guard.check(token) is token
    assert requires(scope="read").in_tenant(ONE).check(token) is token
    for guard in (
        requires(scope="write"),
        requires(scope="write") & requires(tenant=ONE),
        requires(scope="write", tenant=TWO),
        requires(scope="delete", tenant=PERSON),
        requires(scope="read").in_tenant(TWO),
    ):
        with pytest.raises(InsufficientScope):
            guard.check(token)


def test_a_program_is_in_no_organization_and_never_signs_in(read: Any) -> None:
    for guard in (requires(tenant=True), requires(tenant=ONE), requires(org_role="clerk"), requires(tier="free")):
        with pytest.raises(InsufficientScope):
            guard.check(read(sub=SERVICE))
    for guard in (requires(fresh=10), requires(acr="single")):
        with pytest.raises(InsufficientUserAuthentication):
            guard.check(read(sub=SERVICE))


@pytest.mark.parametrize(
    ("guard", "wanted"),
    [
        (requires(fresh=30), 'max_age="30"'),
        (requires(acr=["mfa", "hardware"]), 'acr_values="mfa hardware"'),
        (requires(fresh=30, acr="mfa") & requires(fresh=20), 'acr_values="mfa", max_age="20"'),
    ],
)
def test_a_sign_in_that_is_not_enough_is_asked_for_again(read: Any, guard: Guard, wanted: str) -> None:
    with pytest.raises(InsufficientUserAuthentication) as refused:
        guard.check(read(**person()))

    assert refused.value.status == 401
    assert refused.value.code == "insufficient_user_authentication"
    assert f'error_description="A newer or stronger sign-in is needed.", {wanted}, ' in refused.value.challenge


def test_a_sign_in_in_the_future_is_not_fresh(read: Any) -> None:
    with pytest.raises(InsufficientUserAuthentication):
        requires(fresh=30).check(read(**person(auth_time=int(time.time()) + 900)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": ""}, {"scope": " "}, {"role": ""}, {"org_role": ""}, {"acr": ""}, {"tier": ""}, {"fresh": 0},
        {"fresh": -1}, {"scope": 'a"b'}, {"acr": "a\\b"}, {"scope": ["ä"]}, {"tier": "a\nb"},
    ],
)  # fmt: skip
def test_a_requirement_that_requires_nothing_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"empty|challenge"):
        requires(**wrong)


# Requests and refusals


def test_the_refusals_of_a_request_carry_the_challenge(issuer: LocalIssuer, verifier: Verifier) -> None:
    at_home = 'resource_metadata="https://harbour.example/.well-known/oauth-protected-resource/api"'
    guard = requires(scope="read")
    refused: list[AccessRefused] = []
    for sent in (PlainRequest(), request("!"), request("a.b.c"), request(issuer.token(scope="x"))):
        with pytest.raises(AccessRefused) as found:
            verifier.verify(sent, guard)
        refused.append(found.value)
        with pytest.raises(type(found.value)):
            asyncio.run(verifier.verify_async(sent, guard))

    assert [type(one) for one in refused] == [TokenMissing, InvalidRequest, InvalidToken, InsufficientScope]
    assert refused[0].challenge == f'Bearer realm="harbour.example", scope="read", {at_home}'
    assert refused[2].challenge == (
        'Bearer realm="harbour.example", error="invalid_token", '
        f'error_description="{refused[2].description}", scope="read", {at_home}'
    )
    assert all("a.b.c" not in f"{one} {one.challenge} {one.as_json()} {one!r}" for one in refused)
    assert verifier.verify(request(issuer.token(scope="read")), guard).subject == SERVICE


@pytest.mark.promise(67)
@pytest.mark.parametrize("query", ["access_token=", "a=b&access_token", "access%5Ftoken=x", "access_token=x&a=b"])
def test_a_token_in_the_url_is_refused_beside_a_good_header(issuer: LocalIssuer, query: str) -> None:
    token = issuer.token()
    with pytest.raises(InvalidRequest):
        issuer.verifier().verify(request(token, url=f"{API}?{query}"))
    beside = request(token, url=f"{API}?my_access_token=x&token=access_token")
    assert issuer.verifier().verify(beside).subject == SERVICE


def test_the_event_loop_goes_on_while_keys_are_fetched(issuer: LocalIssuer) -> None:
    verifier, token, seen = issuer.verifier(), issuer.token(), []
    issuer.gate.clear()

    async def both() -> None:
        verified = [asyncio.create_task(verifier.verify_async(request(token))) for _ in range(3)]
        while issuer.count() == 0:
            await asyncio.sleep(0.01)
            seen.append(time.monotonic())
        issuer.gate.set()
        assert {(await one).subject for one in verified} == {SERVICE}

    asyncio.run(both())
    assert seen
    assert issuer.count() == 1


@pytest.mark.parametrize(
    "chosen",
    [
        {"audience": ""}, {"audience": []}, {"audience": "reports"}, {"audience": "https://a.example/?b"},
        {"audience": 'https://a.example/"'}, {"leeway": -1}, {"leeway": 600}, {"keys_refetch": 0}, {"keys_fresh": 0},
    ],
)  # fmt: skip
def test_a_verifier_that_would_accept_too_much_is_not_made(issuer: LocalIssuer, chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"audience|absolute|positive"):
        issuer.verifier(**chosen)


@pytest.mark.parametrize(
    ("audience", "path"),
    [
        ("https://a.example", "/.well-known/oauth-protected-resource"),
        ("https://a.example/", "/.well-known/oauth-protected-resource"),
        ("https://a.example:8443/v1/", "/.well-known/oauth-protected-resource/v1"),
    ],
)
def test_the_metadata_name_the_issuer_and_are_where_clients_look(issuer: LocalIssuer, audience: str, path: str) -> None:
    verifier = issuer.verifier(audience=[audience, "https://b.example"], scopes_supported=["read"], name="Books")

    assert verifier.metadata_path == path
    assert verifier.metadata() == {
        "resource": audience,
        "authorization_servers": [issuer.url],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read"],
        "resource_name": "Books",
    }


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_are_understood(issuer: LocalIssuer, name: str) -> None:
    issuer.pairs = [pairs.generate(SigningAlgorithm.ED25519)]
    pair = issuer.pairs[0]
    header = {"alg": name, "typ": "at+jwt", "kid": pair.kid}
    token = compact(header, claims_for(issuer.url, API), by_key(pair.private, "Ed25519"))

    assert issuer.verifier().verify_token(token).subject == SERVICE


# Introspection


def answer(issuer: LocalIssuer, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "active": True, "iss": issuer.url, "aud": API, "sub": SERVICE, "client_id": "c", "scope": "read",
        "token_type": "Bearer", "iat": now, "exp": now + 60,
    }  # fmt: skip
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def asking(issuer: LocalIssuer, **chosen: Any) -> Verifier:
    return issuer.verifier(introspection=Introspection(client_id="a b", client_secret="c:d", **chosen))


def test_an_opaque_token_is_asked_about_once_in_seconds_and_no_key_is_fetched(issuer: LocalIssuer) -> None:
    verifier = asking(issuer)
    issuer.answers[OPAQUE] = answer(issuer)

    assert [verifier.verify_token(OPAQUE).scopes for _ in range(5)] == [{"read"}] * 5
    assert asyncio.run(verifier.verify_async(request(OPAQUE))).subject == SERVICE
    assert (issuer.count(INTROSPECTION), issuer.count(JWKS)) == (1, 0)
    assert issuer.authorizations == ["Basic YStiOmMlM0Fk"], "each part is form-encoded"
    assert "c:d" not in repr(verifier)


@pytest.mark.parametrize(
    "changed",
    [
        {"active": False}, {"iss": "https://elsewhere.example"}, {"iss": None}, {"aud": None}, {"aud": "https://b.example"},
        {"sub": None}, {"client_id": None}, {"exp": 1}, {"exp": None}, {"token_type": None}, {"token_type": "DPoP"},
    ],
)  # fmt: skip
def test_an_answer_has_to_say_everything_that_a_token_says(issuer: LocalIssuer, changed: dict[str, Any]) -> None:
    issuer.answers[OPAQUE] = answer(issuer, **changed)
    with pytest.raises(InvalidToken):
        asking(issuer).verify_token(OPAQUE)


def test_without_an_answer_nobody_gets_in(issuer: LocalIssuer) -> None:
    verifier = asking(issuer, always=True)
    token = issuer.token()
    issuer.answers[token] = answer(issuer, client_id="night-job", scope="less")
    assert verifier.verify_token(token).scopes == {"less"}, "what is true now counts, not what the token says"

    other = issuer.token(jti="two")
    for wrong in ({"active": "yes"}, {}):
        issuer.answers[other] = wrong
        with pytest.raises(VerifierUnavailable):
            verifier.verify_token(other)
    issuer.status = 500
    with pytest.raises(VerifierUnavailable):
        verifier.verify_token(other)
    issuer.status, issuer.metadata["introspection_endpoint"] = 200, ""
    with pytest.raises(VerifierUnavailable):
        asking(issuer).verify_token(OPAQUE)


def test_an_answer_about_somebody_else_is_not_believed(issuer: LocalIssuer) -> None:
    token = issuer.token()
    issuer.answers[token] = answer(issuer, client_id="another")
    with pytest.raises(InvalidToken):
        asking(issuer, always=True).verify_token(token)


def test_a_forged_token_is_not_even_asked_about(issuer: LocalIssuer) -> None:
    verifier = asking(issuer, always=True)
    for forged in (issuer.token()[:-9], issuer.token(aud="https://b.example"), "vrt_refresh", "vk_key", "x" * 40):
        with pytest.raises(InvalidToken):
            verifier.verify_token(forged)
    assert issuer.count(INTROSPECTION) == 0


@pytest.mark.parametrize("wrong", [{"client_id": ""}, {"client_secret": ""}, {"seconds": -1}, {"seconds": 61}])
def test_introspection_without_a_secret_or_with_a_long_memory_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="introspection"):
        Introspection(**{"client_id": "a", "client_secret": "b", **wrong})
