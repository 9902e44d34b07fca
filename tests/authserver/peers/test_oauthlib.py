"""oauthlib, a Python library, as a client: it writes the requests and reads the answers, and requests carries them."""

from typing import Any

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError, MismatchingStateError
from requests.auth import HTTPBasicAuth

from accounts.models import User
from tests.authserver.peers.person import SECONDS, Person
from tests.support.apps import App, app
from tests.support.oauth import FORM, registered

pytestmark = pytest.mark.django_db(transaction=True)

SCOPE = ["openid", "profile", "offline_access"]


@pytest.fixture(autouse=True)
def _without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library talk to the server of the tests, which is on this machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def sent(issuer: str, body: str, client_id: str, secret: str, path: str = "/oauth/token") -> str:
    """Post what the library wrote, authenticated by HTTP Basic, and return the text of the answer."""
    auth = HTTPBasicAuth(client_id, secret)
    headers = {"Content-Type": FORM}
    return requests.post(f"{issuer}{path}", body, headers=headers, auth=auth, timeout=SECONDS).text


def by(own: App, issuer: str, body: str) -> str:
    return sent(issuer, body, own.client.client_id, own.secret)


def asked(peer: Any, own: App, issuer: str, person: Person) -> str:
    """Send a person to Vestibule, and return the URL of the answer."""
    verifier = peer.create_code_verifier(64)
    url = peer.prepare_request_uri(
        f"{issuer}/oauth/authorize",
        redirect_uri=own.callback,
        scope=SCOPE,
        state="a state",
        code_challenge=peer.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
    )
    return person.is_sent_to(own.callback, url)


def sign_in(peer: Any, own: App, issuer: str, person: Person) -> Any:
    """Sign a person in at the app, and return the tokens as the library reads them."""
    answer = asked(peer, own, issuer, person)
    peer.parse_request_uri_response(answer, state="a state")
    body = peer.prepare_request_body(redirect_uri=own.callback, code_verifier=peer.code_verifier)
    return peer.parse_request_body_response(by(own, issuer, body), scope=SCOPE)


def test_a_program_gets_a_token_in_its_own_name(vestibule: str) -> None:
    machine, secret = registered(scopes=["harbour:read"])
    peer = BackendApplicationClient(machine.client_id)

    body = peer.prepare_request_body(scope=["harbour:read"])
    token = peer.parse_request_body_response(sent(vestibule, body, machine.client_id, secret))

    assert token["token_type"] == "Bearer"
    assert token.scopes == ["harbour:read"]
    assert peer.access_token == token["access_token"]


def test_a_program_is_refused_more_than_it_may_ask_for(vestibule: str) -> None:
    machine, secret = registered(scopes=["harbour:read"])
    peer = BackendApplicationClient(machine.client_id)
    body = peer.prepare_request_body(scope=["harbour:write"])

    with pytest.raises(InvalidScopeError):
        peer.parse_request_body_response(sent(vestibule, body, machine.client_id, secret))


def test_a_person_signs_in_and_the_tokens_are_refreshed(vestibule: str, ada: Person) -> None:
    own = app(is_first_party=False)
    peer = WebApplicationClient(own.client.client_id)
    first = sign_in(peer, own, vestibule, ada)

    body = peer.prepare_refresh_body(refresh_token=first["refresh_token"], scope=SCOPE)
    second = peer.parse_request_body_response(by(own, vestibule, body), scope=SCOPE)

    assert User.objects.count() == 1
    assert set(first.scopes) == set(second.scopes) == set(SCOPE)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]


def test_oauthlib_refuses_an_answer_with_another_state(vestibule: str, ada: Person) -> None:
    own = app()
    peer = WebApplicationClient(own.client.client_id)
    answer = asked(peer, own, vestibule, ada)

    with pytest.raises(MismatchingStateError):
        peer.parse_request_uri_response(answer, state="another")


def test_oauthlib_is_refused_with_the_refresh_token_of_another_app(vestibule: str, ada: Person) -> None:
    own, other = app(), app()
    tokens = sign_in(WebApplicationClient(own.client.client_id), own, vestibule, ada)
    peer = WebApplicationClient(other.client.client_id)

    body = peer.prepare_refresh_body(refresh_token=tokens["refresh_token"])

    with pytest.raises(InvalidGrantError):
        peer.parse_request_body_response(by(other, vestibule, body))
