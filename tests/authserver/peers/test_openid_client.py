"""openid-client, a Node library that is certified by the OpenID Foundation, as an app of Vestibule."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from authserver.models import Client, GrantType, SigningAlgorithm
from tenancy import site_context
from tests.authserver.peers import node
from tests.authserver.peers.node import Peer, PeerRefused
from tests.authserver.peers.person import SIGN_IN, Person, forms
from tests.support.apps import CALLBACK, App, app
from tests.support.oauth import registered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

SCOPE = "openid profile email offline_access"
LOGOUT = "/oauth/logout"
NewPeer = Callable[..., Peer]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node.installed(tmp_path_factory.mktemp("openid-client"))


@pytest.fixture
def new_peer(vestibule: str, packages: Path) -> Iterator[NewPeer]:
    with ExitStack() as at_the_end:

        def start(own: App, authentication: str = "ClientSecretBasic") -> Peer:
            running = node.running(packages, own, issuer=vestibule, authentication=authentication)
            return at_the_end.enter_context(running)

        yield start


def sign_in(peer: Peer, own: App, person: Person, scope: str = SCOPE, **parameters: str) -> dict[str, Any]:
    """Sign a person in at the app, and return the tokens with the verified claims of the ID token."""
    begun = peer.does("begin", parameters={"scope": scope, **parameters})
    return peer.does("finish", answer=person.is_sent_to(own.callback, begun["url"]), **begun)


def test_a_person_signs_in(new_peer: NewPeer, ada: Person) -> None:
    own = app(is_first_party=False)

    tokens = sign_in(new_peer(own), own, ada)

    user = User.objects.get()
    assert ada.pages == [SIGN_IN, "/oauth/authorize"]
    assert tokens["claims"]["sub"] == str(user.pk)
    assert tokens["claims"]["email"] == user.email
    assert tokens["scope"] == SCOPE


@pytest.mark.parametrize("authentication", ["ClientSecretBasic", "ClientSecretPost", "None"])
def test_tokens_are_refreshed_however_the_app_authenticates(
    new_peer: NewPeer, ada: Person, authentication: str
) -> None:
    own = app(is_public=authentication == "None")
    peer = new_peer(own, authentication)
    first = sign_in(peer, own, ada)

    second = peer.does("refresh", token=first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert second["claims"]["sub"] == first["claims"]["sub"]


@pytest.mark.parametrize("algorithm", list(SigningAlgorithm))
def test_signatures_of_every_algorithm_are_verified_by_the_published_keys(
    new_peer: NewPeer, ada: Person, algorithm: SigningAlgorithm
) -> None:
    own = app()
    with site_context("a test chooses an algorithm"):
        Client.objects.filter(pk=own.client.pk).update(signing_algorithm=algorithm)

    assert sign_in(new_peer(own), own, ada)["claims"]["sub"] == str(User.objects.get().pk)


def test_an_answer_by_form_post_is_accepted(new_peer: NewPeer, ada: Person) -> None:
    own = app()
    peer = new_peer(own)
    begun = peer.does("begin", parameters={"scope": "openid", "response_mode": "form_post"})

    page = ada.goes_to(begun["url"])
    (form,) = [form for form in forms(page) if form.action == own.callback]
    tokens = peer.does("finish", form=form.fields, **begun)

    assert tokens["claims"]["sub"] == str(User.objects.get().pk)


def test_max_age_is_answered_with_the_time_of_the_sign_in(new_peer: NewPeer, ada: Person) -> None:
    own = app()
    peer = new_peer(own)
    begun = peer.does("begin", parameters={"scope": "openid", "max_age": "600"})

    answer = ada.is_sent_to(own.callback, begun["url"])
    tokens = peer.does("finish", answer=answer, max_age=600, **begun)

    assert tokens["claims"]["auth_time"]


def test_a_program_gets_a_token_in_its_own_name(new_peer: NewPeer) -> None:
    machine, secret = registered(scopes=["harbour:read"])
    peer = new_peer(App(client=machine, secret=secret))

    token = peer.does("credentials", parameters={"scope": "harbour:read"})

    assert token["scope"] == "harbour:read"
    assert token["expires_in"] == 600


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"state": "another"}, "state"),
        ({"nonce": "another"}, "nonce"),
        ({"verifier": "another" * 10}, "invalid_grant"),
    ],
)
def test_the_answer_to_another_request_is_refused(
    new_peer: NewPeer, ada: Person, changed: dict[str, str], why: str
) -> None:
    own = app()
    peer = new_peer(own)
    begun = peer.does("begin", parameters={"scope": "openid"})
    answer = ada.is_sent_to(own.callback, begun["url"])

    with pytest.raises(PeerRefused, match=why):
        peer.does("finish", answer=answer, **{**begun, **changed})


def test_an_answer_of_another_issuer_is_refused(new_peer: NewPeer, ada: Person) -> None:
    own = app()
    peer = new_peer(own)
    begun = peer.does("begin", parameters={"scope": "openid"})
    answer = ada.is_sent_to(own.callback, begun["url"])

    with pytest.raises(PeerRefused, match="iss"):
        peer.does("finish", answer=answer.replace("iss=http", "iss=https"), **begun)
    with pytest.raises(PeerRefused, match="iss"):
        peer.does("finish", answer=answer.partition("&iss=")[0] + f"&state={begun['state']}", **begun)


def test_the_app_is_told_that_the_person_does_not_agree(new_peer: NewPeer, ada: Person) -> None:
    own = app(is_first_party=False)
    ada.answer = "refuse"

    with pytest.raises(PeerRefused, match="access_denied"):
        sign_in(new_peer(own), own, ada)


def test_the_tokens_of_another_app_are_refused(new_peer: NewPeer, ada: Person) -> None:
    own, other = app(), app()
    tokens = sign_in(new_peer(own), own, ada)

    with pytest.raises(PeerRefused, match="invalid_grant"):
        new_peer(other).does("refresh", token=tokens["refresh_token"])


def test_userinfo_is_of_the_person_of_the_id_token(new_peer: NewPeer, ada: Person) -> None:
    own = app()
    peer = new_peer(own)
    tokens = sign_in(peer, own, ada)

    about = peer.does("userinfo", token=tokens["access_token"], sub=tokens["claims"]["sub"])

    assert about["email"] == User.objects.get().email
    with pytest.raises(PeerRefused, match="sub"):
        peer.does("userinfo", token=tokens["access_token"], sub="another")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_is_worth_something_until_it_is_revoked(new_peer: NewPeer, ada: Person, kind: str) -> None:
    own = app()
    peer = new_peer(own)
    tokens = sign_in(peer, own, ada)

    before = peer.does("introspect", token=tokens[kind])
    peer.does("revoke", token=tokens[kind])

    assert before["active"]
    assert before["sub"] == tokens["claims"]["sub"]
    assert peer.does("introspect", token=tokens[kind]) == {"active": False}
    with pytest.raises(PeerRefused):
        peer.does("userinfo", token=tokens["access_token"], sub=tokens["claims"]["sub"])


def test_a_person_signs_out_at_the_app_and_here(new_peer: NewPeer, ada: Person) -> None:
    own = app(post_logout_redirect_uris=["https://app.example/bye"])
    peer = new_peer(own)
    tokens = sign_in(peer, own, ada)
    bye = {"post_logout_redirect_uri": "https://app.example/bye", "state": "bye"}

    url = peer.does("sign_out", parameters={"id_token_hint": tokens["id_token"], **bye})["url"]
    back = ada.is_sent_to("https://app.example/bye", url)

    assert back == "https://app.example/bye?state=bye"
    assert LOGOUT in ada.pages
    with pytest.raises(PeerRefused, match="login_required"):
        sign_in(peer, own, ada, prompt="none")


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["allow", "refuse"])
def test_a_person_answers_a_device(new_peer: NewPeer, ada: Person, answer: str) -> None:
    own = app(grants=[GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN], redirect_uris=[CALLBACK], is_public=True)
    peer = new_peer(own, "None")
    device = peer.does("device", parameters={"scope": SCOPE})
    ada.answer = answer

    ada.goes_to(device["verification_uri_complete"])

    if answer == "allow":
        assert peer.does("poll", device=device)["claims"]["sub"] == str(User.objects.get().pk)
    else:
        with pytest.raises(PeerRefused, match="access_denied"):
            peer.does("poll", device=device)
