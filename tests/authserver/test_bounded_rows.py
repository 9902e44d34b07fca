"""What a signed-in person can make us store is bounded: codes, consents and keys, also by many requests at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.rate_limits import Limit
from audit.models import Entry
from authserver.authorization import consents, views
from authserver.endpoints import device
from authserver.models import ApiKey, AuthorizationCode, Consent, DeviceCode, TokenFamily
from authserver.services import issuing, pages
from authserver.services.issuing import MOST_KEYS
from jobs.purging.run import purge
from tenancy import person_context, site_context
from tests.authserver.test_device import Television
from tests.support.apps import answer_in, app
from tests.support.oauth import token_request
from tests.support.proven import proven
from tests.support.services import key_of_person
from tests.support.together import together

pytestmark = pytest.mark.django_db
STRANGER = "203.0.113.7"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def browser(ada: User, time_machine: Any) -> Browser:
    """A browser from an address that no limit exempts, in a window that does not end during the test."""
    cache.clear()
    time_machine.move_to(timezone.now().replace(second=5), tick=False)
    found = proven(ada)
    found.defaults["REMOTE_ADDR"] = STRANGER
    return found


def exceeded() -> list[Any]:
    return [(entry.details or {})["kind"] for entry in Entry.objects.filter(action="rate_limit.exceeded")]


def test_a_head_request_has_no_effect(browser: Browser) -> None:
    own = app()
    before = Entry.objects.count()
    for url in (own.url(), own.url(redirect_uri="https://evil.example/"), own.url(scope="billing")):
        answer = browser.head(url)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert not AuthorizationCode.objects.exists()
    assert not Consent.objects.exists()
    assert Entry.objects.count() == before


def test_a_script_in_the_name_of_a_person_gets_a_limited_number_of_codes(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ISSUED", Limit(kind="authorizations", most=3, seconds=60))
    own = app()
    found = [answer_in(own.authorize(browser)) for _ in range(6)]
    assert ["code" in one for one in found] == [True] * 3 + [False] * 3
    assert {one.get("error") for one in found[3:]} == {"temporarily_unavailable"}
    assert found[5]["state"] == "a state"
    assert AuthorizationCode.objects.count() == 3
    assert exceeded() == ["authorizations"]
    assert not Entry.objects.filter(action="authorization.refused").exists()


def test_the_limit_of_codes_holds_without_redis(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, cache_away: Any
) -> None:
    monkeypatch.setattr(views, "ISSUED", Limit(kind="authorizations", most=3, seconds=60))
    own = app()
    cache_away()
    found = [answer_in(own.authorize(browser)) for _ in range(5)]
    assert ["code" in one for one in found] == [True] * 3 + [False] * 2


def test_a_consent_cannot_be_withdrawn_and_renewed_without_end(
    browser: Browser, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consents, "GIVEN", Limit(kind="consents.given", most=2, seconds=3600))
    own = app()
    for _ in range(4):
        own.authorize(browser)
        own.authorize(browser)  # the consent is there, and is not counted
        consents.withdraw(Consent.objects.filter(user=ada), reason="owner")
    assert Consent.objects.count() == 2
    assert answer_in(own.authorize(browser))["error"] == "temporarily_unavailable"
    assert exceeded() == ["consents.given"]


def test_a_consent_to_a_device_counts_too(browser: Browser, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consents, "GIVEN", Limit(kind="consents.given", most=0, seconds=3600))
    begun = Television().begin()
    page: Any = browser.post("/oauth/device/check", {"user_code": begun["user_code"]})
    assert browser.post(page.context["action"]).status_code == 429
    assert not Consent.objects.exists()
    assert DeviceCode.objects.get().approved_at is None


def test_withdrawn_consents_are_purged_with_what_came_of_them(browser: Browser, ada: User) -> None:
    own, other = app(), app(name="Other")
    for one in (own, other):
        one.tokens(browser)
    consents.withdraw(Consent.objects.filter(client=own.client), reason="owner")
    Consent.objects.filter(client=own.client).update(withdrawn_at=timezone.now() - timedelta(days=91))
    purge()
    assert Consent.objects.get().client_id == other.client.pk
    assert TokenFamily.objects.get().client_id == other.client.pk
    assert Entry.objects.get(action="consents.purged").details == {"count": 1, "finished": True}


def test_a_client_with_a_secret_gets_a_limited_number_of_device_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(device, "ISSUED_TO_CLIENT", Limit(kind="device_codes.issued_to_client", most=2, seconds=3600))
    television, other = Television(), Television(name="Other")

    def status(of: Television) -> int:
        return token_request(
            Browser(REMOTE_ADDR=STRANGER), {"scope": "openid"}, of.auth, path="/oauth/device"
        ).status_code

    assert [status(television) for _ in range(4)] == [200, 200, 429, 429]
    assert status(other) == 200
    assert DeviceCode.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_no_race_gives_a_person_more_keys_than_there_can_be(ada: User) -> None:
    for _ in range(MOST_KEYS - 3):
        key_of_person(ada)

    def create() -> bool:
        try:
            with person_context(ada.pk):
                issuing.create_for_person(ada, name="laptop", scopes=[], tenant_id=None)
        except ValidationError:
            return False
        return True

    assert sorted(together(*[create] * 8)) == [False] * 5 + [True] * 3
    with site_context("a test looks"):
        assert ApiKey.objects.count() == MOST_KEYS


def test_keys_cannot_be_created_and_revoked_without_end(
    browser: Browser, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CREATED", Limit(kind="api_keys.created", most=2, seconds=3600))
    form = {"name": "laptop", "days": "7"}
    found = [browser.post("/accounts/keys/create/", form).status_code for _ in range(4)]
    assert found == [200, 200, 429, 429]
    with person_context(ada.pk):
        assert ApiKey.objects.count() == 2
