"""The module of the config plan."""

from urllib.parse import urlsplit

import pytest

from tests.authserver.conformance.browser import OP
from tests.authserver.conformance.suite import Suite

pytestmark = pytest.mark.django_db

LISTS = (
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "claims_supported",
    "prompt_values_supported",
)
REQUIRED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)  # OpenID Connect Discovery 1.0, section 3, of a provider with the code flow


@pytest.mark.promise(55)
def test_oidcc_discovery_endpoint_verification(suite: Suite) -> None:
    """The metadata is JSON with the exact issuer, every URL is https, and every member has the type that it must have.

    What it says about languages and algorithms is checked too: BCP 47 names, S256, RS256, and never ``none``.
    """
    response = suite.call("GET", f"{OP}/.well-known/openid-configuration")
    metadata = suite.metadata

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert metadata["issuer"] == OP
    assert [name for name in REQUIRED if not metadata.get(name)] == []
    urls = {name: metadata[name] for name in metadata if name.endswith(("_endpoint", "_uri")) or name == "issuer"}
    assert [name for name, url in urls.items() if urlsplit(url).scheme != "https" or "#" in url] == []
    assert [name for name in LISTS if not _is_list_of_words(metadata[name])] == []
    flags = {name: value for name, value in metadata.items() if isinstance(value, bool)}
    assert flags["claims_parameter_supported"]
    assert not flags["request_uri_parameter_supported"], "it is true if it is left out"
    assert {"openid"} <= set(metadata["scopes_supported"])
    assert metadata["response_types_supported"] == ["code"]
    assert {"query", "form_post"} <= set(metadata["response_modes_supported"])
    assert "authorization_code" in metadata["grant_types_supported"]
    assert metadata["subject_types_supported"] == ["public"]
    assert {"client_secret_basic", "client_secret_post"} <= set(metadata["token_endpoint_auth_methods_supported"])
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert not [
        name for name, value in metadata.items() if isinstance(value, list) and "none" in value and "alg" in name
    ]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert {"sub", "iss", "name", "email", "email_verified"} <= set(metadata["claims_supported"])
    assert all(_is_list_of_words(metadata[name]) for name in metadata if name.endswith("locales_supported"))
    assert {key["use"] for key in suite.keys["keys"]} == {"sig"}


def _is_list_of_words(value: object) -> bool:
    """Whether a value is a list of distinct words, and not empty."""
    words = value if isinstance(value, list) else []
    return bool(words) and len(set(words)) == len(words) and all(isinstance(one, str) and one for one in words)
