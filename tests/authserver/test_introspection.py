"""What resource servers learn about tokens (RFC 7662)."""

import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Tenant, User
from authserver.models import Client, Consent, TokenFormat
from tenancy import site_context
from tests.support.authorized import App, later
from tests.support.oauth import basic, registered, token_request

pytestmark = pytest.mark.django_db
INTROSPECT = "/oauth/introspect"
API = "https://api.example"
FORMATS = pytest.mark.parametrize("form", [TokenFormat.JWT, TokenFormat.OPAQUE])


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


def ask(app: App, token: str, **fields: str) -> Any:
    auth = basic(app.client.client_id, app.secret) if app.secret else None
    return token_request(Browser(), {"token": token, **fields}, auth, path=INTROSPECT)


def learned(app: App, token: str, **fields: str) -> Any:
    answer = ask(app, token, **fields)
    assert answer.status_code == 200, answer.content
    return answer.json()


@FORMATS
def test_a_client_learns_what_its_own_token_is_worth(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    tokens = app.tokens(ada, auth_time=timezone.now(), amr=["pwd"], acr="urn:one")

    found = learned(app, tokens["access_token"])

    assert found.pop("exp") - found.pop("iat") in {599, 600}
    assert abs(found.pop("auth_time") - time.time()) < 60
    assert bool(found.pop("jti", "")) == (form is TokenFormat.JWT)
    assert set(found.pop("scope").split()) == {"openid", "email", "profile", "offline_access"}
    assert found == {
        "active": True, "iss": settings.PUBLIC_URL, "sub": str(ada.pk), "aud": settings.PUBLIC_URL,
        "client_id": app.client.client_id, "token_type": "Bearer", "acr": "urn:one", "amr": ["pwd"],
        "role": "user", "tenant_id": None, "organization_ids": [], "org_role": None,
    }  # fmt: skip


def test_what_it_says_of_a_person_is_true_now(ada: User) -> None:
    app = App.registered()
    token = app.tokens(ada)["access_token"]
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    assert learned(app, token)["role"] == "admin"


@FORMATS
def test_a_resource_server_learns_about_tokens_for_it_and_no_others(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form, resources=[API, "https://other.example"])
    server = App(*registered(name="Server", resources=[API]))
    for_it = app.redeem(app.authorized(ada, resources=[API])).json()["access_token"]
    for_another = app.redeem(app.authorized(ada, resources=["https://other.example"])).json()["access_token"]
    for_us = app.tokens(ada)["access_token"]

    assert learned(server, for_it)["aud"] == API
    assert learned(server, for_another) == {"active": False}
    assert learned(server, for_us) == {"active": False}


def test_no_app_of_a_tenant_is_the_resource_server_that_we_are_ourselves(ada: User) -> None:
    token = App.registered().tokens(ada)["access_token"]
    with site_context("a test makes a tenant"):
        tenant = Tenant.objects.create(name="Engines")
    of_site = App(*registered(name="Site", resources=[settings.PUBLIC_URL]))
    of_tenant = App(*registered(name="Engines", resources=[settings.PUBLIC_URL], tenant=tenant))

    assert learned(of_site, token)["active"]
    assert learned(of_tenant, token) == {"active": False}


@FORMATS
@pytest.mark.promise(64)
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_another_client_learns_nothing_whatever_the_hint_says(ada: User, form: TokenFormat, hint: str) -> None:
    app, other = App.registered(token_format=form), App.registered(name="Other")
    tokens = app.tokens(ada)
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], "x", "vat_x", "vrt_x"):
        assert learned(other, token, token_type_hint=hint) == {"active": False}
    assert learned(app, tokens["access_token"], token_type_hint=hint)["active"]
    assert learned(app, tokens["refresh_token"], token_type_hint=hint)["active"]


