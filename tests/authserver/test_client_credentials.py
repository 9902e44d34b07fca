"""Apps that get tokens in their own name (RFC 6749, section 4.4), and requests that are no requests."""

import json
import time
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client as Browser
from jwt import PyJWK, PyJWS
from jwt.algorithms import OKPAlgorithm

from audit.models import Entry
from authserver.models import AccessToken, Client, GrantType, SigningAlgorithm, TokenFormat
from authserver.tokens import access
from authserver.tokens.digests import digest_of
from tests.support.oauth import FORM, TOKEN, basic, document, registered, token_request

pytestmark = pytest.mark.django_db
OWN = {"grant_type": "client_credentials"}
API = "https://api.example/"


def answered(client: Client, secret: str, **fields: Any) -> dict[str, Any]:
    answer = token_request(Browser(), OWN | fields, basic(client.client_id, secret))
    return document(answer) | {"status": answer.status_code}


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT, whose signature is checked with our published keys."""
    keys = Browser().get("/oauth/jwks").json()["keys"]
    read = PyJWS().decode_complete(token, options={"verify_signature": False})
    (key,) = [one for one in keys if one["kid"] == read["header"]["kid"]]
    reader = PyJWS()
    if key["alg"] == "Ed25519":  # PyJWT only knows its former name
        reader.register_algorithm("Ed25519", OKPAlgorithm())
    public: Any = OKPAlgorithm.from_jwk(key) if key["kty"] == "OKP" else PyJWK(key).key
    reader.decode(token, public, algorithms=[key["alg"]])
    return read["header"], json.loads(read["payload"])


@pytest.mark.promise(63)
def test_an_app_gets_a_token_in_its_own_name_and_nothing_else() -> None:
    client, secret = registered(scopes=["reports:read"], grants=list(GrantType), redirect_uris=["https://app.example/"])
    answer = token_request(Browser(), OWN | {"scope": "reports:read"}, basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content
    assert document(answer).keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (document(answer)["scope"], document(answer)["token_type"]) == ("reports:read", "Bearer")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.headers["Content-Type"] == "application/json"
    (entry,) = Entry.objects.filter(action="tokens.issued")
    assert (entry.actor_kind, entry.actor_id) == ("service", str(client.pk))
    assert document(answer)["access_token"] not in str(list(Entry.objects.values()))


@pytest.mark.promise(63)
@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_a_token_has_the_header_and_the_claims_of_rfc_9068(algorithm: SigningAlgorithm) -> None:
    client, secret = registered(scopes=["a", "b"], resources=[API], signing_algorithm=algorithm)
    answer = answered(client, secret, scope="b a", resource=API)
    header, claims = opened(answer["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", algorithm.value)
    assert header.keys() == {"typ", "alg", "kid"}
    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "client_id", "scope"}
    assert (claims["iss"], claims["aud"], claims["scope"]) == (settings.PUBLIC_URL, API, "b a")
    assert (claims["sub"], claims["client_id"]) == (str(client.pk), client.client_id)
    assert claims["exp"] - claims["iat"] == answer["expires_in"] <= 900
    assert abs(claims["iat"] - time.time()) < 30
    _, second = opened(answered(client, secret)["access_token"])
    assert second["jti"] != claims["jti"]


@pytest.mark.promise(63)
def test_the_subject_is_the_app_and_never_that_of_a_person() -> None:
    client, secret = registered()
    _, claims = opened(answered(client, secret)["access_token"])
    assert UUID(claims["sub"]).version == 8
    assert not claims.keys() & {
        "email",
        "name",
        "role",
        "tenant_id",
        "organization_ids",
        "org_role",
        "sid",
        "auth_time",
    }


@pytest.mark.promise(63)
@pytest.mark.parametrize(
    "asked",
    [
        "reports:write",
        "reports",
        "REPORTS:READ",
        "reports:read reports:write",
        "*",
        "reports:*",
        "\u00fc",
        "reports:read\t",
    ],
)
def test_an_app_gets_the_scopes_that_it_may_have_and_no_others(asked: str) -> None:
    client, secret = registered(scopes=["reports:read", "openid"])
    assert answered(client, secret)["scope"] == ""  # no scope means none
    assert answered(client, secret, scope="reports:read reports:read")["scope"] == "reports:read"
    answer = answered(client, secret, scope=asked)
    assert (answer["status"], answer["error"]) == (400, "invalid_scope")
    assert asked not in answer["error_description"]


@pytest.mark.promise(63)
@pytest.mark.parametrize("scope", ["openid", "profile", "email", "offline_access", "reports:read openid"])
def test_nothing_about_people_is_released_to_an_app_in_its_own_name(scope: str) -> None:
    every = ["openid", "profile", "email", "offline_access", "reports:read"]
    client, secret = registered(scopes=every)
    answer = answered(client, secret, scope=scope)
    assert (answer["status"], answer["error"]) == (400, "invalid_scope")


@pytest.mark.promise(63)
def test_resource_servers_are_denied_unless_they_were_registered_with_the_app() -> None:
    other = "https://other.example/"
    client, secret = registered(resources=[API, other])
    bare, bare_secret = registered()
    for resource, audience in (
        (API, API), ([API, other], [API, other]), ([API, API], API), (settings.PUBLIC_URL, settings.PUBLIC_URL),
    ):  # fmt: skip
        assert opened(answered(client, secret, resource=resource)["access_token"])[1]["aud"] == audience
    assert opened(answered(client, secret)["access_token"])[1]["aud"] == settings.PUBLIC_URL
    for wrong in ("https://third.example/", API[:-1], API.upper(), f"{API}#x", f"{API}x", "reports", [API, "x"], " "):
        answer = answered(client, secret, resource=wrong)
        assert (answer["status"], answer["error"]) == (400, "invalid_target"), wrong
    assert answered(bare, bare_secret, resource=API)["error"] == "invalid_target"


def test_an_opaque_token_says_nothing_and_is_stored_as_a_digest() -> None:
    client, secret = registered(token_format=TokenFormat.OPAQUE, scopes=["a"], resources=[API])
    answer = answered(client, secret, scope="a", resource=API)
    token, row = answer["access_token"], AccessToken.objects.get()
    assert token.startswith(access.PREFIX)
    assert "." not in token
    assert len(token) >= 43
    assert (row.digest, row.scopes, row.resources) == (digest_of(token), ["a"], [API])
    assert token not in str(list(AccessToken.objects.values()))
    assert 0 < (row.expires_at - row.created_at).total_seconds() <= 900


def test_an_app_that_is_not_registered_for_the_grant_is_refused_by_name() -> None:
    client, secret = registered(grants=[GrantType.AUTHORIZATION_CODE], redirect_uris=["https://app.example/"])
    assert answered(client, secret)["error"] == "unauthorized_client"
    assert Entry.objects.filter(action="tokens.refused", details__reason="unauthorized_client").exists()


@pytest.mark.promise(55)
@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "x" * 5000])
def test_other_grants_do_not_exist(grant: str) -> None:
    client, secret = registered(grants=list(GrantType), redirect_uris=["https://app.example/"])
    answer = answered(client, secret, grant_type=grant)
    assert (answer["status"], answer["error"]) == (400, "unsupported_grant_type")
    assert grant not in answer["error_description"]


@pytest.mark.promise(63)
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("grant_type=client_credentials&grant_type=client_credentials", FORM, 400),
        ("grant_type=client_credentials&grant_type=password", FORM, 400),
        ("grant_type=client_credentials&scope=a&scope=a", FORM, 400),
        ("grant_type=client_credentials&scope=a%00", FORM, 400),
        ("grant_type=client_credentials&a%00=b", FORM, 400),
        ("grant_type=client_credentials&scope=%FF%FE", FORM, 400),
        ("grant_type=client_credentials&scope=%ED%A0%80", FORM, 400),
        (b"grant_type=client_credentials&scope=\xff", FORM, 400),
        ("grant_type=", FORM, 400),
        ("scope=a", FORM, 400),
        ("grant_type[]=client_credentials", FORM, 400),
        ("&".join(f"p{n}=x" for n in range(200)), FORM, 400),
        ("grant_type=client_credentials&x=" + "a" * 1_000_000, FORM, 413),
        ("a" * 1_000_000, FORM, 413),
        ("a" * 4_000_000, FORM, 413),
        (json.dumps(OWN), "application/json", 400),
        (json.dumps(OWN), FORM, 400),
        ("grant_type=client_credentials", "text/plain", 400),
        ("grant_type=client_credentials", "multipart/form-data; boundary=x", 400),
        ("grant_type=client_credentials", "", 400),
    ],
)  # fmt: skip
def test_a_request_that_is_none_gets_the_error_code_of_the_rfc(body: str | bytes, kind: str, status: int) -> None:
    client, secret = registered(scopes=["a"])
    answer = Browser().generic("POST", TOKEN, body, kind, headers={"Authorization": basic(client.client_id, secret)})
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"]


def test_unknown_and_empty_parameters_count_as_omitted() -> None:
    client, secret = registered(scopes=["a"])
    assert answered(client, secret, made_up="x", scope="", resource="")["scope"] == ""
    charset = f"{FORM}; charset=utf-8"
    auth = {"Authorization": basic(client.client_id, secret)}
    assert Browser().post(TOKEN, "grant_type=client_credentials", charset, headers=auth).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MADEUP"])
def test_only_post_asks_for_a_token(method: str) -> None:
    answer = Browser().generic(method, TOKEN)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert method == "HEAD" or answer.json()["error"] == "invalid_request"


def test_a_cookie_of_a_person_counts_for_nothing(admin_client: Browser) -> None:
    answer = token_request(admin_client, OWN)
    assert (answer.status_code, document(answer)["error"]) == (401, "invalid_client")
