"""What can be configured as an upstream issuer, and whether one that is configured can work."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.sign_in.provider_names import NAMES
from providers.models import UpstreamIssuer
from providers.upstream_tokens import readiness
from providers.upstream_tokens.issuers import provider_of
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.server import Sandbox
from tests.support.upstream_tokens import configured

pytestmark = pytest.mark.django_db
GOOD = "https://issuer.example/realm"


@pytest.mark.parametrize(
    ("url", "works"),
    [
        (GOOD, True),
        (f"{GOOD}/", True),
        ("https://login.microsoftonline.com/common/v2.0", True),  # its tokens name another issuer
        ("https://login.microsoftonline.com/{tenantid}/v2.0", False),
        ("http://127.0.0.1:9000/realm", True),
        ("http://issuer.example", False),
        ("issuer.example", False),
        ("", False),
        (f"{GOOD}?a=b", False),
        (f"{GOOD}#a", False),
        ("https://a@issuer.example", False),
        ("https://ïssuer.example", False),
        (f"{GOOD}/.well-known/openid-configuration", False),
        ("http://testserver.example", False),
    ],
)
def test_an_issuer_is_an_exact_https_url(providers: Sandbox, url: str, *, works: bool) -> None:
    assert (faults(providers, issuer=url) == {}) is works


def faults(providers: Sandbox, **fields: Any) -> dict[str, list[str]]:
    """Return what is wrong with a configuration, by field."""
    try:
        configured(providers, **fields)
    except ValidationError as refused:
        return dict(refused.message_dict)
    return {}


def test_plain_http_is_for_development_only(providers: Sandbox, settings: Any) -> None:
    settings.PUBLIC_URL = "https://vestibule.example"

    assert "issuer" in faults(providers, issuer="http://127.0.0.1:9000/realm")
    assert "issuer" in faults(providers, issuer="https://vestibule.example/")
    assert "issuer" in faults(providers, issuer="https://vestibule.example")
    assert not UpstreamIssuer.objects.exists()


def test_two_configurations_cannot_have_one_issuer(providers: Sandbox) -> None:
    configured(providers, issuer=GOOD)

    assert "issuer" in faults(providers, issuer=GOOD)
    assert not faults(providers, issuer=f"{GOOD}/")


@pytest.mark.parametrize(
    ("fields", "works"),
    [
        ({"audiences": []}, False),
        ({"audiences": [""]}, False),
        ({"audiences": [" a"]}, False),
        ({"audiences": ["a\n"]}, False),
        ({"audiences": ["a", "b"]}, True),
        ({"algorithms": []}, False),
        ({"algorithms": ["HS256"]}, False),
        ({"algorithms": ["none"]}, False),
        ({"algorithms": ["RS256", "PS256", "ES256", "EdDSA"]}, True),
        ({"scope_claims": []}, False),
        ({"scope_claims": ["scope."]}, False),
        ({"scope_claims": ["nickname"]}, False),
        ({"scope_claims": ['resource_access."my.client".roles']}, True),
        ({"scopes": {}}, True),
        ({"scopes": ["read"]}, False),
        ({"scopes": {"": ["read"]}}, False),
        ({"scopes": {"a" * 256: ["read"]}}, False),
        ({"scopes": {"a\n": ["read"]}}, False),
        ({"scopes": {"read": "read"}}, False),
        ({"scopes": {"read": []}}, False),
        ({"scopes": {"read": [7]}}, False),
        ({"scopes": {"read": ["two words"]}}, False),
        ({"scopes": {f"role {number}": ["read"] for number in range(501)}}, False),
        ({"scopes": {"Book Reader": ["books:read", "books:list"]}}, True),
    ],
)
def test_what_can_never_work_or_is_unsafe_is_refused(
    providers: Sandbox, fields: dict[str, Any], *, works: bool
) -> None:
    assert (faults(providers, **fields) == {}) is works


def test_the_client_id_of_a_provider_is_no_audience(providers: Sandbox) -> None:
    """ID tokens for this site have it, and whoever saw one could use it at the API."""
    for provider in Provider:
        assert "audiences" in faults(providers, audiences=[providers.world.client(provider).client_id])


def test_an_issuer_shares_the_identities_of_the_provider_that_it_is(providers: Sandbox) -> None:
    shared = {provider: provider_of(providers.world.issuer(provider)) for provider in OPENID_PROVIDERS}

    assert {found.id for found in shared.values() if found} == {str(provider) for provider in OPENID_PROVIDERS}
    assert provider_of(f"{providers.world.issuer(Provider.GOOGLE)}/") is None
    assert provider_of(providers.world.issuer(Provider.GITHUB)) is None
    assert "upstream" not in NAMES


def test_an_issuer_that_answers_with_a_key_for_an_algorithm_is_ready(providers: Sandbox) -> None:
    ready = configured(providers)
    configured(providers, Provider.GOOGLE, name="Off", is_active=False)

    assert [(found.issuer, found.problem) for found in readiness.of_active()] == [(ready, "")]


def test_a_problem_says_what_to_change(providers: Sandbox) -> None:
    wanted = configured(providers, algorithms=["ES256"])
    problem = readiness.of(wanted).problem
    assert problem.startswith("its keys are for ")
    assert problem.endswith(", and not for ES256")

    elsewhere = configured(providers, issuer=f"{providers.world.issuer(Provider.KEYCLOAK)}/", name="Slash")
    assert "differ by a slash at the end" in readiness.of(elsewhere).problem


def test_an_issuer_without_keys_is_not_ready(providers: Sandbox) -> None:
    providers.set_fault("keycloak", "jwks_no_keys")

    assert readiness.of(configured(providers)).problem == "its keys are for no usable algorithm, and not for RS256"