def test_a_refresh_token_counts_until_it_is_used(ada: User) -> None:
    app = App.registered()
    first = app.tokens(ada)["refresh_token"]
    found = learned(app, first)
    assert found["active"]
    assert found["sub"] == str(ada.pk)
    assert 13 * 86_400 < found["exp"] - found["iat"] <= 14 * 86_400

    second = app.refresh(first).json()["refresh_token"]
    assert learned(app, first) == {"active": False}
    assert learned(app, second)["active"]
    later(days=15)
    assert learned(app, second) == {"active": False}


def test_no_question_uses_a_refresh_token_up(ada: User) -> None:
    app = App.registered()
    token = app.tokens(ada)["refresh_token"]
    for _ in range(3):
        assert learned(app, token)["active"]
    assert app.refresh(token).status_code == 200


@FORMATS
@pytest.mark.promise(86)
def test_a_withdrawn_consent_reads_as_nothing(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    tokens = app.tokens(ada)
    Consent.objects.update(withdrawn_at=timezone.now())
    assert learned(app, tokens["access_token"]) == learned(app, tokens["refresh_token"]) == {"active": False}


@FORMATS
@pytest.mark.promise(86)
def test_the_tokens_of_a_stopped_client_read_as_nothing_to_its_resource_server(ada: User, form: TokenFormat) -> None:
    app = App.registered(token_format=form, resources=[API])
    server = App(*registered(name="Server", resources=[API]))
    token = app.redeem(app.authorized(ada, resources=[API])).json()["access_token"]
    assert learned(server, token)["active"]
    with site_context("a test stops an app"):
        Client.objects.filter(pk=app.client.pk).update(is_active=False)
    assert learned(server, token) == {"active": False}


@pytest.mark.promise(31)
def test_the_tokens_of_a_deactivated_person_read_as_nothing(ada: User) -> None:
    app = App.registered()
    tokens = app.tokens(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert learned(app, tokens["access_token"]) == learned(app, tokens["refresh_token"]) == {"active": False}


@pytest.mark.promise(64)
def test_only_a_client_with_a_secret_may_ask(ada: User) -> None:
    app = App.registered()
    token = app.tokens(ada)["access_token"]
    public = App.registered(is_public=True, name="Public")
    mine = public.tokens(ada)["access_token"]
    for asker, about in ((App(app.client, "wrong"), token), (App(app.client, ""), token), (public, mine)):
        answer = ask(asker, about, client_id=asker.client.client_id)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    anonymous: Any = token_request(Browser(), {"token": token}, path=INTROSPECT)
    assert anonymous.status_code == 401
    by_token: Any = token_request(Browser(), {"token": token}, f"Bearer {token}", path=INTROSPECT)
    assert by_token.status_code == 401


def test_a_token_of_an_app_in_its_own_name(ada: User) -> None:
    client, secret = registered(scopes=["reports:read"], resources=[API])
    app = App(client, secret)
    token = app.post(grant_type="client_credentials", scope="reports:read", resource=API).json()["access_token"]
    found = learned(app, token)
    assert (found["sub"], found["scope"], found["aud"]) == (str(client.pk), "reports:read", API)
    assert "role" not in found


@pytest.mark.promise(67)
def test_bad_requests_are_refused_in_json(ada: User) -> None:
    app = App.registered()
    auth = basic(app.client.client_id, app.secret)
    for fields in ({}, {"token": ""}, {"token": ["a", "b"]}, {"token": "a\0"}):
        answer: Any = token_request(Browser(), fields, auth, path=INTROSPECT)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = token_request(Browser(), {"token": "x" * 70_000}, auth, path=INTROSPECT)
    assert answer.status_code == 413
    in_url: Any = token_request(Browser(), {"token": "x"}, auth, path=f"{INTROSPECT}?token=x")
    assert in_url.status_code == 400
    for method in ("get", "head", "put", "options"):
        answer = getattr(Browser(), method)(INTROSPECT, headers={"Authorization": auth})
        assert answer.status_code == 405
