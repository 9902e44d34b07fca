"""Revoking tokens by their client (RFC 7009)."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from audit.models import Entry
from authserver import events
from authserver.models import AccessToken, RevokedToken, TokenFamily, TokenFormat
from tenancy import site_context
from tests.support.authorized import App
from tests.support.oauth import basic, registered, token_request

pytestmark = pytest.mark.django_db
REVOKE = "/oauth/revoke"
FORMATS = pytest.mark.parametrize("form", [TokenFormat.JWT, TokenFormat.OPAQUE])
HINTS = pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


def revoke(app: App, token: str, **fields: str) -> Any:
    if app.client.is_public:
        fields |= {"client_id": app.client.client_id}
    auth = basic(app.client.client_id, app.secret) if app.secret else None
    return token_request(Browser(), {"token": token, **fields}, auth, path=REVOKE)


def counts(tokens: Any) -> bool:
    answer: Any = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    return bool(answer.status_code == 200)


def recorded() -> list[Entry]:
    with site_context("a test reads the trail"):
        return list(Entry.objects.filter(action=events.TOKENS_REVOKED.value))


@FORMATS
@HINTS
@pytest.mark.promise(64)
def test_a_client_revokes_its_access_token_whatever_the_hint_says(ada: User, form: TokenFormat, hint: str) -> None:
    app = App.registered(token_format=form)
    tokens = app.tokens(ada)
    assert counts(tokens)

    answer = revoke(app, tokens["access_token"], token_type_hint=hint)

    assert (answer.status_code, answer.json()) == (200, {})
    assert not counts(tokens)
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    (entry,) = recorded()
    assert entry.person == str(ada.pk)


@HINTS
@pytest.mark.promise(64)
def test_revoking_a_refresh_token_revokes_the_family_with_its_access_tokens(ada: User, hint: str) -> None:
    app = App.registered()
    tokens = app.tokens(ada)

    assert revoke(app, tokens["refresh_token"], token_type_hint=hint).status_code == 200

    assert not counts(tokens)
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert TokenFamily.objects.get().revoked_reason == "by_client"
    assert len(recorded()) == 1


def test_a_refresh_token_that_was_replaced_revokes_its_family_too(ada: User) -> None:
    app = App.registered()
    first = app.tokens(ada)
    second = app.refresh(first["refresh_token"]).json()

    revoke(app, first["refresh_token"])

    assert app.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not counts(second)


def test_a_public_client_revokes_by_its_id_alone(ada: User) -> None:
    app = App.registered(is_public=True)
    tokens = app.tokens(ada)
    assert revoke(app, tokens["refresh_token"]).status_code == 200
    assert not counts(tokens)


@FORMATS
@HINTS
@pytest.mark.promise(64)
def test_another_client_revokes_nothing_and_learns_nothing(ada: User, form: TokenFormat, hint: str) -> None:
    app, other = App.registered(token_format=form), App.registered(name="Other")
    tokens = app.tokens(ada)

    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"]):
        answer = revoke(other, token, token_type_hint=hint)
        assert (answer.status_code, answer.json()) == (200, {})

    assert counts(tokens)
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert recorded() == []
    assert not RevokedToken.objects.exists()
    assert AccessToken.objects.count() == (2 if form is TokenFormat.OPAQUE else 0)


def test_unknown_tokens_are_answered_as_revoked_ones(ada: User) -> None:
    app = App.registered()
    tokens = app.tokens(ada)
    for token in ("x", "vat_x", "vrt_x", "a.b.c", tokens["id_token"], "é" * 400, "x" * 60_000):
        answer = revoke(app, token)
        assert (answer.status_code, answer.json()) == (200, {})
    assert recorded() == []


def test_revoking_twice_is_recorded_once(ada: User) -> None:
    app = App.registered()
    tokens = app.tokens(ada)
    for _ in range(2):
        assert revoke(app, tokens["access_token"]).status_code == 200
        assert revoke(app, tokens["refresh_token"]).status_code == 200
    assert len(recorded()) == 2


def test_a_token_of_a_client_in_its_own_name_is_revoked() -> None:
    client, secret = registered(token_format=TokenFormat.OPAQUE)
    app = App(client, secret)
    token = app.post(grant_type="client_credentials").json()["access_token"]
    assert revoke(app, token).status_code == 200
    assert not AccessToken.objects.exists()
    (entry,) = recorded()
    assert not entry.person


def test_the_client_has_to_prove_who_it_is(ada: User) -> None:
    app = App.registered()
    tokens = app.tokens(ada)
    for secret in ("", "wrong"):
        answer = revoke(App(app.client, secret), tokens["access_token"], client_id=app.client.client_id)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert counts(tokens)


@pytest.mark.promise(67)
def test_bad_requests_are_refused_in_json(ada: User) -> None:
    app = App.registered()
    auth = basic(app.client.client_id, app.secret)
    token = app.tokens(ada)["access_token"]
    for fields in ({}, {"token": ""}, {"token": ["a", "b"]}, {"token": "a\0"}):
        answer: Any = token_request(Browser(), fields, auth, path=REVOKE)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    in_url: Any = token_request(Browser(), {"token": token}, auth, path=f"{REVOKE}?token={token}")
    assert in_url.status_code == 400
    for method in ("get", "head", "put", "options"):
        answer = getattr(Browser(), method)(REVOKE, headers={"Authorization": auth})
        assert answer.status_code == 405
    assert counts({"access_token": token})
