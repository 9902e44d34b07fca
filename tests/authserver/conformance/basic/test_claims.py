"""Modules about userinfo, and the claims that scopes and the parameter ``claims`` release."""

import json

import pytest

from tests.authserver.conformance.suite import Suite

pytestmark = pytest.mark.django_db

ABOUT_ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "email_verified": True}


def test_oidcc_userinfo_get(suite: Suite) -> None:
    """Userinfo answers GET with the token in the `Authorization` header, and says the `sub` of the ID token."""
    found = suite.sign_in()

    assert suite.userinfo(found.access_token, "GET")["sub"] == found.claims["sub"]


def test_oidcc_userinfo_post_header(suite: Suite) -> None:
    """Userinfo answers POST with the token in the `Authorization` header."""
    found = suite.sign_in()

    assert suite.userinfo(found.access_token, "POST")["sub"] == found.claims["sub"]


@pytest.mark.promise(67)
def test_oidcc_userinfo_post_body(suite: Suite) -> None:
    """The suite warns here: userinfo refuses a token in the body with `invalid_request`, and says where it belongs."""
    found = suite.sign_in()

    response = suite.call("POST", suite.metadata["userinfo_endpoint"], {"access_token": found.access_token})

    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]
    assert found.claims["sub"] not in response.content.decode()


def test_oidcc_scope_profile(suite: Suite) -> None:
    """`profile` releases the name at userinfo, in the right type, and no address."""
    assert "profile" in suite.metadata["scopes_supported"]

    claims = suite.userinfo(suite.sign_in(scope="openid profile").access_token)

    assert claims["name"] == ABOUT_ADA["name"]
    assert "email" not in claims


def test_oidcc_scope_email(suite: Suite) -> None:
    """`email` releases the address and whether it is verified at userinfo, and no name."""
    assert "email" in suite.metadata["scopes_supported"]

    claims = suite.userinfo(suite.sign_in(scope="openid email").access_token)

    assert (claims["email"], claims["email_verified"]) == (ABOUT_ADA["email"], True)
    assert "name" not in claims


@pytest.mark.parametrize("scope", ["address"])
def test_oidcc_scope_address(suite: Suite, scope: str) -> None:
    """The suite skips it: `address` is not in `scopes_supported`, and asking for it is `invalid_scope`."""
    assert scope not in suite.metadata["scopes_supported"]
    assert scope not in suite.metadata["claims_supported"]
    assert suite.authorize(scope=f"openid {scope}")["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", ["phone"])
def test_oidcc_scope_phone(suite: Suite, scope: str) -> None:
    """The suite skips it: `phone` is not in `scopes_supported`, and asking for it is `invalid_scope`."""
    assert scope not in suite.metadata["scopes_supported"]
    assert not {"phone_number", "phone_number_verified"} & set(suite.metadata["claims_supported"])
    assert suite.authorize(scope=f"openid {scope}")["error"] == "invalid_scope"


def test_oidcc_scope_all(suite: Suite) -> None:
    """The suite skips it, because two scopes are missing. All that are advertised can be asked for together."""
    assert not {"profile", "email", "address", "phone"} <= set(suite.metadata["scopes_supported"])

    found = suite.sign_in(scope=" ".join(suite.metadata["scopes_supported"]))

    assert ABOUT_ADA.items() <= suite.userinfo(found.access_token).items()
    assert found.tokens["scope"].split() == suite.metadata["scopes_supported"]


def test_oidcc_claims_essential(suite: Suite) -> None:
    """The parameter `claims` releases a single essential claim at userinfo, without its scope."""
    assert suite.metadata["claims_parameter_supported"] is True

    found = suite.sign_in(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    claims = suite.userinfo(found.access_token)

    assert claims["name"] == ABOUT_ADA["name"]
    assert "email" not in claims
