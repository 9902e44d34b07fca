"""Who sends a request: each kind of credential answers `GET /api/v1/me`, and one that does not count refuses it."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from audit.models import Entry
from authserver.models import Client, Resource, TokenFormat
from tenancy import site_context
from tests.support.api import ask, bearer, key, session_of
from tests.support.authorized import App, later
from tests.support.oauth import basic, document, registered, token_request
from tests.support.services import READ, WRITE, clerk, key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"
FORMATS = pytest.mark.parametrize("form", [TokenFormat.JWT, TokenFormat.OPAQUE])


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


def own_token(**chosen: Any) -> tuple[Client, str]:
    """Return a client in its own name, and its access token."""
    client, secret = registered(scopes=[READ], **chosen)
    fields = {"grant_type": "client_credentials", "scope": READ}
    answer = token_request(Browser(), fields, basic(client.client_id, secret))
    return client, document(answer)["access_token"]


def why_refused(answer: Any) -> str:
    """Return the recorded reason of a 401, whose response does not tell it."""
    assert answer.status_code == 401, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="vestibule"')
    entry = Entry.objects.filter(action="credential.refused").latest("id")
    reason = str((entry.details or {})["reason"])
    assert reason not in answer.content.decode()
    return reason


# Each kind of credential


def test_a_session_is_its_person_without_a_limit(ada: User, town: Town) -> None:
    browser = session_of(ada)
    found = ask(ME, browser=browser).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("person", str(ada.pk), [])
    assert (found["tenant_id"], found["email"], found["identities"]) == (str(town.a.tenant.pk), "ada@example.com", [])


@FORMATS
def test_a_persons_token_is_the_person_with_its_scopes_and_its_tenant(ada: User, town: Town, form: TokenFormat) -> None:
    app = App.registered(token_format=form)
    token = app.tokens(ada, tenant_id=town.a.tenant.pk)["access_token"]
    found = ask(ME, bearer(token)).json()

    assert (found["kind"], found["id"], found["tenant_id"]) == ("person", str(ada.pk), str(town.a.tenant.pk))
    assert found["scopes"] == ["email", "offline_access", "openid", "profile"]


@FORMATS
def test_a_clients_own_token_is_a_service(form: TokenFormat) -> None:
    client, token = own_token(token_format=form)
    found = ask(ME, bearer(token)).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("service", str(client.pk), [READ])
    assert (found["tenant_id"], found["email"], found["identities"]) == (None, None, None)


def test_a_personal_key_is_its_person(ada: User, town: Town) -> None:
    new = key_of_person(ada, READ, tenant_id=town.a.tenant.pk)
    found = ask(ME, key(new.text)).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("person", str(ada.pk), [READ])
    assert found["tenant_id"] == str(town.a.tenant.pk)


def test_a_services_key_is_the_service(ada: User, town: Town) -> None:
    night_job = service(town.a.tenant, ada, READ)
    found = ask(ME, key(key_of_service(night_job).text)).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("service", str(night_job.pk), [READ])
    assert (found["tenant_id"], found["email"]) == (str(town.a.tenant.pk), None)


# Credentials that do not count


def test_without_a_credential_the_answer_says_what_to_send() -> None:
    answer = ask(ME)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="vestibule"'
    assert answer.json()["code"] == "unauthenticated"
    assert not Entry.objects.filter(action="credential.refused").exists()


@pytest.mark.promise(67)
@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Digest a", "bearer", "Bearer", "Bearer ", "Bearer a b", "Bearer a,Bearer b", "Token a"]
)
def test_only_one_bearer_token_in_the_header_counts(header: str) -> None:
    answer = ask(ME, {"Authorization": header})

    assert answer.status_code in {400, 401}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.json()["code"] in {"malformed", "invalid_credential"}


@pytest.mark.promise(67)
def test_a_token_in_the_url_is_refused_even_with_a_valid_one_in_the_header(ada: User) -> None:
    token = App.registered().tokens(ada)["access_token"]

    assert ask(f"{ME}?access_token={token}").status_code == 400
    assert ask(f"{ME}?access_token={token}", bearer(token)).status_code == 400


@pytest.mark.promise(69)
@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_other_tokens_are_no_access_tokens(ada: User, kind: str) -> None:
    answer = ask(ME, bearer(App.registered().tokens(ada)[kind]))

    assert why_refused(answer)


def test_a_token_for_another_resource_server_is_refused(ada: User) -> None:
    with site_context("a test registers a resource server"):
        Resource.objects.create(identifier="https://api.example/", name="Another")
    app = App.registered(resources=["https://api.example/"])
    token = app.tokens(ada, resources=["https://api.example/"])["access_token"]

    assert why_refused(ask(ME, bearer(token))) == "for_another_audience"


@pytest.mark.promise(31)
@pytest.mark.parametrize("kind", ["session", "token", "key", "service"])
def test_whoever_was_cut_off_is_refused_at_the_next_request(ada: User, town: Town, kind: str) -> None:
    browser = Browser(raise_request_exception=False)
    headers: dict[str, str] = {}
    if kind == "session":
        browser = session_of(ada)
    elif kind == "token":
        headers = bearer(App.registered().tokens(ada)["access_token"])
    elif kind == "key":
        headers = key(key_of_person(ada, READ, tenant_id=town.a.tenant.pk).text)
    else:
        headers = key(key_of_service(service(town.a.tenant, ada, READ)).text)
    assert ask(ME, headers, browser=browser).status_code == 200

    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert why_refused(ask(ME, headers, browser=browser))


def test_a_session_that_is_over_is_no_visitor(ada: User) -> None:
    browser = Browser(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32

    assert why_refused(ask(ME, browser=browser)) == "session_over"


def test_an_expired_token_is_refused(ada: User) -> None:
    token = App.registered(token_format=TokenFormat.OPAQUE).tokens(ada)["access_token"]
    later(hours=1)

    assert why_refused(ask(ME, bearer(token))) == "expired"


# Several credentials


@pytest.mark.promise(72)
def test_credentials_of_the_same_caller_allow_what_both_allow(ada: User, town: Town) -> None:
    app = App.registered(scopes=["openid", READ, WRITE])
    token = app.tokens(ada, scopes=["openid", READ], tenant_id=town.a.tenant.pk)["access_token"]
    new = key_of_person(ada, READ, WRITE, tenant_id=town.a.tenant.pk)
    browser = session_of(ada)

    assert ask(ME, bearer(token) | key(new.text)).json()["scopes"] == [READ]
    assert ask(ME, bearer(token) | key(new.text), browser=browser).json()["scopes"] == [READ]


@pytest.mark.promise(72)
def test_credentials_of_two_callers_are_refused(ada: User, town: Town) -> None:
    bob = clerk(town.a.tenant, READ, name="Bob")
    token = App.registered().tokens(ada, tenant_id=town.a.tenant.pk)["access_token"]
    answer = ask(ME, bearer(token) | key(key_of_person(bob, READ, tenant_id=town.a.tenant.pk).text))

    assert why_refused(answer) == "another_caller"
    assert answer.json()["code"] == "credentials_disagree"


@pytest.mark.promise(72)
def test_credentials_of_the_same_person_in_two_tenants_are_refused(town: Town) -> None:
    token = App.registered().tokens(town.both, tenant_id=town.a.tenant.pk)["access_token"]
    answer = ask(ME, bearer(token) | key(key_of_person(town.both, "profile", tenant_id=town.b.tenant.pk).text))

    assert why_refused(answer) == "another_caller"


@pytest.mark.promise(72)
@pytest.mark.parametrize("bad", ["session", "token", "key"])
def test_a_bad_credential_never_falls_through_to_a_good_one(ada: User, town: Town, bad: str) -> None:
    browser = Browser(raise_request_exception=False)
    headers = bearer(App.registered().tokens(ada, tenant_id=town.a.tenant.pk)["access_token"])
    headers |= key(key_of_person(ada, READ, tenant_id=town.a.tenant.pk).text)
    assert ask(ME, headers).status_code == 200

    if bad == "session":
        browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    elif bad == "token":
        headers |= bearer("vat_" + "a" * 43)
    else:
        headers |= key("vk_nothing")

    assert why_refused(ask(ME, headers, browser=browser))


def test_an_empty_key_is_a_bad_credential(ada: User) -> None:
    token = App.registered().tokens(ada)["access_token"]

    assert why_refused(ask(ME, bearer(token) | key(""))) == "key_malformed"
