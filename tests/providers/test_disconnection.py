"""Disconnecting an identity, by the act itself."""

import pytest

from accounts.models import Identity, Session, User
from accounts.models.session import row_key
from audit.models import Entry
from providers.disconnection import disconnect
from providers.models import UpstreamTokens
from providers.refusal import RefusalReason, SignInRefused
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(providers: Sandbox) -> Browser:
    """Somebody with two identities, in the first of two browsers."""
    browser = Browser(providers)
    browser.sign_in("keycloak", "ada")
    browser.connect("google", "ada")
    Browser(providers).sign_in("keycloak", "ada")
    return browser


def identity_of(provider: str) -> Identity:
    return Identity.objects.get(provider=provider)


def test_all_that_came_by_it_goes_with_it(browser: Browser, post: Post) -> None:
    disconnect(identity_of("keycloak"), keep=browser.key)

    assert [identity.provider for identity in Identity.objects.all()] == ["google"]
    assert [session.session_key for session in Session.objects.live()] == [row_key(browser.key)]
    assert not UpstreamTokens.objects.filter(identity__provider="keycloak").exists()
    assert Entry.objects.filter(action="identity.unlinked", person=str(User.objects.get().pk)).count() == 1
    assert "sign-in method was removed" in post.to("ada@example.com").subject


def test_without_a_session_to_keep_all_of_them_end(browser: Browser) -> None:
    disconnect(identity_of("google"), keep=None)

    assert not Session.objects.live().exists()


def test_the_last_one_is_refused_and_nothing_is_changed(browser: Browser) -> None:
    disconnect(identity_of("google"), keep=browser.key)
    with pytest.raises(SignInRefused) as refused:
        disconnect(identity_of("keycloak"), keep=None)

    assert refused.value.reason is RefusalReason.LAST_SIGN_IN_METHOD
    assert [identity.provider for identity in Identity.objects.all()] == ["keycloak"]
    assert Session.objects.live().exists()


def test_one_that_is_gone_already_stays_gone(browser: Browser) -> None:
    gone = identity_of("google")
    disconnect(identity_of("google"), keep=browser.key)
    disconnect(gone, keep=browser.key)

    assert Entry.objects.filter(action="identity.unlinked").count() == 1
