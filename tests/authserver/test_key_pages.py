"""The pages where people create and revoke their own API keys."""

import re

import pytest
from django.test import Client

from accounts.models import User
from authserver.models import ApiKey
from authserver.services import keys
from tenancy import site_context
from tests.support import leaks
from tests.support.proven import proven, sign_in
from tests.support.servers import Servers
from tests.support.services import READ, WRITE, clerk, key_of_person, refusal_of
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)
LIST, CREATE = "/accounts/keys/", "/accounts/keys/create/"
FILLED_IN = {"name": "Laptop", "scopes": [READ], "days": "30"}


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, WRITE, name="Ada")


def key_on(page: str) -> str:
    (found,) = re.findall(r">(vak_[^<]+)</textarea>", page)
    return str(found)


@pytest.mark.promise(70)
def test_a_key_is_created_shown_once_and_revoked(town: Town, ada: User, servers: Servers) -> None:
    browser = proven(ada)
    assert "You have no keys" in browser.get(LIST).content.decode()
    form = browser.get(CREATE).content.decode()
    assert READ in form
    assert "Abbey" in form

    answer = browser.post(CREATE, FILLED_IN)
    text = key_on(answer.content.decode())
    assert answer.headers["Cache-Control"] == "no-store"
    holder = keys.check(text)
    assert (holder.person, holder.tenant_id, holder.scopes) == (ada, town.a.tenant.pk, frozenset({READ}))
    listed = browser.get(LIST).content.decode()
    assert text[:20] in listed
    assert text not in listed
    assert not leaks.in_tables(servers, {"key": text})

    browser.post(f"{LIST}{holder.key_id}/revoke/")
    assert refusal_of(text) == "key_revoked"
    assert "You have no keys" in browser.get(LIST).content.decode()


def test_creating_needs_a_reauthentication(ada: User) -> None:
    browser = Client()
    sign_in(browser, ada)
    for answer in (browser.get(CREATE), browser.post(CREATE, FILLED_IN)):
        assert "/reauthenticate/" in answer.headers["Location"]
    with site_context("a test looks"):
        assert not ApiKey.objects.exists()


def test_a_visitor_is_sent_to_sign_in() -> None:
    for url in (LIST, CREATE):
        assert "/accounts/login/" in Client().get(url).headers["Location"]


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 101}, {"scopes": ["books:burn"]}, {"scopes": ["openid"]}, {"days": "9999"}]
)
def test_what_was_filled_in_wrongly_creates_nothing(ada: User, wrong: dict[str, object]) -> None:
    answer = proven(ada).post(CREATE, {**FILLED_IN, **wrong})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    with site_context("a test looks"):
        assert not ApiKey.objects.exists()


def test_nobody_revokes_anothers_key(town: Town, ada: User) -> None:
    new = key_of_person(ada, READ, tenant_id=town.a.tenant.pk)
    browser = proven(town.a.owner)
    assert browser.get(f"{LIST}{new.key.pk}/revoke/").status_code == 302
    assert browser.post(f"{LIST}{new.key.pk}/revoke/").status_code == 302
    assert refusal_of(new.text) is None
    assert new.key.public_id not in browser.get(LIST).content.decode()


def test_somebody_without_an_organization_gives_what_is_about_them_alone() -> None:
    browser = proven(User.objects.create_user(name="Nemo"))
    assert "profile" in browser.get(CREATE).content.decode()
    text = key_on(browser.post(CREATE, {"name": "x", "scopes": ["profile"], "days": "7"}).content.decode())
    assert keys.check(text).scopes == {"profile"}
