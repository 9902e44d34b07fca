"""Authlib, a Python library, as a client: its Django integration for people, and its OAuth2Session for programs."""

import re
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from authlib.integrations.django_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.http import HttpRequest
from django.test import RequestFactory
from joserfc.errors import InvalidClaimError

from accounts.models import User
from authserver.models import Client, SigningAlgorithm
from tenancy import site_context
from tests.authserver.peers.person import SIGN_IN, Person
from tests.support.apps import App, app
from tests.support.oauth import registered

pytestmark = pytest.mark.django_db(transaction=True)

SCOPE = "openid profile email offline_access"


def client(own: App, issuer: str) -> Any:
    """Return Authlib's client of an app, as its documentation sets one up for OpenID Connect."""
    return OAuth().register(
        "vestibule",
        client_id=own.client.client_id,
        client_secret=own.secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
    )


def request(url: str, session: dict[str, Any]) -> HttpRequest:
    """Return a request to the app in a browser with this session there."""
    parts = urlsplit(url)
    found = RequestFactory().get(f"{parts.path}?{parts.query}")
    found.session = session  # type: ignore[assignment]  # Authlib uses it as a dictionary
    return found


def sign_in(peer: Any, own: App, person: Person, session: dict[str, Any], **more: str) -> dict[str, Any]:
    """Sign a person in at the app, and return the tokens with the claims of the ID token as ``userinfo``."""
    started = peer.authorize_redirect(request(own.callback, session), own.callback, **more)
    answer = person.is_sent_to(own.callback, started.headers["Location"])
    found: dict[str, Any] = peer.authorize_access_token(request(answer, session))
    return found


def test_a_person_signs_in_and_authlib_verifies_the_id_token(vestibule: str, ada: Person) -> None:
    own = app(is_first_party=False)

    tokens = sign_in(client(own, vestibule), own, ada, {})

    user = User.objects.get()
    assert ada.pages == [SIGN_IN, "/oauth/authorize"]
    assert tokens["userinfo"]["sub"] == str(user.pk)
    assert tokens["userinfo"]["email"] == user.email
    assert tokens["userinfo"]["aud"] == own.client.client_id
    assert tokens["expires_in"] == 600
    assert tokens["scope"] == SCOPE


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_refreshes(vestibule: str, ada: Person, method: str) -> None:
    own = app()
    tokens = sign_in(client(own, vestibule), own, ada, {})

    with session_of(own, vestibule, method) as peer:
        again = peer.refresh_token(f"{vestibule}/oauth/token", tokens["refresh_token"])

    assert again["access_token"] != tokens["access_token"]
    assert again["refresh_token"] != tokens["refresh_token"]


def session_of(own: App, issuer: str, method: str = "client_secret_basic") -> Any:
    return OAuth2Session(
        own.client.client_id,
        own.secret,
        token_endpoint=f"{issuer}/oauth/token",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )


def test_a_program_gets_a_token_in_its_own_name(vestibule: str) -> None:
    machine, secret = registered(scopes=["harbour:read"])

    with OAuth2Session(machine.client_id, secret, scope="harbour:read") as peer:
        token = peer.fetch_token(f"{vestibule}/oauth/token", grant_type="client_credentials")

    assert token["scope"] == "harbour:read"
    assert "refresh_token" not in token


@pytest.mark.parametrize("algorithm", [SigningAlgorithm.RS256, SigningAlgorithm.ES256])
def test_authlib_verifies_signatures_by_the_published_keys(
    vestibule: str, ada: Person, algorithm: SigningAlgorithm
) -> None:
    own = app()
    with site_context("a test chooses an algorithm"):
        Client.objects.filter(pk=own.client.pk).update(signing_algorithm=algorithm)

    tokens = sign_in(client(own, vestibule), own, ada, {})

    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == algorithm
    assert tokens["userinfo"]["sub"] == str(User.objects.get().pk)


def test_authlib_refuses_an_answer_that_another_browser_asked_for(vestibule: str, ada: Person) -> None:
    own = app()
    peer = client(own, vestibule)
    started = peer.authorize_redirect(request(own.callback, {}), own.callback)
    answer = ada.is_sent_to(own.callback, started.headers["Location"])

    with pytest.raises(MismatchingStateError):
        peer.authorize_access_token(request(answer, {}))


def test_authlib_refuses_the_id_token_of_another_request(vestibule: str, ada: Person) -> None:
    own = app()
    peer = client(own, vestibule)
    session: dict[str, Any] = {}
    started = peer.authorize_redirect(request(own.callback, session), own.callback)
    url = re.sub(r"nonce=[^&]+", "nonce=another", started.headers["Location"])
    answer = ada.is_sent_to(own.callback, url)

    with pytest.raises(InvalidClaimError, match="nonce"):
        peer.authorize_access_token(request(answer, session))


def test_authlib_is_told_that_the_person_does_not_agree(vestibule: str, ada: Person) -> None:
    own = app(is_first_party=False)
    ada.answer = "refuse"

    with pytest.raises(OAuthError, match="access_denied"):
        sign_in(client(own, vestibule), own, ada, {})


def test_authlib_is_refused_with_the_tokens_of_another_app(vestibule: str, ada: Person) -> None:
    own, other = app(), app()
    tokens = sign_in(client(own, vestibule), own, ada, {})

    with session_of(other, vestibule) as peer, pytest.raises(OAuthError, match="invalid_grant"):
        peer.refresh_token(f"{vestibule}/oauth/token", tokens["refresh_token"])


def test_authlib_reads_userinfo(vestibule: str, ada: Person) -> None:
    own = app()
    peer = client(own, vestibule)
    tokens = sign_in(peer, own, ada, {})

    about = peer.userinfo(token=tokens)

    assert about["sub"] == tokens["userinfo"]["sub"]
    assert about["email"] == User.objects.get().email


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_authlib_learns_what_a_token_is_worth_and_revokes_it(vestibule: str, ada: Person, kind: str) -> None:
    own = app()
    tokens = sign_in(client(own, vestibule), own, ada, {})

    with session_of(own, vestibule) as peer:
        before = peer.introspect_token(f"{vestibule}/oauth/introspect", tokens[kind], kind).json()
        revoked = peer.revoke_token(f"{vestibule}/oauth/revoke", tokens[kind], kind)
        after = peer.introspect_token(f"{vestibule}/oauth/introspect", tokens[kind], kind).json()

    assert before["active"]
    assert before["sub"] == tokens["userinfo"]["sub"]
    assert revoked.status_code == 200
    assert after == {"active": False}


def test_authlib_signs_a_person_out_here_too(vestibule: str, ada: Person) -> None:
    own = app(post_logout_redirect_uris=["https://app.example/bye"])
    peer = client(own, vestibule)
    session: dict[str, Any] = {}
    tokens = sign_in(peer, own, ada, session)

    started = peer.logout_redirect(request(own.callback, session), "https://app.example/bye", tokens["id_token"])
    back = ada.is_sent_to("https://app.example/bye", started.headers["Location"])

    assert peer.validate_logout_response(request(back, session))
    with pytest.raises(OAuthError, match="login_required"):
        sign_in(peer, own, ada, session, prompt="none")
