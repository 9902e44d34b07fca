"""The modules of the back-channel logout plan. Its logout tokens come over real HTTP."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from authserver.tasks import send_logout_notices
from tests.authserver.conformance.browser import Arrival, Person
from tests.authserver.conformance.suite import AFTER_LOGOUT, LOGOUT_RECEIVER, Suite
from tests.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = "http://schemas.openid.net/event/backchannel-logout"  # Back-Channel Logout 1.0, section 2.4


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(200) as server:
        yield server


def logout_token_claims(token: str, suite: Suite) -> dict[str, Any]:
    """Return the claims of a logout token after the checks of section 2.6."""
    header = jwt.get_unverified_header(token)
    [key] = [one for one in suite.keys["keys"] if one["kid"] == header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK.from_dict(key),
        algorithms=["RS256"],
        issuer=suite.metadata["issuer"],
        audience=suite.first.client_id,
        options={"require": ["iss", "aud", "iat", "exp", "jti", "events"]},
    )
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    return claims


def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """The metadata says that back-channel logout is supported, with the `sid` of the session."""
    assert suite.metadata["backchannel_logout_supported"] is True
    assert suite.metadata["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(person: Person, receiver: Receiver) -> None:
    """Signing out sends the client a logout token with the `sid` of the ID token; `prompt=none` then fails."""
    suite = Suite(person, "query", backchannel_logout_uri=f"{receiver.url}{urlsplit(LOGOUT_RECEIVER).path}")
    signed_in = suite.sign_in()
    assert signed_in.claims["sid"]

    place = suite.log_out(
        id_token_hint=signed_in.tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT, state="a state"
    )
    send_logout_notices()

    assert place == Arrival(url=AFTER_LOGOUT, method="GET", parameters={"state": "a state"})
    [came] = receiver.came
    assert came.headers["content-type"] == "application/x-www-form-urlencoded"
    assert came.path.endswith(urlsplit(LOGOUT_RECEIVER).path)
    [token] = parse_qs(came.body.decode())["logout_token"]
    claims = logout_token_claims(token, suite)
    assert (claims["sub"], claims["sid"]) == (signed_in.claims["sub"], signed_in.claims["sid"])
    assert suite.is_signed_out()
