"""Modules about codes that come twice, refresh tokens, and request objects."""

import socket
from collections.abc import Iterator

import pytest

from tests.authserver.conformance.suite import CALLBACK, Suite, unsigned
from tests.support.authorized import later

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that would notice a connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def status_at_userinfo(suite: Suite, access_token: str) -> int:
    response = suite.call("GET", suite.metadata["userinfo_endpoint"], Authorization=f"Bearer {access_token}")
    return response.status_code


@pytest.mark.promise(58)
def test_oidcc_codereuse(suite: Suite) -> None:
    """A code that is used a second time at once is refused with `invalid_grant`."""
    first = suite.sign_in()

    assert suite.error_of(suite.redeem(first.answer["code"])) == "invalid_grant"


@pytest.mark.promise(58)
def test_oidcc_codereuse_30seconds(suite: Suite) -> None:
    """A code that is used again after 30 seconds gets `invalid_grant`, and the first access token is revoked."""
    first = suite.sign_in()
    later(seconds=30)
    assert status_at_userinfo(suite, first.access_token) == 200

    assert suite.error_of(suite.redeem(first.answer["code"])) == "invalid_grant"
    assert status_at_userinfo(suite, first.access_token) == 401


@pytest.mark.promise(62)
def test_oidcc_refresh_token(suite: Suite) -> None:
    """With `offline_access` a refresh gives new tokens for the same sign-in; another client's attempt is refused."""
    first = suite.sign_in(scope="openid offline_access", prompt="consent")
    assert suite.error_of(suite.refresh(first.tokens["refresh_token"], suite.second)) == "invalid_grant"

    response = suite.refresh(first.tokens["refresh_token"])
    tokens = response.json()  # type: ignore[attr-defined]
    claims = suite.id_token(tokens)

    assert response.status_code == 200
    assert tokens["access_token"] != first.access_token
    assert suite.userinfo(tokens["access_token"])["sub"] == first.claims["sub"]
    assert all(claims[name] == first.claims[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert claims.get("nonce", first.claims["nonce"]) == first.claims["nonce"]
    assert suite.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.promise(65)
def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    suite: Suite, listener: socket.socket
) -> None:
    """The suite skips it: the metadata offers no request URI. One is `request_uri_not_supported`, and not fetched."""
    assert suite.metadata["request_uri_parameter_supported"] is False
    assert "none" not in suite.metadata.get("request_object_signing_alg_values_supported", [])
    here = f"http://127.0.0.1:{listener.getsockname()[1]}/request"

    assert suite.authorize(request_uri=here)["error"] == "request_uri_not_supported"
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.promise(65)
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(suite: Suite) -> None:
    """The suite skips it: the metadata offers no request objects. One is `request_not_supported`, not ignored."""
    assert suite.metadata["request_parameter_supported"] is False
    assert "none" not in suite.metadata.get("request_object_signing_alg_values_supported", [])

    answer = suite.authorize(request=unsigned(suite.parameters()))

    assert answer["error"] == "request_not_supported"


@pytest.mark.promise(56)
def test_oidcc_ensure_request_object_with_redirect_uri(suite: Suite) -> None:
    """The suite skips it likewise. A redirect URI inside of a request object counts nowhere: an error page."""
    inside = unsigned(suite.parameters())

    suite.refused(suite.parameters(request=inside, redirect_uri=f"{CALLBACK}/not-registered"))
    suite.refused(suite.parameters(request=inside, redirect_uri=None))
