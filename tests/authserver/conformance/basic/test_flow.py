"""Modules about the request, the ID token and how the client authenticates."""

import secrets
from typing import Any

import jwt
import pytest

from tests.authserver.conformance.browser import Arrival
from tests.authserver.conformance.suite import CALLBACK, Suite, relying_party
from tests.support.apps import App

pytestmark = pytest.mark.django_db


def test_oidcc_server(suite: Suite) -> None:
    """A person signs in and agrees. The answer, the tokens, the ID token and userinfo pass every check."""
    found = suite.sign_in()

    assert suite.person.seen[:3] == ["/accounts/login/", "/accounts/local/login/", "/oauth/authorize"]
    assert "refresh_token" not in found.tokens


def test_oidcc_response_type_missing(suite: Suite) -> None:
    """Without `response_type` the client gets `invalid_request` and no code."""
    answer = suite.authorize(response_type=None)

    assert answer["error"] == "invalid_request"
    assert "code" not in answer


def test_oidcc_idtoken_signature(suite: Suite) -> None:
    """A client that chose no algorithm gets ID tokens signed with RS256, by a published key."""
    header = jwt.get_unverified_header(suite.sign_in().tokens["id_token"])

    assert header["alg"] == "RS256"
    assert header["kid"] in {key["kid"] for key in suite.keys["keys"] if key["kty"] == "RSA"}


def test_oidcc_idtoken_unsigned(suite: Suite) -> None:
    """The suite skips it: the metadata does not offer `none`. ID tokens are signed."""
    assert "none" not in suite.metadata["id_token_signing_alg_values_supported"]
    assert suite.sign_in().tokens["id_token"].split(".")[2]


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: Suite) -> None:
    """A request without `nonce` succeeds, and the ID token has none."""
    assert "nonce" not in suite.sign_in(nonce=None).claims


def test_oidcc_alternate_happy_flow(suite: Suite) -> None:
    """The order of scopes and of parameters is free."""
    turned = dict(reversed(suite.parameters(scope="email profile openid").items()))

    found = suite.finish(suite.answer_of(suite.person.visit(suite.url(turned)), turned), turned)

    assert sorted(found.tokens["scope"].split()) == ["email", "openid", "profile"]


@pytest.mark.parametrize("display", ["page"])
def test_oidcc_display_page(suite: Suite, display: str) -> None:
    """`display=page` succeeds."""
    assert suite.sign_in(display=display).claims


@pytest.mark.parametrize("display", ["popup"])
def test_oidcc_display_popup(suite: Suite, display: str) -> None:
    """`display=popup` succeeds."""
    assert suite.sign_in(display=display).claims


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite: Suite) -> None:
    """A parameter that nobody knows is ignored."""
    assert "extra" not in suite.sign_in(extra="foobar").answer


@pytest.mark.promise(56)
def test_oidcc_ensure_registered_redirect_uri(suite: Suite) -> None:
    """A redirect URI that is not registered gets an error page that a script can recognise, and no redirect."""
    for uri in (f"{CALLBACK}/not-registered", CALLBACK.replace("suite", "other"), f"{CALLBACK}?dummy=1"):
        suite.refused(suite.parameters(redirect_uri=uri))

    assert set(suite.person.seen) == {"/oauth/authorize"}


@pytest.mark.parametrize("signed_in", [False, True], ids=["visitor", "signed-in"])
def test_oidcc_ensure_post_request_succeeds(suite: Suite, signed_in: bool) -> None:  # noqa: FBT001  # a parameter
    """An authorization request by POST from another site succeeds, though the browser sends no cookie with it."""
    if signed_in:
        suite.sign_in()
        suite.person.seen.clear()
    parameters = suite.parameters()

    place = suite.person.post_from_suite(suite.metadata["authorization_endpoint"], parameters)

    assert suite.finish(suite.answer_of(place, parameters), parameters).claims
    assert ("/accounts/login/" in suite.person.seen) is not signed_in


def test_oidcc_server_client_secret_post(suite: Suite) -> None:
    """The whole flow for a client that sends its secret in the body (`client_secret_post`)."""
    assert "client_secret_post" in suite.metadata["token_endpoint_auth_methods_supported"]
    assert suite.sign_in(suite.by_post).claims["aud"] == suite.by_post.client_id


@pytest.mark.promise(57)
def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite: Suite) -> None:
    """PKCE with S256 succeeds for clients with and without the switch of the certification; a wrong verifier fails."""
    for party in (suite.first, relying_party("ordinary", is_pkce_optional=False)):
        usual = App(client=party.client, secret=party.secret, callback=CALLBACK)
        challenge: dict[str, Any] = {name: usual.parameters()[name] for name in CHALLENGE}
        parameters = suite.parameters(client_id=party.client_id, **challenge)

        def answer(parameters: dict[str, str] = parameters) -> dict[str, str]:
            return suite.answer_of(suite.person.visit(suite.url(parameters)), parameters)

        assert suite.finish(answer(), parameters, party, code_verifier=usual.verifier).claims
        for wrong in ({}, {"code_verifier": secrets.token_urlsafe(48)}):
            assert suite.error_of(suite.redeem(answer()["code"], party, **wrong)) == "invalid_grant"


CHALLENGE = ("code_challenge", "code_challenge_method")


@pytest.mark.promise(57)
def test_the_switch_of_the_certification_does_not_exist_in_production(suite: Suite, settings: Any) -> None:
    settings.PKCE_MAY_BE_OPTIONAL = False

    place = suite.person.visit(suite.url(suite.parameters()))

    assert isinstance(place, Arrival)
    assert place.parameters["error"] == "invalid_request"
