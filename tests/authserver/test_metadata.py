"""What apps find out about us: the metadata (OpenID Connect Discovery 1.0, RFC 8414) and the public keys (RFC 7517)."""

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import resolve

from accounts.models import User
from authserver.authorization.request import PROMPTS, RESPONSE_MODES
from authserver.keys import pairs, ring
from authserver.models import GrantType, RegisteredScope, SigningAlgorithm
from authserver.scopes import OF_OPENID
from foundation import lifetimes
from tests.support.oauth import registered, token_request

pytestmark = pytest.mark.django_db

ISSUER = "https://id.vestibule.example"
OPENID, OAUTH, JWKS = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth/jwks"
DOCUMENTS = [OPENID, OAUTH, JWKS]
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}  # RFC 7518, section 6
FORWARDED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "8080",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "host=evil.example;proto=http",
    "X-Original-URL": "https://evil.example/",
    "Origin": "https://evil.example",
}
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _issuer(settings: Any) -> None:
    settings.PUBLIC_URL = ISSUER


def document(path: str = OPENID, **headers: str) -> Json:
    found = Browser().get(path, headers=headers)
    assert found.status_code == 200, found.content
    document: Json = found.json()
    return document


def texts(value: object) -> list[str]:
    """Return every text in a document."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.promise(55)
def test_the_issuer_is_the_public_url_to_the_letter() -> None:
    assert document()["issuer"] == ISSUER


@pytest.mark.promise(55)
@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("path", DOCUMENTS)
def test_nothing_that_a_request_says_of_our_address_counts(path: str, name: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    answer = Browser().get(path, headers={name: FORWARDED[name]}, query_params={"issuer": "https://evil.example"})
    assert answer.json() == document(path)
    assert "evil" not in answer.content.decode()


@pytest.mark.promise(55)
@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_host_that_is_not_ours_gets_no_document(path: str) -> None:
    assert Browser().get(path, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.promise(55)
def test_both_documents_are_equal() -> None:
    assert Browser().get(OPENID).content == Browser().get(OAUTH).content


@pytest.mark.promise(55)
def test_pkce_is_s256_only_and_nothing_unsafe_is_offered() -> None:
    found = document()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert {"implicit", "password"}.isdisjoint(found["grant_types_supported"])
    assert "fragment" not in found["response_modes_supported"]
    algorithms = {name: value for name, value in found.items() if name.endswith("alg_values_supported")}
    assert algorithms
    assert not any(alg.lower() == "none" or alg.startswith("HS") for value in algorithms.values() for alg in value)
    assert found["request_uri_parameter_supported"] is False
    assert found["request_parameter_supported"] is False


@pytest.mark.promise(55)
def test_every_address_is_below_the_issuer_with_its_scheme() -> None:
    found = document()
    addresses = {name: value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert {"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} <= addresses.keys()
    assert all(address.startswith(f"{ISSUER}/") for address in addresses.values())
    assert not any(text.startswith("http://") for text in texts(found))


@pytest.mark.promise(55)
def test_every_address_leads_to_an_endpoint() -> None:
    found = document()
    addresses = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    for address in addresses:
        path = address.removeprefix(ISSUER)
        assert resolve(path).url_name
        assert Browser().get(path).status_code in {200, 302, 400, 401, 405}, path
        assert Browser().post(path).status_code in {200, 302, 400, 401, 405}, path


@pytest.mark.promise(55)
def test_prompts_and_response_modes_are_those_of_the_authorization_endpoint(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    assert set(document()["prompt_values_supported"]) == PROMPTS
    assert set(document()["response_modes_supported"]) == RESPONSE_MODES
    settings.LOCAL_ACCOUNTS = "off"
    assert set(document()["prompt_values_supported"]) == PROMPTS - {"create"}


@pytest.mark.promise(55)
def test_every_grant_of_the_metadata_is_one_that_the_token_endpoint_knows() -> None:
    wanted = {"grants": [GrantType.AUTHORIZATION_CODE], "redirect_uris": ["https://app.example/callback"]}
    client, _ = registered(is_public=True, **wanted)
    for grant in [*document()["grant_types_supported"], "password", "implicit"]:
        answer: Any = token_request(Browser(), {"grant_type": grant, "client_id": client.client_id})
        is_unknown = answer.json()["error"] == "unsupported_grant_type"
        assert is_unknown == (grant in {"password", "implicit"}), grant


def test_members_have_the_types_of_the_specifications() -> None:
    """OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2."""
    found = document()
    required = {
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
        "subject_types_supported", "id_token_signing_alg_values_supported",
    }  # fmt: skip
    assert required <= found.keys()
    for name, value in found.items():
        if name.endswith(("_supported", "_registration")) and not isinstance(value, bool):
            assert isinstance(value, list), name
            assert value, f"{name} is left out if it is empty (RFC 8414, section 3.2)"
            assert all(isinstance(text, str) for text in value)
        assert value is not None
    assert "openid" in found["scopes_supported"]
    assert found["subject_types_supported"] == ["public"]
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert len(set(found["claims_supported"])) == len(found["claims_supported"])


def test_only_scopes_with_the_mark_are_listed() -> None:
    RegisteredScope.objects.create(name="reports:read")
    RegisteredScope.objects.create(name="reports:list", is_advertised=True)
    assert document()["scopes_supported"] == [*OF_OPENID, "reports:list"]


def test_the_algorithms_are_those_with_which_a_key_signs(settings: Any) -> None:
    assert document()["id_token_signing_alg_values_supported"] == SigningAlgorithm.values
    settings.OIDC_SIGNING_KEYS = [pairs.generate(SigningAlgorithm.RS256).pem]
    assert document()["id_token_signing_alg_values_supported"] == ["RS256"]


@pytest.mark.promise(66)
def test_the_keys_have_no_private_members_and_are_long_enough() -> None:
    keys = document(JWKS)["keys"]
    assert {key["alg"] for key in keys} == set(SigningAlgorithm.values)
    for key in keys:
        assert PRIVATE.isdisjoint(key)
        assert key["use"] == "sig"
        assert key["kid"] == pairs.thumbprint(key)
        assert "key_ops" not in key
        if key["kty"] == "RSA":
            assert len(pairs.read_jwk(key).public.public_numbers().n.to_bytes(256, "big")) * 8 >= 2048
            assert pairs.read_jwk(key).public.key_size >= 2048
    assert len({key["kid"] for key in keys}) == len(keys)


@pytest.mark.promise(66)
def test_configured_keys_are_published_in_their_order_and_the_first_of_each_algorithm_signs(settings: Any) -> None:
    known = [pairs.generate(one) for one in (SigningAlgorithm.RS256, SigningAlgorithm.ES256, SigningAlgorithm.RS256)]
    settings.OIDC_SIGNING_KEYS = [pair.pem for pair in known]
    assert [key["kid"] for key in document(JWKS)["keys"]] == [pair.kid for pair in known]
    assert ring.current().signer(SigningAlgorithm.RS256).kid == known[0].kid
    assert all(PRIVATE.isdisjoint(key) for key in document(JWKS)["keys"])


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_are_json_that_anybody_may_cache_for_five_minutes(path: str) -> None:
    answer = Browser().get(path)
    seconds = int(lifetimes.PUBLISHED_KEYS.total_seconds())
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == f"public, max-age={seconds}"
    assert "Pragma" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_head_request_gets_the_headers_of_a_get(path: str) -> None:
    answer, found = Browser().head(path), Browser().get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == found.headers["Cache-Control"]
    assert answer.headers["Content-Type"] == found.headers["Content-Type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", DOCUMENTS)
def test_other_methods_are_answered_with_those_that_are_allowed(path: str, method: str) -> None:
    answer = Browser(enforce_csrf_checks=True).generic(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert json.loads(answer.content)["error"] == "invalid_request"


@pytest.mark.parametrize("path", [f"{OPENID}/", f"{OAUTH}/x", f"{JWKS}/", "/.well-known/", "/oauth/"])
def test_only_the_exact_addresses_are_documents(path: str) -> None:
    assert Browser().get(path).status_code == 404


@pytest.mark.parametrize("path", DOCUMENTS)
def test_whoever_is_signed_in_gets_the_same_document(path: str) -> None:
    browser = Browser()
    browser.force_login(User.objects.create_user(username="ada"), backend="accounts.sign_in.backends.AccountBackend")
    assert browser.get(path).content == Browser().get(path).content


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_query_of_any_kind_changes_nothing(path: str) -> None:
    for query in ("?a=1&a=2", "?%00", "?" + "a" * 5000, "?%ff=%ff", "?callback=evil"):
        answer = Browser().get(path + query)
        assert (answer.status_code, answer.content) == (200, Browser().get(path).content)
