"""A real Keycloak at which the product is set up wrongly: that is no outage, and everybody learns what it is."""

from typing import Any

import pytest

from audit.models import Entry
from providers import registry
from tests.keycloak.person import Person
from tests.keycloak.server import Keycloak

pytestmark = pytest.mark.django_db(transaction=True)

SET_UP = b"Signing in with Keycloak is set up wrongly"
OUTAGES = (b"is not answering", b"Wait a moment", b"did not pass our security checks")

# What is changed at the client while somebody is at Keycloak, and what its token endpoint says of it (RFC 6749, 5.2).
AT_THE_TOKEN_ENDPOINT: dict[str, tuple[dict[str, Any], str]] = {
    "the secret": ({"secret": "another"}, "the token endpoint answered 401 with unauthorized_client"),
    "how it proves itself": (
        {"clientAuthenticatorType": "client-jwt"},
        "the token endpoint answered 400 with invalid_client",
    ),
    "whether it is on": ({"enabled": False}, "the token endpoint answered 401 with invalid_client"),
}
# What is changed before, so that Keycloak sends the browser back with an error (RFC 6749, 4.1.2.1).
IN_THE_CALLBACK: dict[str, tuple[dict[str, Any], str]] = {
    "the flow": ({"standardFlowEnabled": False}, "unauthorized_client"),
    "pushed requests": ({"attributes": {"require.pushed.authorization.requests": "true"}}, "invalid_request"),
}


def check_told(page: Any, detail: str, caplog: pytest.LogCaptureFixture) -> None:
    assert (page.status_code, SET_UP in page.content) == (424, True), page.content
    assert [words for words in OUTAGES if words in page.content] == []
    details = Entry.objects.get(action="sign_in.refused").details
    assert details
    assert details["detail"] == detail
    assert f"detail={detail}" in caplog.text
    assert details["reference"].encode() in page.content
    assert not registry.get("keycloak").is_down


@pytest.mark.promise(21)
@pytest.mark.parametrize("what", AT_THE_TOKEN_ENDPOINT)
def test_what_the_token_endpoint_says_is_told(
    ada: Person, keycloak: Keycloak, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """Kind: wrong set-up that looks like an outage."""
    change, detail = AT_THE_TOKEN_ENDPOINT[what]
    back = ada.answer_of_keycloak(ada.start())
    keycloak.change_client(**change)

    check_told(ada.come_back(back), detail, caplog)
    assert not ada.is_signed_in()


@pytest.mark.promise(21)
@pytest.mark.parametrize("what", IN_THE_CALLBACK)
def test_what_comes_back_with_the_browser_is_told(
    ada: Person, keycloak: Keycloak, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """Kind: wrong set-up that looks like a forged answer."""
    change, error = IN_THE_CALLBACK[what]
    keycloak.change_client(**change)

    check_told(ada.sign_in(), f"the provider answered {error}", caplog)
    assert not ada.is_signed_in()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"redirectUris": ["https://elsewhere.example/callback/"]}, "Invalid parameter: redirect_uri"),
        ({"clientId": "renamed"}, "Client not found"),
        ({"enabled": False}, "Client disabled"),
    ],
    ids=["redirect URI", "client id", "client off"],
)
def test_what_keycloak_tells_by_itself_is_no_outage_of_it(
    ada: Person, keycloak: Keycloak, change: dict[str, Any], says: str
) -> None:
    """Kind: the same; its own page has to say it, for it must not send the browser back (RFC 6749, 4.1.2.1)."""
    keycloak.change_client(**change)

    status, _, page = ada.open(ada.start())

    assert (status, says in page) == (400, True), page
    assert not registry.get("keycloak").is_down
    assert b"not answering" not in ada.client.get("/accounts/login/").content
